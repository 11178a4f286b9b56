/* verdict: request + policy -> verdict, read from the bottom up. The steps stand in hosts.c (who is
 * dialled), trust.c (roots and CRLs) and enforce.c (everything else that could weaken). */
#include "lib/core/options/options.h"
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

const struct asked *request_option(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->noptions; i++) {
        if (strcmp(r->options[i].name, name) == 0) {
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
    strbuf_add(&t, option);
    strbuf_add(&t,
               ": pgseal does not know this option of the libpq that this program uses (version ");
    seal_version(&t, version);
    strbuf_add(&t, "), nor what it does; leave it at its default, or update pgseal");
}

/* What string, arrays and environment set was refused before libpq was asked (probe.c); what is left
 * comes from a service file. */
static bool judge_unknown(struct deciding *d)
{
    for (size_t i = 0; i < d->r->noptions; i++) {
        const struct asked *a = &d->r->options[i];
        if (option_known(a->name) == NULL && option_differs(a->value, a->compiled)) {
            option_unknown_reason(d->v->reason, sizeof d->v->reason, d->r->version, a->name);
            return false;
        }
    }
    return true;
}

bool request_cut(const struct request *r)
{
    static const char *const names[] = {"host", "hostaddr", "port", "dbname"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (event_cut(names[i], request_value(r, names[i]))) {
            return true;
        }
    }
    return false;
}

void seal_quote(const struct deciding *d, struct strbuf *t, const char *target)
{
    if (d->cut || event_redacts(target)) {
        strbuf_add(t, "(hidden)");
        return;
    }
    strbuf_add(t, "\"");
    strbuf_add(t, target);
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

static const char *or_empty(const char *s)
{
    return s != NULL ? s : "";
}

void seal_note(struct deciding *d, const char *option, const char *enforced)
{
    struct verdict *v = d->v;
    const struct asked *a = request_option(d->r, option);
    if (v->nchanges == EVENT_CHANGES) {
        v->full = true;
        return;
    }
    /* An empty value asks for nothing, but for no minimum at all. */
    bool asks = a != NULL &&
                (or_empty(a->value)[0] != '\0' || strcmp(option, "ssl_min_protocol_version") == 0);
    v->changes[v->nchanges++] = (struct change){
        .option = option,
        .source = source_name(asks ? a->source : FROM_DEFAULT),
        .requested = a != NULL && a->value != NULL && a->value[0] != '\0' ? a->value : NULL,
        .enforced = enforced,
    };
}

void seal_force(struct deciding *d, const char *option, const char *value, bool less)
{
    struct verdict *v = d->v;
    const struct asked *a = request_option(d->r, option);
    if (a == NULL || !verdict_force(v, option, value)) {
        return;
    }
    if (strcmp(or_empty(a->value), value) == 0) {
        return;
    }
    if (less && a->source != FROM_DEFAULT && or_empty(a->value)[0] != '\0') {
        d->less = true;
    }
    seal_note(d, option, value);
}

/* Fills in event and action once kind and mode stand. */
static void conclude(struct verdict *v, enum verdict_kind kind)
{
    bool audit = v->mode == MODE_AUDIT;
    v->kind = kind;
    if (kind == VERDICT_REFUSE) {
        v->action = audit && !v->fault ? ACTION_WOULD_REFUSE : ACTION_REFUSED;
    } else if (kind == VERDICT_EXEMPT || (kind == VERDICT_SOCKET && !v->tcp)) {
        v->action = ACTION_ALLOWED;
    } else {
        v->action = audit ? ACTION_WOULD_SEAL : ACTION_SEALED;
    }
    v->sealed = v->action == ACTION_SEALED;
    if (!v->sealed) {
        v->nforced = 0;
    }
    if (kind == VERDICT_REFUSE) {
        v->nchanges = 0;
    }
}

static void start(const struct policy *p, struct verdict *v)
{
    v->kind = VERDICT_REFUSE;
    v->action = ACTION_REFUSED;
    v->mode = p->global.mode;
    v->sealed = v->fault = v->once = v->pin_target = v->tcp = v->socket = v->renamed = v->full =
        false;
    v->rule = &p->global;
    v->nforced = v->nchanges = v->ndials = v->words_len = 0;
    v->min_tls = 12;
    v->root = v->crl = v->hosts = v->ports = NULL;
    v->where[0] = v->reason[0] = '\0';
}

void seal_refuse(const struct policy *p, const char *reason, bool always, struct verdict *v)
{
    start(p, v);
    strbuf_copy(v->reason, sizeof v->reason, reason);
    v->fault = v->once = always;
    conclude(v, VERDICT_REFUSE);
}

/* What must be refused whatever the host, on a connection over TCP. */
static bool judge_environment(struct deciding *d)
{
    /* OAuth's debug switch lets an http:// issuer through and prints secrets (libpq 18,
     * fe-auth-oauth.c). */
    const char *debug =
        d->r->version >= 180000 ? d->w->environment(d->w->data, "PGOAUTHDEBUG") : NULL;
    if (debug != NULL && strncmp(debug, "UNSAFE", 6) == 0) {
        struct strbuf t = seal_reason(d->v);
        strbuf_add(&t, "PGOAUTHDEBUG=UNSAFE switches off what protects OAuth tokens; unset it");
        return false;
    }
    return true;
}

/* The steps for a list with at least one TCP element, once it is neither exempt nor refused for
 * whom it names. */
static bool seal_tcp(struct deciding *d)
{
    if (!seal_same_rules(d)) {
        return false;
    }
    seal_force(d, "sslmode", "verify-full", true); /* first, so that it leads the log's changes */
    if (!judge_environment(d) || !seal_judge_oauth_root(d) || !seal_judge_root(d) ||
        !seal_judge_crl(d) || !seal_force_options(d) || !seal_verify_as(d)) {
        return false;
    }
    if (d->v->full) {
        struct strbuf t = seal_reason(d->v);
        strbuf_add(&t, "more options would have to be forced than pgseal has room for; pin fewer");
    }
    return !d->v->full;
}

void seal_decide(const struct request *r, const struct policy *p, const struct world *w,
                 struct verdict *v)
{
    struct deciding d = {.r = r, .p = p, .w = w, .v = v, .cut = request_cut(r)};

    if (p->fault[0] != '\0') {
        seal_refuse(p, p->fault, true, v);
        return;
    }
    start(p, v);

    if (!seal_find_elements(&d)) {
        conclude(v, VERDICT_REFUSE);
        return;
    }
    bool by_section = false;
    if (seal_audited(&d, &by_section)) {
        v->mode = MODE_AUDIT;
    } else {
        v->mode = MODE_ENFORCE;
    }
    v->pin_target = r->service && (by_section || v->mode == MODE_ENFORCE);

    if (!judge_unknown(&d) || !seal_judge_sockets(&d) || !seal_judge_unlisted(&d)) {
        conclude(v, VERDICT_REFUSE);
        return;
    }
    if (!v->tcp) {
        conclude(v, VERDICT_SOCKET);
        return;
    }
    const struct rule *exempt = seal_exemption(&d);
    if (exempt != NULL) {
        v->rule = exempt;
        policy_where(p, exempt->line, v->where, sizeof v->where);
        strbuf_copy(v->reason, sizeof v->reason, exempt->exempt);
        conclude(v, VERDICT_EXEMPT);
        return;
    }
    bool sealed = seal_tcp(&d);
    if (v->where[0] == '\0' && v->rule->line > 0) {
        policy_where(p, v->rule->line, v->where, sizeof v->where);
    }
    if (!sealed) {
        conclude(v, VERDICT_REFUSE);
    } else {
        conclude(v, d.less ? VERDICT_DOWNGRADE : v->socket ? VERDICT_SOCKET : VERDICT_SEAL);
    }
}
