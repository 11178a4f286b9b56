/* attempt: one connection attempt: resolve the libpq, probe, decide, log, and write the arrays of
 * the real call. */
#include "shim/connect/attempt.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/settings.h"
#include "lib/os/trust_files.h"
#include "shim/connect/passwords.h"
#include "shim/dynlink/linkage.h"
#include "shim/log/log.h"
#include "shim/session/current.h"

#include <errno.h>
#include <stdlib.h>

static void refuse(struct attempt *a, const char *reason, bool always)
{
    seal_refuse(a->policy, reason, always, &a->verdict);
}

static const struct request *request_of(const struct attempt *a)
{
    return a->probe.effective != NULL ? &a->probe.request : NULL;
}

/* What a sealed call under verify_as needs besides the verdict. If it is not available, the verdict
 * becomes a refusal. */
static void prepare_names(struct attempt *a)
{
    char reason[REASON_MAX];
    const struct linked *linked = a->libpq.linked;
    if (!a->verdict.sealed || !a->verdict.renamed) {
        return;
    }
    if (!LINKED_HAS(linked, getaddrinfo) ||
        (!LINKED_HAS(linked, fopen) && !LINKED_HAS(linked, fopen64))) {
        refuse(a,
               "verify_as: cannot intercept this libpq's lookups of names and passwords (they are "
               "not in its linkage table); remove verify_as, and connect by a name that is in the "
               "server's certificate",
               false);
    } else if (!passwords_find(&a->libpq, &a->probe.request, &a->verdict, a->keywords, a->values,
                               &a->passwords, reason, sizeof reason)) {
        refuse(a, reason, false);
    }
}

static enum plan plan_of(const struct attempt *a)
{
    const struct verdict *v = &a->verdict;
    if (v->action == ACTION_REFUSED) {
        return PLAN_REFUSED;
    }
    return v->sealed ? PLAN_SEALED : v->pin_target ? PLAN_PINNED : PLAN_AS_IT_CAME;
}

/* Fills in the verdict. Returns false if there is none, since libpq rejects the call. */
static bool judge(struct attempt *a)
{
    struct world w;
    char reason[REASON_MAX];
    if (a->policy->fault[0] != '\0') {
        refuse(a, a->policy->fault, true);
        return true;
    }
    if (!a->resolved) {
        refuse(a, a->unresolved, false);
        return true;
    }
    if (linkage_refuses(a->libpq.linked, reason, sizeof reason)) {
        refuse(a, reason, false);
        return true;
    }
    switch (probe_run(&a->libpq, &a->array.params, a->keywords, a->values, &a->probe)) {
    case PROBE_REJECTED:
        return false;
    case PROBE_REFUSED:
        refuse(a, a->probe.reason, false);
        break;
    case PROBE_OK:
        if (verdict_needs_home(a->policy)) {
            probe_home(&a->libpq, a->keywords, a->values, &a->probe);
        }
        files_world(&w, &a->roots);
        seal_decide(&a->probe.request, a->policy, &w, &a->verdict);
        prepare_names(a);
        break;
    }
    return true;
}

/* Makes the state of the PGconn. Without memory for it, the verdict becomes a refusal. */
static void make_state(struct attempt *a)
{
    a->conn_state = conn_state_new(&a->libpq, a->policy, request_of(a), &a->verdict,
                                   hook_name(a->call->entry_point), a->object);
    if (a->conn_state == NULL) {
        refuse(a, "out of memory", true);
        return;
    }
    a->conn_state->passwords = a->passwords;
    a->passwords = NULL;
    if (a->verdict.sealed) {
        a->conn_state->roots = a->roots;
        a->roots = NULL;
    }
}

static bool log_it(const struct attempt *a)
{
    return log_verdict(a->policy, &a->verdict, request_of(a), &a->libpq,
                       hook_name(a->call->entry_point), a->object);
}

/* Whether libpq accepts a string that cannot be rewritten. */
static bool is_unknown_string(struct attempt *a, char *reason, size_t size)
{
    const char *s = a->call->conninfo;
    return s != NULL && probe_unknown_string(&a->libpq, s, reason, size);
}

/* Decides what becomes of the call, and logs it. */
static void decide(struct attempt *a, bool rewritable)
{
    char reason[REASON_MAX];
    bool accepted = true;
    if (!a->resolved && !(a->likely && current_as_bare())) {
        refuse(a, a->unresolved, true);
    } else if (!rewritable && is_unknown_string(a, reason, sizeof reason)) {
        refuse(a, reason, false);
    } else {
        accepted = rewritable && judge(a);
    }
    if (!accepted) {
        a->verdict.mode = a->policy->global.mode; /* no verdict, but its PGconn is in a mode */
    }
    make_state(a);
    if (a->conn_state != NULL && !accepted) {
        /* libpq rejects the caller's own values: no line */
        a->plan =
            rewritable && a->policy->global.mode != MODE_AUDIT ? PLAN_REJECTED : PLAN_AS_IT_CAME;
        a->conn_state->rejected = a->plan == PLAN_REJECTED;
        return;
    }
    if (!log_it(a) && a->verdict.kind == VERDICT_EXEMPT && a->verdict.mode != MODE_AUDIT) {
        refuse(a, SEAL_UNLOGGED, false);
        log_it(a);
    }
    a->plan = plan_of(a);
}

/* Writes the arrays of the real call. */
static void write_arrays(struct attempt *a)
{
    switch (a->plan) {
    case PLAN_REFUSED:
        strbuf_join(a->refusal, sizeof a->refusal, "pgseal: refused: ", a->verdict.reason);
        a->expand = call_refused(a->refusal, a->keywords, a->values);
        break;
    case PLAN_SEALED:
        a->expand = call_sealed(&a->array.params, &a->verdict, a->keywords, a->values);
        break;
    case PLAN_PINNED:
        a->expand =
            call_pinned(&a->probe.request, a->keywords, a->values, a->words, sizeof a->words);
        a->conn_state->host_unset = request_option(&a->probe.request, "host")->value == NULL;
        a->conn_state->hostaddr_unset =
            request_option(&a->probe.request, "hostaddr")->value == NULL;
        break;
    case PLAN_AS_IT_CAME:
    case PLAN_REJECTED:
        break;
    }
}

struct attempt *attempt_prepare(struct call_site call_site, const struct call *call)
{
    int saved_errno = errno;
    struct attempt *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    bool rewritable = call_to_params(call, &a->array);
    size_t room = call_room(a->array.params.n);
    a->keywords = calloc(2 * room, sizeof *a->keywords);
    if (a->keywords == NULL) {
        free(a);
        return NULL;
    }
    a->values = a->keywords + room;
    a->call = call;
    a->policy = settings_policy();
    a->resolved = libpq_resolve(call_site, hook_name(call->entry_point), &a->libpq, &a->likely,
                                a->unresolved, sizeof a->unresolved);
    object_path(call_site.address, a->object, sizeof a->object);
    log_process(a->policy);
    decide(a, rewritable);
    write_arrays(a);
    errno = saved_errno;
    return a;
}

void attempt_free(struct attempt *a)
{
    int saved_errno = errno;
    conn_state_free(a->conn_state);
    passwords_free(a->passwords);
    roots_release(a->roots);
    probe_free(&a->libpq, &a->probe);
    free(a->keywords);
    free(a);
    errno = saved_errno;
}
