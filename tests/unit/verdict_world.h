/* verdict_world: a made-up world, policy and request for the tests of the verdict.
 *
 * A request is written as words: "host=db env:sslmode=disable service:sslcert=/c". Before a colon
 * stands the source (conninfo where there is none); "=" with nothing behind it is an empty value,
 * which counts as set. */
#ifndef PGSEAL_SEAL_WORLD_H
#define PGSEAL_SEAL_WORLD_H

#include "lib/core/text/strbuf.h"
#include "lib/core/verdict/verdict.h"
#include "policy_parse.h"

#include <stdio.h>

enum { TODAY = 20781 }; /* 2026-11-24 */

/* What the made-up world holds. Files: words "/path=state"; a state is an enum crl_state, or 1. */
struct facts {
    const char *bundle;   /* NULL: none */
    const char *home;     /* NULL: none */
    const char *bad_root; /* this root file is "empty", any other fine */
    const char *crls;     /* "/path=1 …": crl_state's answers, absent for others */
    const char *oauth;    /* PGOAUTHDEBUG */
    bool crl_judged;      /* the CRL is judged where libpq opens it */
    bool root_judged;     /* likewise the root */
};

static const struct facts plain = {.bundle = "/bundle.pem", .home = "/home/app"};

struct made {
    struct parsed d;
    struct request r;
    struct world w;
    struct verdict v;
    struct facts facts;
    char words[8192];
};

static inline int listed(const char *list, const char *path, int other)
{
    size_t n = strlen(path);
    for (const char *at = list; at != NULL && (at = strstr(at, path)) != NULL; at += n) {
        if ((at == list || at[-1] == ' ') && at[n] == '=') {
            return at[n + 1] == '-' ? '0' - at[n + 2] : at[n + 1] - '0';
        }
    }
    return other;
}

static inline bool made_root_ok(void *data, const char *path, char *reason, size_t size)
{
    const struct facts *f = data;
    bool ok = f->bad_root == NULL || strcmp(f->bad_root, path) != 0;
    strbuf_copy(reason, size, ok ? "" : "empty");
    return ok;
}

static inline enum crl_state made_crl_state(void *data, const char *path, char *reason, size_t size)
{
    const struct facts *f = data;
    enum crl_state state = (enum crl_state)listed(f->crls, path, CRL_ABSENT);
    strbuf_copy(reason, size,
                state == CRL_ABSENT  ? "no such file"
                : state < CRL_ABSENT ? "contains a block other than X509 CRL"
                                     : "");
    return state;
}

static inline const char *made_bundle(void *data)
{
    return ((const struct facts *)data)->bundle;
}

static inline const char *made_environment(void *data, const char *name)
{
    return strcmp(name, "PGOAUTHDEBUG") == 0 ? ((const struct facts *)data)->oauth : NULL;
}

/* The options that the libpq of this version knows, with its compiled defaults; those of libpq 20
 * are made up. */
static inline void made_options(struct request *r)
{
    static const struct {
        const char *name, *compiled;
        int since;
    } known[] = {
#define OPTION(name, compiled, since) {name, compiled, since},
#include "lib/core/options/versions.def"
#undef OPTION
        {"dbname", NULL, 0},           {"user", NULL, 0},
        {"password", NULL, 0},         {"service", NULL, 0},
        {"sslpassword", NULL, 130000}, {"application_name", NULL, 0},
        {"srvhost", NULL, 200000},     {"portaddr", "0", 200000},
    };
    r->noptions = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].since <= r->version) {
            r->options[r->noptions++] = (struct asked){
                .name = known[i].name, .value = known[i].compiled, .compiled = known[i].compiled};
        }
    }
}

static inline enum source made_source(char **word)
{
    static const struct {
        const char *prefix;
        enum source source;
    } all[] = {{"env:", FROM_ENVIRONMENT},
               {"service:", FROM_SERVICE},
               {"login:", FROM_LOGIN},
               {"params:", FROM_PARAMS},
               {"uri:", FROM_URI}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        size_t n = strlen(all[i].prefix);
        if (strncmp(*word, all[i].prefix, n) == 0) {
            *word += n;
            return all[i].source;
        }
    }
    return FROM_CONNINFO;
}

/* Parses the policy and the request's words and decides. Call undo afterwards. */
static inline void decide(struct made *m, int version, const struct facts *facts,
                          const char *policy, const char *words)
{
    good(&m->d, policy);
    m->facts = *facts;
    m->w = (struct world){.data = &m->facts,
                          .root_ok = made_root_ok,
                          .crl_state = made_crl_state,
                          .bundle = made_bundle,
                          .environment = made_environment,
                          .today = TODAY};
    m->r = (struct request){.version = version,
                            .default_host = "/var/run/postgresql",
                            .crl_judged = facts->crl_judged,
                            .root_judged = facts->root_judged,
                            .home = facts->home};
    made_options(&m->r);
    snprintf(m->words, sizeof m->words, "%s", words);
    char *rest = m->words;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] == '\0') {
            continue;
        }
        enum source source = made_source(&word);
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        m->r.service = m->r.service || source == FROM_SERVICE || strcmp(word, "service") == 0;
        if (strcmp(word, "default_host") == 0) {
            m->r.default_host = value;
            continue;
        }
        size_t i = 0;
        while (i < m->r.noptions && strcmp(m->r.options[i].name, word) != 0) {
            i++;
        }
        if (i == m->r.noptions) {
            fail_msg("row \"%s\": no option %s", words, word);
        }
        m->r.options[i].value = value;
        m->r.options[i].source = source;
        m->r.options[i].given = source >= FROM_LOGIN ? value : NULL;
    }
    memset(&m->v, 0x5a, sizeof m->v); /* nothing may be left as it was found */
    errno = EXDEV;
    seal_decide(&m->r, &m->d.p, &m->w, &m->v);
    assert_int_equal(errno, EXDEV);
}

static inline void undo(struct made *m)
{
    done(&m->d);
}

/* The last value forced on an option, or NULL. */
static inline const char *forced(const struct made *m, const char *option)
{
    const char *value = NULL;
    for (size_t i = 0; i < m->v.nforced; i++) {
        if (strcmp(m->v.forced[i].option, option) == 0) {
            value = m->v.forced[i].value;
        }
    }
    return value;
}

static inline const struct change *changed(const struct made *m, const char *option)
{
    for (size_t i = 0; i < m->v.nchanges; i++) {
        if (strcmp(m->v.changes[i].option, option) == 0) {
            return &m->v.changes[i];
        }
    }
    return NULL;
}

/* One row: what is asked under a policy, and event/action, and where not NULL one forced option as
 * "name=value" ("name" alone: not forced), and the whole reason. */
struct row {
    const char *policy, *ask, *verdict, *forced, *reason;
};

static inline void judge_row(const struct row *row, int version, const struct facts *facts)
{
    static struct made m;
    char verdict[64];
    decide(&m, version, facts, row->policy, row->ask);
    snprintf(verdict, sizeof verdict, "%s/%s", verdict_event(&m.v), action_name(m.v.action));
    ROW_STRING(row->ask, verdict, row->verdict);
    ROW_TRUE(row->ask, m.v.sealed == (m.v.action == ACTION_SEALED));
    ROW_TRUE(row->ask, m.v.sealed || m.v.nforced == 0);
    if (row->forced != NULL) {
        char name[64];
        const char *equals = strchr(row->forced, '=');
        size_t len = equals != NULL ? (size_t)(equals - row->forced) : strlen(row->forced);
        snprintf(name, sizeof name, "%.*s", (int)len, row->forced);
        ROW_STRING(row->ask, forced(&m, name), equals != NULL ? equals + 1 : NULL);
    }
    if (row->reason != NULL) {
        ROW_STRING(row->ask, m.v.reason, row->reason);
    }
    undo(&m);
}

#define JUDGE(rows, version, facts)                                                                \
    for (size_t row_ = 0; row_ < sizeof(rows) / sizeof((rows)[0]); row_++) {                       \
        judge_row(&(rows)[row_], version, facts);                                                  \
    }

#endif
