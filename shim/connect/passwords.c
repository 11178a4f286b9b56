/* passwords: lets libpq look up passwords under the program's host names, one element of the list
 * at a time. */
#include "shim/connect/passwords.h"

#include "lib/core/text/list.h"
#include "lib/core/text/strbuf.h"
#include "shim/connect/call.h"
#include "shim/connect/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_ROOM = 300 };

/* One element as libpq will look it up. */
struct entry {
    char verified[NAME_ROOM];
    char port[NAME_ROOM];
    size_t at, len; /* its line; len 0: no password */
};

/* Too large for the stack. */
struct collecting {
    const struct libpq *libpq;
    const struct request *request;
    const char *pinned; /* the policy's passfile, or NULL */
    const char **keywords;
    const char **values;
    struct request one; /* the request for one element of the list */
    char words[1024];
    char target[3][NAME_ROOM]; /* its host, hostaddr and port */
    struct entry entries[SEAL_ELEMENTS];
    struct passwords *to;
    struct strbuf lines;
};

static void add_escaped(struct strbuf *t, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == ':' || *s == '\\') {
            strbuf_add(t, "\\");
        }
        strbuf_addn(t, s, 1);
    }
}

/* Adds a line for any database and user, since the password is for this call's own. */
static void add_line(struct strbuf *t, const char *host, const char *port, const char *secret)
{
    add_escaped(t, host);
    strbuf_add(t, ":");
    add_escaped(t, port);
    strbuf_add(t, ":*:*:");
    add_escaped(t, secret);
    strbuf_add(t, "\n");
}

/* Points host, hostaddr and port of c->one at the i-th element's own. */
static bool select_element(struct collecting *c, size_t i)
{
    static const char *const targets[] = {"host", "hostaddr", "port"};
    bool fits = true;
    c->one = *c->request;
    for (size_t j = 0; j < 3; j++) {
        const char *list = request_value(c->request, targets[j]);
        bool single = j == 2 && list_length(list) == 1;
        fits = list_copy(list, single ? 0 : i, c->target[j], NAME_ROOM) && fits;
    }
    for (size_t k = 0; k < c->one.noptions; k++) {
        for (size_t j = 0; j < 3; j++) {
            if (strcmp(c->one.options[k].name, targets[j]) == 0) {
                c->one.options[k].value = c->target[j];
            }
        }
    }
    return fits;
}

/* Looks c->one up under the name in c->target[0]; a password that is found becomes a line for e. */
static void look_up(struct collecting *c, struct entry *e)
{
    const struct libpq *pq = c->libpq;
    bool refused;
    size_t n = 0;
    int expand = call_pinned(&c->one, c->keywords, c->values, c->words, sizeof c->words);
    while (c->keywords[n] != NULL) {
        n++;
    }
    if (c->pinned != NULL) {
        c->keywords[n] = "passfile";
        c->values[n++] = c->pinned;
    }
    PGconn *conn = probe_start(pq, c->keywords, c->values, n, expand, &refused);
    PQconninfoOption *options = conn != NULL ? pq->PQconninfo(conn) : NULL;
    const char *secret = refused ? pq->PQpass(conn) : NULL;
    const char *path = options_value(options, "passfile");
    const char *own = options_value(options, "password");
    /* Ignore a password that the call itself gives. */
    if (secret != NULL && secret[0] != '\0' && path != NULL && (own == NULL || own[0] == '\0')) {
        e->at = c->lines.len;
        add_line(&c->lines, e->verified, e->port, secret);
        if (e->verified[0] == '/' || e->verified[0] == '@') {
            add_line(&c->lines, "localhost", e->port, secret); /* libpq's name for the default */
        }
        e->len = c->lines.len - e->at;
        c->lines.cut = !strbuf_copy(c->to->path, sizeof c->to->path, path) || c->lines.cut;
    }
    pq->PQconninfoFree(options);
    pq->PQfinish(conn);
}

/* Whether two elements that libpq cannot distinguish have different passwords. */
static bool mixed_up(const struct collecting *c, const struct entry *a, const struct entry *b)
{
    return strcmp(a->verified, b->verified) == 0 && strcmp(a->port, b->port) == 0 &&
           (a->len != b->len || memcmp(c->to->lines + a->at, c->to->lines + b->at, a->len) != 0);
}

/* Returns NULL, or what is wrong. */
static const char *collect(struct collecting *c, const struct verdict *v)
{
    const struct request *r = c->request;
    const char *list = request_value(r, "hostaddr");
    size_t n = list_length(list != NULL ? list : request_value(r, "host"));
    for (size_t i = 0; i < n; i++) {
        struct entry *e = &c->entries[i];
        bool fits = i < SEAL_ELEMENTS && select_element(c, i) &&
                    list_copy(v->hosts, i, e->verified, sizeof e->verified);
        if (!fits) {
            return "the host list is too long";
        }
        strbuf_copy(e->port, sizeof e->port, c->target[2][0] != '\0' ? c->target[2] : "5432");
        look_up(c, e);
        if (e->len == 0 && strcmp(c->target[0], e->verified) != 0 &&
            strbuf_copy(c->target[0], NAME_ROOM, e->verified)) {
            look_up(c, e);
        }
        for (size_t j = 0; j < i; j++) {
            if (mixed_up(c, &c->entries[j], e)) {
                return "hosts in the list that are verified under the same name have different "
                       "passfile entries; connect to them one at a time";
            }
        }
    }
    return c->lines.cut ? "too long" : NULL;
}

bool passwords_find(const struct libpq *pq, const struct request *r, const struct verdict *v,
                    const char **keywords, const char **values, struct passwords **passwords,
                    char *reason, size_t size)
{
    int saved_errno = errno;
    const char *failed = "out of memory";
    struct collecting *c = calloc(1, sizeof *c);
    struct passwords *found = calloc(1, sizeof *found);
    *passwords = NULL;
    if (c != NULL && found != NULL) {
        *c = (struct collecting){
            .libpq = pq, .request = r, .keywords = keywords, .values = values, .to = found};
        for (size_t i = 0; i < v->nforced; i++) {
            if (strcmp(v->forced[i].option, "passfile") == 0) {
                c->pinned = v->forced[i].value;
            }
        }
        strbuf_init(&c->lines, found->lines, sizeof found->lines);
        failed = collect(c, v);
        found->len = c->lines.len;
    }
    if (failed == NULL && found->len > 0) {
        *passwords = found;
    } else {
        passwords_free(found);
    }
    if (failed != NULL) {
        strbuf_join(reason, size, "verify_as: cannot pass on the passfile entries: ", failed);
    }
    free(c);
    errno = saved_errno;
    return failed == NULL;
}
