/* connect: the way of a call: resolve -> probe -> policy -> seal -> event -> the real libpq ->
 * witness. prepare() does everything up to the event on memory of its own, so that while the real
 * libpq runs only a small frame of the door's stands below it. */
#include "shim/connect/connect.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/settings.h"
#include "lib/os/trust_files.h"
#include "shim/dynlink/linkage.h"
#include "shim/log/log.h"
#include "shim/session/verify_as.h"
#include "shim/session/witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum plan { PLAN_AS_IT_CAME, PLAN_PARAMS, PLAN_GIVE };

/* One attempt, from the door to its return; one block of memory. */
struct attempt {
    const struct call *call;
    struct attempt
        *outer; /* the attempt of this thread from inside which this one came (a callback) */
    const struct policy *policy;
    struct libpq libpq;
    struct call_params array;
    struct probe probe;
    struct verdict verdict;
    struct conn_state *conn_state; /* not yet in the registry */
    struct map_node *map_node;
    PGconn *bound; /* the PGconn that a hook saw while the real call was under way */
    enum plan plan;
    int expand;
    int passfile; /* descriptor or -1 */
    char object[256];
    char passfile_path[32];
    char words[1024];               /* call_pinned's string */
    char refusal[SEAL_REASON + 32]; /* "pgseal: refused: …" */
    const char **keywords;          /* of the real call */
    const char **values;
};

static __thread struct attempt *current;

/* libpq calling itself through the PLT: the same arrays or string that the attempt under way handed
 * it. Another connection from a callback brings its own. pgseal's own arrays tell by themselves;
 * the caller's may come again in a later call of its own: after a longjmp out of libpq (an alarm
 * that ends a slow connection) an attempt stays behind here, and its call, on a stack that is
 * gone, may well be the very one that comes in now. So these count only from within that libpq. */
static bool reentry(struct call_site call_site, const struct call *call)
{
    const struct attempt *a = current;
    struct object caller;
    if (a == NULL) {
        return false;
    }
    if (call->keywords != NULL && call->keywords == a->keywords) {
        return true;
    }
    if (a->plan != PLAN_AS_IT_CAME || !object_of(call_site.address, &caller) ||
        caller.dyn != a->libpq.base) {
        return false;
    }
    return call->keywords != NULL ? call->keywords == a->call->keywords
                                  : call->conninfo != NULL && call->conninfo == a->call->conninfo;
}

static void refuse_with(struct attempt *a, const char *reason, bool always)
{
    seal_refuse(a->policy, reason, always, &a->verdict);
}

/* What the verdict needs beside itself before the real call. Returns false where that cannot be
 * had: the verdict is a refusal then. */
static bool equip(struct attempt *a)
{
    struct verdict *v = &a->verdict;
    char why[256];
    if (v->sealed && v->hosts != NULL && v->nforced > 0) {
        bool renamed = false;
        for (size_t i = 0; i < v->nforced; i++) {
            renamed = renamed ||
                      (strcmp(v->forced[i].option, "host") == 0 && v->forced[i].value == v->hosts);
        }
        if (renamed && !verify_as_passwords(&a->libpq, &a->probe.request, v, a->keywords, a->values,
                                            a->passfile_path, sizeof a->passfile_path, &a->passfile,
                                            why, sizeof why)) {
            refuse_with(a, why, false);
            return false;
        }
    }
    a->map_node = ptr_map_reserve();
    a->conn_state =
        conn_state_new(&a->libpq, a->policy, a->probe.effective != NULL ? &a->probe.request : NULL,
                       v, call_name(a->call->entry_point), a->object);
    if (a->map_node == NULL || a->conn_state == NULL) {
        refuse_with(a, "out of memory", true);
        return false;
    }
    return true;
}

/* Writes the arrays of the real call. */
static void rewrite(struct attempt *a)
{
    const struct verdict *v = &a->verdict;
    a->plan = PLAN_PARAMS;
    if (v->action == ACTION_REFUSED) {
        struct strbuf t;
        strbuf_init(&t, a->refusal, sizeof a->refusal);
        strbuf_add(&t, "pgseal: refused: ");
        strbuf_add(&t, v->reason);
        a->expand = call_refused(a->refusal, a->keywords, a->values);
    } else if (v->sealed) {
        a->expand = call_sealed(&a->array.params, v, a->keywords, a->values);
    } else if (v->pin_target) {
        a->expand =
            call_pinned(&a->probe.request, a->keywords, a->values, a->words, sizeof a->words);
    } else {
        a->plan = PLAN_AS_IT_CAME;
    }
}

/* Decides what becomes of the call; logs it. */
static void judge(struct attempt *a)
{
    struct world w;
    struct roots *keep = NULL;
    char why[256];
    if (a->policy->fault[0] != '\0') {
        refuse_with(a, a->policy->fault, true);
    } else if (linkage_refuses(a->libpq.linked, why, sizeof why)) {
        refuse_with(a, why, false);
    } else {
        switch (probe_run(&a->libpq, &a->array.params, a->keywords, a->values, &a->probe)) {
        case PROBE_LIBPQ:
            /* libpq's own complaint about the caller's own values */
            a->plan = a->policy->global.mode == MODE_AUDIT ? PLAN_AS_IT_CAME : PLAN_GIVE;
            equip(a);
            return;
        case PROBE_REFUSED:
            refuse_with(a, a->probe.reason, false);
            break;
        case PROBE_OK:
            files_world(&w, &keep);
            seal_decide(&a->probe.request, a->policy, &w, &a->verdict);
            break;
        }
    }
    const struct request *r = a->probe.effective != NULL ? &a->probe.request : NULL;
    const char *entry = call_name(a->call->entry_point);
    if (equip(a) && a->verdict.sealed) {
        a->conn_state->roots = keep;
    } else {
        roots_release(keep);
    }
    bool logged = log_verdict(a->policy, &a->verdict, r, &a->libpq, entry, a->object);
    if (!logged && a->verdict.kind == VERDICT_EXEMPT && a->verdict.mode != MODE_AUDIT) {
        refuse_with(a, "this exemption must be logged, and no sink took the line; mend the log",
                    false);
        log_verdict(a->policy, &a->verdict, r, &a->libpq, entry, a->object);
    }
    rewrite(a);
}

/* Where nothing can be prepared, the refusal still goes through libpq's own channel, from the
 * stack. */
static PGconn *refuse_bare(const struct libpq *pq, const struct call *call, const char *reason,
                           PGPing *ping)
{
    char text[REASON_MAX + 32];
    const char *keywords[2];
    const char *values[2];
    struct strbuf t;
    *ping = PQPING_NO_ATTEMPT;
    if (pq->PQconnectdbParams == NULL) {
        return NULL; /* no libpq at all: there is no PGconn to be had */
    }
    strbuf_init(&t, text, sizeof text);
    strbuf_add(&t, "pgseal: refused: ");
    strbuf_add(&t, reason);
    call_refused(text, keywords, values);
    PGconn *conn = call_real_params(pq, call->entry_point, keywords, values, 0, ping);
    if (conn != NULL && session_find(conn) != NULL) {
        return conn; /* libpq went on through a hook of ours, which has registered it */
    }

    struct verdict *v = conn != NULL ? calloc(1, sizeof *v) : NULL;
    struct map_node *map_node = v != NULL ? ptr_map_reserve() : NULL;
    struct conn_state *d = map_node != NULL ? conn_state_new(pq, settings_policy(), NULL, v,
                                                             call_name(call->entry_point), "")
                                            : NULL;
    if (d != NULL) {
        session_bind(map_node, conn, d); /* so that its PQfinish finds the libpq that made it */
    } else {
        ptr_map_release(map_node);
    }
    free(v);
    return conn;
}

/* Everything before the real call. NULL: no memory, or no libpq to be found; *conn and *ping are
 * the answer then. */
__attribute__((noinline)) static struct attempt *
prepare(struct call_site call_site, const struct call *call, PGconn **conn, PGPing *ping)
{
    struct call_params array;
    struct libpq pq = {0};
    char reason[REASON_MAX];
    bool rewritable = call_to_params(call, &array);
    size_t room = call_room(rewritable ? array.params.n : 0);
    bool resolved =
        libpq_resolve(call_site, call_name(call->entry_point), &pq, reason, sizeof reason);
    struct attempt *a = calloc(1, sizeof *a + 2 * room * sizeof(char *));
    if (a == NULL) {
        *conn = refuse_bare(&pq, call, "out of memory", ping);
        return NULL;
    }
    a->call = call;
    a->libpq = pq;
    a->passfile = -1;
    a->policy = settings_policy();
    a->keywords = (const char **)(a + 1);
    a->values = a->keywords + room;
    object_path(call_site.address, a->object, sizeof a->object);
    log_process(a->policy);
    if (!resolved) {
        refuse_with(a, reason, true);
        log_verdict(a->policy, &a->verdict, NULL, &a->libpq, call_name(call->entry_point),
                    a->object);
        *conn = refuse_bare(&pq, call, reason, ping);
        free(a);
        return NULL;
    }
    a->array = array;
    if (array.params.keywords == array.keywords) {
        a->array.params.keywords = a->array.keywords;
    }
    if (array.params.values == array.values) {
        a->array.params.values = a->array.values;
    }
    if (rewritable) {
        judge(a);
    } else {
        a->plan = PLAN_AS_IT_CAME; /* libpq cannot but reject it */
        equip(a);
    }
    return a;
}

/* Everything after the real call: the PGconn is registered, its outcome logged, all memory given
 * back. */
__attribute__((noinline)) static PGconn *finish(struct attempt *a, PGconn *conn)
{
    int saved = errno;
    struct conn_state *d = a->bound != NULL ? session_find(a->bound) : a->conn_state;
    if (conn != NULL && a->bound == NULL && a->map_node != NULL && d != NULL) {
        session_bind(a->map_node, conn, d);
        a->map_node = NULL;
        a->bound = conn;
    }
    if (conn != NULL && d != NULL && a->plan != PLAN_GIVE) {
        witness_returned(d, conn);
    }
    if (a->bound == NULL) {
        conn_state_free(a->conn_state);
    }
    ptr_map_release(a->map_node);
    if (a->passfile >= 0) {
        close(a->passfile);
    }
    probe_free(&a->libpq, &a->probe, a->plan == PLAN_GIVE);
    free(a);
    errno = saved;
    return conn;
}

struct conn_state *connect_state(PGconn *conn)
{
    struct conn_state *d = session_find(conn);
    struct attempt *a = current;
    if (d == NULL && conn != NULL && a != NULL && a->bound == NULL && a->map_node != NULL &&
        a->plan != PLAN_GIVE) {
        session_bind(a->map_node, conn, a->conn_state);
        a->map_node = NULL;
        a->bound = conn;
        d = a->conn_state;
    }
    return d;
}

/* The way of one call. For the ping doors *ping is the answer. */
static PGconn *way(struct call_site call_site, const struct call *call, PGPing *ping)
{
    if (reentry(call_site, call)) {
        if (call->keywords != NULL) {
            return call_real_params(&current->libpq, call->entry_point, call->keywords,
                                    call->values, call->expand, ping);
        }
        return call_real(&current->libpq, call, ping);
    }
    PGconn *conn = NULL;
    struct attempt *a = prepare(call_site, call, &conn, ping);
    if (a == NULL) {
        return conn;
    }

    a->outer = current;
    current = a;
    struct conn_state *before = verify_as_enter(a->conn_state);
    if (a->plan == PLAN_GIVE) {
        conn = a->probe.conn;
        *ping = PQPING_NO_ATTEMPT;
        if (call->entry_point == ENTRY_PING || call->entry_point == ENTRY_PING_PARAMS) {
            a->libpq.PQfinish(conn);
            conn = NULL;
        }
    } else if (a->plan == PLAN_PARAMS) {
        conn =
            call_real_params(&a->libpq, call->entry_point, a->keywords, a->values, a->expand, ping);
    } else {
        conn = call_real(&a->libpq, call, ping);
    }
    verify_as_leave(before);
    current = a->outer;
    return finish(a, conn);
}

PGconn *entry_connectdb(struct call_site call_site, const char *conninfo)
{
    PGPing unused;
    return way(call_site, &(struct call){.entry_point = ENTRY_CONNECTDB, .conninfo = conninfo},
               &unused);
}

PGconn *entry_connectdbParams(struct call_site call_site, const char *const *keywords,
                              const char *const *values, int expand)
{
    PGPing unused;
    struct call call = {.entry_point = ENTRY_CONNECTDB_PARAMS,
                        .keywords = keywords,
                        .values = values,
                        .expand = expand};
    return way(call_site, &call, &unused);
}

PGconn *entry_connectStart(struct call_site call_site, const char *conninfo)
{
    PGPing unused;
    return way(call_site, &(struct call){.entry_point = ENTRY_START, .conninfo = conninfo},
               &unused);
}

PGconn *entry_connectStartParams(struct call_site call_site, const char *const *keywords,
                                 const char *const *values, int expand)
{
    PGPing unused;
    struct call call = {.entry_point = ENTRY_START_PARAMS,
                        .keywords = keywords,
                        .values = values,
                        .expand = expand};
    return way(call_site, &call, &unused);
}

PGconn *entry_setdbLogin(struct call_site call_site, const char *host, const char *port,
                         const char *options, const char *tty, const char *dbname, const char *user,
                         const char *secret)
{
    PGPing unused;
    struct call call = {.entry_point = ENTRY_LOGIN,
                        .host = host,
                        .port = port,
                        .options = options,
                        .tty = tty,
                        .dbname = dbname,
                        .user = user,
                        .secret = secret};
    return way(call_site, &call, &unused);
}

PGPing entry_ping(struct call_site call_site, const char *conninfo)
{
    PGPing ping = PQPING_NO_ATTEMPT;
    way(call_site, &(struct call){.entry_point = ENTRY_PING, .conninfo = conninfo}, &ping);
    return ping;
}

PGPing entry_pingParams(struct call_site call_site, const char *const *keywords,
                        const char *const *values, int expand)
{
    PGPing ping = PQPING_NO_ATTEMPT;
    struct call call = {
        .entry_point = ENTRY_PING_PARAMS, .keywords = keywords, .values = values, .expand = expand};
    way(call_site, &call, &ping);
    return ping;
}
