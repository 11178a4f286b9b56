/* verdict: makes a verdict from a request and a policy. Read it from the bottom up. The steps are
 * in hosts.c (the targets), trust.c (roots and CRLs) and enforce.c (everything else that could
 * weaken), their tools in parts.c. */
#include "lib/core/options/options.h"
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

/* Unknown options in string, arrays and environment were refused before libpq was asked (probe.c);
 * what remains comes from a service file. */
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

/* Fills in kind and what follows from it. */
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
    memset(v, 0, sizeof *v);
    v->kind = VERDICT_REFUSE;
    v->action = ACTION_REFUSED;
    v->mode = p->global.mode;
    v->rule = &p->global;
    v->min_tls = 12;
}

void seal_refuse(const struct policy *p, const char *reason, bool always, struct verdict *v)
{
    start(p, v);
    strbuf_copy(v->reason, sizeof v->reason, reason);
    v->fault = v->once = always;
    conclude(v, VERDICT_REFUSE);
}

/* What is refused on every TCP connection, whatever the host. */
static bool judge_environment(struct deciding *d)
{
    /* OAuth's debug switch accepts an http:// issuer and prints secrets (libpq 18,
     * fe-auth-oauth.c). */
    const char *debug =
        d->r->version >= 180000 ? d->w->environment(d->w->data, "PGOAUTHDEBUG") : NULL;
    if (debug != NULL && strncmp(debug, "UNSAFE", 6) == 0) {
        return seal_fail(d,
                         "PGOAUTHDEBUG=UNSAFE disables the protection of OAuth tokens; unset it");
    }
    return true;
}

/* The steps for a list with at least one TCP element that is not exempt, and not refused for its
 * host. */
static bool seal_tcp(struct deciding *d)
{
    if (!seal_same_rules(d)) {
        return false;
    }
    seal_force(d, "sslmode", "verify-full",
               true); /* first, so that it comes first in the log's changes */
    if (!judge_environment(d) || !seal_judge_oauth_root(d) || !seal_judge_root(d) ||
        !seal_judge_crl(d) || !seal_force_options(d) || !seal_verify_as(d)) {
        return false;
    }
    return !d->v->full || seal_fail(d, "too many options to force; pin fewer options");
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
    v->pin_target = by_section || v->mode == MODE_ENFORCE;

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
        conclude(v, d.is_downgrade ? VERDICT_DOWNGRADE : v->socket ? VERDICT_SOCKET : VERDICT_SEAL);
    }
}
