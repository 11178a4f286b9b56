/* parts: tools for the steps of a verdict: requested values, forced values, reasons. */
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

const struct asked *request_option(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->noptions; i++) {
        const char *this = r->options[i].name;
        if (this[0] == name[0] && strcmp(this, name) == 0) { /* usually the first letter differs */
            return &r->options[i];
        }
    }
    return NULL;
}

const char *request_value(const struct request *r, const char *name)
{
    const struct asked *a = request_option(r, name);
    return a != NULL && a->value != NULL && a->value[0] != '\0' ? a->value : NULL;
}

const char *source_name(enum source s)
{
    static const char *const names[] = {"default", "environment", "service", "login",
                                        "params",  "uri",         "conninfo"};
    return names[s];
}

const char *action_name(enum verdict_action a)
{
    static const char *const names[] = {"sealed", "refused", "allowed", "would-seal",
                                        "would-refuse"};
    return names[a];
}

const char *verdict_event(const struct verdict *v)
{
    static const char *const events[] = {"refuse", "exempt", "downgrade", "socket", "seal"};
    return events[v->kind];
}

/* Each pin, and at most one each of sslmode, sslrootcert, sslcrl, sslcrldir, gssencmode,
 * sslcompression, sslkeylogfile, the two TLS versions, sslcert, sslkey, hostaddr, port, passfile
 * and twice host. */
_Static_assert(SEAL_FORCED >= POLICY_PINS + 16 && (int)EVENT_CHANGES >= POLICY_PINS + 16,
               "a policy with all its pins must fit");

bool verdict_force(struct verdict *v, const char *option, const char *value)
{
    if (v->nforced == SEAL_FORCED) {
        v->full = true;
        return false;
    }
    v->forced[v->nforced++] = (struct forced){option, value};
    return true;
}

struct strbuf seal_reason(struct verdict *v)
{
    struct strbuf t;
    strbuf_init(&t, v->reason, sizeof v->reason);
    return t;
}

bool seal_fail(struct deciding *d, const char *reason)
{
    strbuf_copy(d->v->reason, sizeof d->v->reason, reason);
    return false;
}

void seal_version(struct strbuf *t, int version)
{
    strbuf_add_uint(t, (uint64_t)version / 10000, 1);
    strbuf_add(t, ".");
    strbuf_add_uint(t, (uint64_t)version % 10000, 1);
}

bool option_differs(const char *value, const char *compiled)
{
    return value != NULL && (compiled == NULL || strcmp(value, compiled) != 0);
}

void option_unknown_reason(char *reason, size_t size, int version, const char *option)
{
    struct strbuf t;
    strbuf_init(&t, reason, size);
    strbuf_add(&t, option, ": this program's libpq (version ");
    seal_version(&t, version);
    strbuf_add(&t, ") has this option, and pgseal does not know it; leave it at its default, or "
                   "update pgseal");
}

bool request_cut(const struct request *r)
{
    static const char *const names[] = {"host", "hostaddr", "port", "dbname"};
    bool cut = r->cut;
    for (size_t i = 0; i < ARRAY_LEN(names) && !cut; i++) {
        cut = event_cut(names[i], request_value(r, names[i]));
    }
    return cut;
}

void seal_quote(const struct deciding *d, struct strbuf *t, const char *target)
{
    if (d->cut || event_redacts(target)) {
        strbuf_add(t, "(hidden)");
        return;
    }
    strbuf_add(t, "\"");
    strbuf_add_short(t, target, SHOWN_MAX);
    strbuf_add(t, "\"");
}

void seal_where(const struct deciding *d, struct strbuf *t, int line)
{
    char where[sizeof d->v->where];
    policy_where(d->p, line, where, sizeof where);
    strbuf_add(t, where);
}

const char *seal_keep(struct verdict *v, const char *s, size_t len)
{
    if (len >= sizeof v->words - v->words_len) {
        return NULL;
    }
    char *kept = v->words + v->words_len;
    memcpy(kept, s, len);
    kept[len] = '\0';
    v->words_len += len + 1;
    return kept;
}

const char *seal_home_file(struct deciding *d, const char *name)
{
    char path[POLICY_PATH_MAX + 1];
    bool known = d->r->home != NULL && d->r->home[0] != '\0' &&
                 strbuf_join(path, sizeof path, d->r->home, "/.postgresql/", name);
    return known ? seal_keep(d->v, path, strlen(path)) : NULL;
}

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

/* Records a change without forcing anything. */
static void note(struct deciding *d, const char *option, const char *enforced)
{
    struct verdict *v = d->v;
    const struct asked *a = request_option(d->r, option);
    if (v->nchanges == EVENT_CHANGES) {
        v->full = true;
        return;
    }
    /* An empty value asks for nothing, except for ssl_min_protocol_version: no minimum. */
    bool asks = a != NULL &&
                (or_empty(a->value)[0] != '\0' || strcmp(option, "ssl_min_protocol_version") == 0);
    v->changes[v->nchanges++] = (struct change){
        .option = option,
        .source = source_name(asks ? a->source : FROM_DEFAULT),
        .requested = a != NULL && a->value != NULL && a->value[0] != '\0' ? a->value : NULL,
        .enforced = enforced,
    };
}

void seal_force(struct deciding *d, const char *option, const char *value, bool is_downgrade)
{
    struct verdict *v = d->v;
    const struct asked *a = request_option(d->r, option);
    if (a == NULL || !verdict_force(v, option, value)) {
        return;
    }
    if (strcmp(or_empty(a->value), value) == 0) {
        return;
    }
    if (is_downgrade && a->source != FROM_DEFAULT && or_empty(a->value)[0] != '\0') {
        d->is_downgrade = true;
    }
    note(d, option, value);
}

const struct pin *rule_pin(const struct rule *rule, const char *option)
{
    for (size_t i = 0; i < rule->npins; i++) {
        if (strcmp(rule->pins[i].option, option) == 0) {
            return &rule->pins[i];
        }
    }
    return NULL;
}
