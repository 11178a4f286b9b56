/* whatif: the log's attempts under another policy, judged by the object's own code.
 *
 * A line says what was asked only if the policy of that day wanted something else; an option that
 * it does not name was as that policy wanted it, or unset. Files are those of this machine; a log's
 * paths are never opened. */
#include "whatif.h"

#include "cli/explain/preview.h"
#include "cli/lib/util.h"
#include "when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIBPQ_UNKNOWN = 150000 };

/* What was found of one file of the policy. */
struct seen {
    char *path;
    int state; /* as crl_state, and 1 for a root that is ok */
    char reason[256];
};

struct whatif {
    struct settings settings;
    struct policy policy;
    struct request request;
    struct verdict verdict;
    struct world world; /* this machine's */
    struct seen *seen;
    size_t nseen;
    struct strings missing;
};

/* The options of a libpq that is not here: of the one in the log. */
static const struct {
    const char *name;
    const char *compiled;
    int since;
} known[] = {
#define OPTION(name, compiled, since) {name, compiled, since},
#include "lib/core/options/versions.def"
#undef OPTION
};

/* Whether the policy itself names this file. */
static bool is_policys(const struct policy *p, const char *path)
{
    const struct rule *rule = &p->global;
    for (size_t i = 0; i <= p->nrules; i++) {
        if ((rule->root != NULL && strcmp(rule->root, path) == 0) ||
            (rule->crl != NULL && strcmp(rule->crl, path) == 0)) {
            return true;
        }
        rule = i < p->nrules ? &p->rules[i] : NULL;
    }
    return false;
}

/* A file of the policy, read once. */
static const struct seen *read_once(struct whatif *w, const char *path, bool root)
{
    for (size_t i = 0; i < w->nseen; i++) {
        if (strcmp(w->seen[i].path, path) == 0) {
            return &w->seen[i];
        }
    }
    struct seen s = {.path = xstrdup(path), .state = 1};
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        strings_add_once(&w->missing, path);
    } else if (root) {
        s.state = w->world.root_ok(w->world.data, path, s.reason, sizeof s.reason);
    } else {
        s.state = w->world.crl_state(w->world.data, path, s.reason, sizeof s.reason);
    }
    w->seen = xrealloc(w->seen, (w->nseen + 1) * sizeof *w->seen);
    w->seen[w->nseen] = s;
    return &w->seen[w->nseen++];
}

static bool root_ok(void *data, const char *path, char *reason, size_t size)
{
    struct whatif *w = data;
    if (!is_policys(&w->policy, path)) {
        return true;
    }
    const struct seen *s = read_once(w, path, true);
    memcpy(reason, s->reason, size < sizeof s->reason ? size : sizeof s->reason);
    return s->state == 1;
}

static enum crl_state crl_state(void *data, const char *path, char *reason, size_t size)
{
    struct whatif *w = data;
    if (!is_policys(&w->policy, path)) {
        return CRL_FINE;
    }
    const struct seen *s = read_once(w, path, false);
    memcpy(reason, s->reason, size < sizeof s->reason ? size : sizeof s->reason);
    return (enum crl_state)s->state;
}

/* If this machine has none, that of the logs' may have one. */
static const char *bundle(void *data)
{
    struct whatif *w = data;
    const char *path = w->world.bundle(w->world.data);
    return path != NULL ? path : "/etc/ssl/certs/ca-certificates.crt";
}

static const char *environment(void *data, const char *name)
{
    (void)data, (void)name;
    return NULL;
}

struct whatif *whatif_open(const char *file, char **reason)
{
    struct whatif *w = xcalloc(1, sizeof *w);
    preview_settings(&w->settings, &w->policy, file);
    if (w->policy.fault[0] != '\0') {
        *reason = xstrdup(w->policy.fault);
        whatif_free(w);
        return NULL;
    }
    files_world(&w->world, NULL);
    return w;
}

static const char *text(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL && s[0] != '\0' ? s : NULL;
}

static struct asked *option_of(struct request *r, const char *name)
{
    for (size_t i = 0; i < r->noptions; i++) {
        if (strcmp(r->options[i].name, name) == 0) {
            return &r->options[i];
        }
    }
    if (r->noptions == SEAL_OPTIONS) {
        return NULL;
    }
    r->options[r->noptions] = (struct asked){.name = name};
    return &r->options[r->noptions++];
}

static void ask(struct request *r, const char *name, const char *value, enum source source)
{
    struct asked *a = option_of(r, name);
    if (a != NULL) {
        a->value = a->given = value;
        a->source = source;
    }
}

static enum source source_of(const char *name)
{
    enum source source = FROM_CONNINFO;
    while (source > FROM_DEFAULT && (name == NULL || strcmp(source_name(source), name) != 0)) {
        source--;
    }
    return source;
}

/* The request as the line tells of it. */
static void fill(struct request *r, json_t *event, enum event_id id)
{
    static const char *const targets[] = {"host", "hostaddr", "port"};
    json_int_t version = json_integer_value(json_object_get(event, "libpq_version"));
    json_t *changes = json_object_get(event, "changes");
    /* A line does not tell of the files in ~/.postgresql: the object judges them where libpq opens
     * them. */
    *r = (struct request){.default_host = "localhost", .crl_judged = true, .root_judged = true};
    r->version = version > 0 && version < INT32_MAX ? (int)version : LIBPQ_UNKNOWN;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].since <= r->version) {
            r->options[r->noptions++] = (struct asked){
                .name = known[i].name, .value = known[i].compiled, .compiled = known[i].compiled};
        }
    }
    if (id == EVENT_DOWNGRADE || id == EVENT_SEAL) {
        ask(r, "sslmode", "verify-full", FROM_CONNINFO); /* unless it is among the changes */
        ask(r, "gssencmode", "disable", FROM_CONNINFO);
    }
    for (size_t i = 0; i < json_array_size(changes); i++) {
        json_t *change = json_array_get(changes, i);
        enum source source = source_of(text(change, "source"));
        if (text(change, "option") != NULL) {
            ask(r, text(change, "option"), text(change, "requested"), source);
            r->service = r->service || source == FROM_SERVICE;
        }
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        if (text(event, targets[i]) != NULL) {
            ask(r, targets[i], text(event, targets[i]), FROM_CONNINFO);
        }
    }
}

void whatif_judge(struct whatif *w, json_t *event, enum event_id id, const char *out[2])
{
    const struct world world = {.data = w,
                                .root_ok = root_ok,
                                .crl_state = crl_state,
                                .bundle = bundle,
                                .environment = environment,
                                .today = (int32_t)(when_now() / DAY_MS)};
    fill(&w->request, event, id);
    seal_decide(&w->request, &w->policy, &world, &w->verdict);
    out[0] = action_name(w->verdict.action);
    out[1] = w->verdict.reason;
}

struct prospect whatif_prospect(const struct group *pair)
{
    static const char *const worst_first[] = {"refused", "would-refuse", "sealed", "would-seal",
                                              "allowed"};
    const struct tallies *judged = pair->lists[JUDGED];
    struct prospect p = {"", "", pair->counters[VERIFIED] > 0};
    for (size_t k = 0; p.verdict[0] == '\0' && k < sizeof worst_first / sizeof *worst_first; k++) {
        for (uint32_t i = 0; judged != NULL && i < judged->n; i++) {
            if (strcmp(intern_part(judged->at[i].key, 0), worst_first[k]) == 0) {
                p.verdict = worst_first[k];
                p.reason = intern_part(judged->at[i].key, 1);
                break;
            }
        }
    }
    bool failed = pair->counters[FAILED] > 0 || pair->counters[VIOLATIONS] > 0;
    if (strcmp(p.verdict, "sealed") == 0 && failed && !p.proved) {
        p.verdict = "breaks";
        p.reason = pair->lists[REASONS] != NULL ? pair->lists[REASONS]->at[0].key->text : "";
    }
    return p;
}

const char *whatif_name(const struct whatif *w)
{
    return w->policy.name;
}

const char *whatif_missing(const struct whatif *w, size_t i)
{
    return i < w->missing.n ? w->missing.at[i] : NULL;
}

void whatif_free(struct whatif *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < w->nseen; i++) {
        free(w->seen[i].path);
    }
    free(w->seen);
    strings_free(&w->missing);
    policy_free(&w->policy);
    free(w);
}
