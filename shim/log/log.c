/* log: makes the shim's events. */
#include "shim/log/log.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/sink.h"
#include "lib/os/sys.h"
#include "shim/log/fired.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *mode_name(enum policy_mode mode)
{
    return mode == MODE_AUDIT ? "audit" : "enforce";
}

/* Whether this text was logged before in this process. Texts are kept as 64-bit hashes. A policy
 * has few faults; if the table is full, lines repeat. */
static bool said_before(const char *text)
{
    static _Atomic(uint64_t) said[32];
    /* FNV-1a. It includes the process ID, since the child of a fork inherits the table. */
    uint64_t hash = 14695981039346656037u ^ (uint64_t)sys_pid();
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    if (hash == 0) {
        hash = 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        uint64_t there = 0;
        if (atomic_compare_exchange_strong(&said[i], &there, hash)) {
            return false;
        }
        if (there == hash) {
            return true;
        }
    }
    return false;
}

bool log_verdict(const struct policy *p, const struct verdict *v, const struct request *r,
                 const struct libpq *pq, const char *entry, const char *object)
{
    if (!log_wanted(p, verdict_event(v), v->mode == MODE_AUDIT) ||
        (v->once && said_before(v->reason))) {
        return true;
    }
    struct event e = {
        .event = verdict_event(v),
        .action = action_name(v->action),
        .mode = mode_name(v->mode),
        .entry = entry,
        .object = object,
        .libpq = pq->path,
        .libpq_version = pq->version,
        .changes = v->changes,
        .nchanges = v->nchanges,
        .rule = v->where,
        .reason = v->reason,
    };
    char until[25];
    if (v->kind == VERDICT_EXEMPT && v->rule->exempt_until != INT32_MAX) {
        event_time(v->rule->exempt_until * INT64_C(86400000), until, sizeof until);
        until[sizeof "2027-03-31" - 1] = '\0';
        e.exempt_until = until;
    }
    if (r != NULL) {
        e.host = request_value(r, "host");
        e.hostaddr = request_value(r, "hostaddr");
        e.port = request_value(r, "port");
        e.dbname = request_value(r, "dbname");
        e.user = request_value(r, "user");
        e.application_name = request_value(r, "application_name");
        e.cut = r->cut;
        if (e.host == NULL && e.hostaddr == NULL && v->socket) {
            e.host = r->default_host;
        }
    }
    return sink_event(p, &e);
}

bool log_outcome(const struct conn_state *d, struct event *e, const char *event, const char *action)
{
    if (!log_wanted(d->policy, event, false)) {
        return true;
    }
    e->event = event;
    e->action = action;
    e->mode = mode_name(d->audit ? MODE_AUDIT : MODE_ENFORCE);
    if (e->entry == NULL) {
        e->entry = d->entry;
    }
    e->object = d->object;
    e->libpq = d->libpq.path;
    e->libpq_version = d->libpq.version;
    e->host = d->host;
    e->hostaddr = d->hostaddr;
    e->port = d->port;
    e->dbname = d->dbname;
    e->user = d->user;
    e->application_name = d->application_name;
    e->cut = d->cut;
    e->rule = d->where;
    return sink_event(d->policy, e);
}

/* The other preloads, as LD_PRELOAD names them now. */
static size_t find_preloads(char *copy, size_t size, const char **names, size_t max)
{
    size_t n = 0;
    if (!strbuf_copy(copy, size, getenv("LD_PRELOAD"))) {
        return 0;
    }
    for (char *at = copy; *at != '\0' && n < max;) {
        size_t len = strcspn(at, ": ");
        bool last = at[len] == '\0';
        at[len] = '\0';
        if (len > 0 && strstr(at, "libpgseal.so") == NULL) {
            names[n++] = at;
        }
        at += last ? len : len + 1;
    }
    return n;
}

void log_process(const struct policy *p)
{
    static const char watched[][16] = {/* no pointers: no relocations at start */
                                       "OPENSSL_CONF",  "OPENSSL_MODULES", "OPENSSL_ENGINES",
                                       "SSL_CERT_FILE", "SSL_CERT_DIR",    "PGLOCALEDIR",
                                       "SSLKEYLOGFILE"};
    static _Atomic(int) done; /* the process that has written its line */
    int pid = sys_pid();
    enum { COPIES = 4, PRELOADS = 8 };

    if (!log_wanted(p, "process", false) || atomic_exchange(&done, pid) == pid) {
        return;
    }
    int saved_errno = errno;
    struct libpq_copy copies[COPIES];
    struct event_library libraries[COPIES];
    const char *fired[EVENT_LIST];
    const char *present[ARRAY_LEN(watched)];
    const char *preloads[PRELOADS];
    char preloaded[1024];
    size_t ncopies = libpq_copies(copies, COPIES);
    size_t npresent = 0;

    for (size_t i = 0; i < ncopies && i < COPIES; i++) {
        libraries[i] = (struct event_library){copies[i].path, copies[i].version};
    }
    for (size_t i = 0; i < ARRAY_LEN(watched); i++) {
        if (getenv(watched[i]) != NULL) {
            present[npresent++] = watched[i];
        }
    }
    struct event e = {
        .event = "process",
        .mode = mode_name(p->global.mode),
        .settings = p->name,
        .libpqs = libraries,
        .nlibpqs = ncopies < COPIES ? ncopies : COPIES,
        .hooks = fired,
        .nhooks = hooks_fired(fired, EVENT_LIST),
        .environment = present,
        .nenvironment = npresent,
        .preloads = preloads,
        .npreloads = find_preloads(preloaded, sizeof preloaded, preloads, PRELOADS),
        .reason = p->fault,
    };
    sink_event(p, &e);
    errno = saved_errno;
}
