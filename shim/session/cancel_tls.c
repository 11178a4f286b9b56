/* cancel_tls: sends a cancel request over TLS, in a thread.
 *
 * PQcancel runs in signal handlers, which may call neither malloc nor OpenSSL, and a TLS handshake
 * needs both. So a helper thread does it. The handler only waits on a futex, for at most LIMIT_MS:
 * if the interrupted thread holds a lock that the helper needs, the request is abandoned before it
 * is sent. */
#include "shim/session/cancel_tls.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/sys.h"
#include "shim/session/current.h"
#include "shim/session/witness.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 10000, QUEUE = 16 };

enum state { IDLE, PENDING, SENT, FAILED };

struct tls_cancel {
    struct conn_state *conn_state; /* a copy: the cancel's own connection has its own outcome */
    PGcancelConn *conn;
    _Atomic(int) state;     /* the futex word */
    _Atomic(int) abandoned; /* the handler has gone */
    _Atomic(int) holders; /* its PGcancel, and the helper that may still touch it: the last frees */
    bool used;
    char message[256];
};

static _Atomic(struct tls_cancel *) queue[QUEUE];
static _Atomic(int) work;       /* counts what was queued; the helper's futex word */
static _Atomic(int) helper_pid; /* the process in which the helper runs; 0: nowhere */

static long futex(_Atomic(int) *word, int op, int value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void tls_cancel_free(struct tls_cancel *c)
{
    if (c != NULL && atomic_fetch_sub(&c->holders, 1) == 1) {
        conn_state_free(session_remove((const PGconn *)c->conn));
        c->conn_state->libpq.PQcancelFinish(c->conn);
        conn_state_free(c->conn_state);
        free(c);
    }
}

/* One cancel, by libpq's own asynchronous functions; between their steps it checks whether the
 * handler still waits. */
static bool send_it(struct tls_cancel *c)
{
    const struct libpq *pq = &c->conn_state->libpq;
    int64_t deadline = now_ms() + LIMIT_MS;
    if (c->used) {
        pq->PQcancelReset(c->conn);
    }
    c->used = true;
    c->conn_state->tls_checked = c->conn_state->blocked = false;
    if (pq->PQcancelStart(c->conn) == 0) {
        return false;
    }
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
        struct pollfd p = {.fd = pq->PQcancelSocket(c->conn),
                           .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        struct timespec most = {.tv_nsec = 100000000};
        syscall(SYS_ppoll, &p, 1, &most, NULL, 0L);
        if (atomic_load(&c->abandoned) != 0 || now_ms() >= deadline) {
            return false;
        }
        if (p.revents != 0) { /* the witness checks this session, too */
            step = witness_polled(c->conn_state, (PGconn *)c->conn, pq->PQcancelPoll(c->conn));
        }
    }
    return step == PGRES_POLLING_OK;
}

static void run(struct tls_cancel *c)
{
    struct current before = current_enter(c->conn_state);
    bool sent = send_it(c);
    current_leave(before);
    const char *text = c->conn_state->blocked ? c->conn_state->message
                                              : c->conn_state->libpq.PQcancelErrorMessage(c->conn);
    /* libpq 17 and 18 cannot try again once TLS has failed, and do not say so. */
    static const char unsaid[] = "the cancel request cannot be sent over TLS again\n";
    strbuf_copy(c->message, sizeof c->message, sent ? NULL : text[0] != '\0' ? text : unsaid);
    atomic_store(&c->state, sent ? SENT : FAILED);
    futex(&c->state, FUTEX_WAKE, INT_MAX, NULL);
    tls_cancel_free(c); /* only now: the waiting thread may free its PGcancel */
}

static void *help(void *unused)
{
    (void)unused;
    for (;;) {
        int seen = atomic_load(&work);
        bool any = false;
        for (size_t i = 0; i < QUEUE; i++) {
            struct tls_cancel *c = atomic_exchange(&queue[i], NULL);
            if (c != NULL) {
                any = true;
                run(c);
            }
        }
        if (!any) {
            futex(&work, FUTEX_WAIT, seen, NULL);
        }
    }
    return NULL;
}

/* Starts the helper with all signals blocked: none of the program's may be delivered to it. */
static bool start_helper(void)
{
    /* Before glibc 2.34 these are in libpthread, which pgseal does not link to. */
    __typeof__(pthread_create) *create =
        (__typeof__(pthread_create) *)next_definition("pthread_create");
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    if (create == NULL) {
        return false;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    bool started = create(&thread, NULL, help, NULL) == 0; /* lives as long as the process */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void in_child(void)
{
    if (atomic_load(&helper_pid) != 0) {
        for (size_t i = 0; i < QUEUE; i++) {
            atomic_store(&queue[i], NULL); /* the parent's */
        }
        atomic_store(&helper_pid, start_helper() ? sys_pid() : 0);
    }
}

static bool ensure_helper(void)
{
    static _Atomic(int) registered;
    int nowhere = 0;
    if (atomic_load(&helper_pid) == sys_pid()) {
        return true;
    }
    if (atomic_exchange(&registered, 1) == 0) {
        typedef int register_fn(void (*)(void), void (*)(void), void (*)(void), void *);
        register_fn *glibc = (register_fn *)next_definition("__register_atfork");
        __typeof__(pthread_atfork) *other =
            (__typeof__(pthread_atfork) *)next_definition("pthread_atfork");
        if (glibc != NULL) {
            glibc(NULL, NULL, in_child, NULL);
        } else if (other != NULL) {
            other(NULL, NULL, in_child);
        }
    }
    if (!atomic_compare_exchange_strong(&helper_pid, &nowhere, sys_pid())) {
        return nowhere == sys_pid();
    }
    if (!start_helper()) {
        atomic_store(&helper_pid, 0);
        return false;
    }
    return true;
}

struct tls_cancel *tls_cancel_prepare(struct conn_state *d, PGconn *conn, const char **why_not)
{
    const struct libpq *pq = &d->libpq;
    *why_not = NULL;
    if (pq->PQcancelCreate == NULL || pq->PQcancelStart == NULL || pq->PQcancelPoll == NULL ||
        pq->PQcancelSocket == NULL || pq->PQcancelReset == NULL || pq->PQcancelFinish == NULL ||
        pq->PQcancelErrorMessage == NULL) {
        *why_not = "plaintext_cancel = encrypt needs libpq 17 or newer";
    } else if (pq->version >= 170000 && pq->version < 170006 && d->hostaddr != NULL) {
        *why_not = "libpq 17.0 to 17.5 cannot cancel a connection with hostaddr; update it";
    } else if (!ensure_helper()) {
        *why_not = "this process cannot start the thread that would send it";
    }
    if (*why_not != NULL) {
        return NULL;
    }
    struct tls_cancel *c = calloc(1, sizeof *c);
    struct conn_state *copy = conn_state_copy(d);
    PGcancelConn *request = c != NULL && copy != NULL ? pq->PQcancelCreate(conn) : NULL;
    if (request == NULL) {
        *why_not = "out of memory";
        free(c);
        conn_state_free(copy);
        return NULL;
    }
    copy->outcome_logged = true; /* the cancel has its own line; only a violation adds one */
    atomic_store(&c->holders, 1);
    c->conn = request;
    c->conn_state = copy;
    /* A PGcancelConn is a PGconn (libpq-int.h struct pg_cancel_conn). */
    session_bind((PGconn *)request, copy);
    return c;
}

/* Puts c into the queue; false: full. */
static bool enqueue(struct tls_cancel *c)
{
    atomic_fetch_add(&c->holders, 1);
    for (size_t i = 0; i < QUEUE; i++) {
        struct tls_cancel *none = NULL;
        if (atomic_compare_exchange_strong(&queue[i], &none, c)) {
            atomic_fetch_add(&work, 1);
            futex(&work, FUTEX_WAKE, 1, NULL);
            return true;
        }
    }
    atomic_fetch_sub(&c->holders, 1); /* never the last one: the PGcancel is in use */
    return false;
}

bool tls_cancel_send(struct tls_cancel *c, char *errbuf, int size, const char **why_not)
{
    int state = atomic_load(&c->state);
    *why_not = NULL;
    if (atomic_load(&helper_pid) != sys_pid()) {
        *why_not = "the thread that would send it over TLS is not running in this process";
    } else if (state == PENDING || !atomic_compare_exchange_strong(&c->state, &state, PENDING)) {
        *why_not = "a cancel request for this connection is already in progress";
    }
    if (*why_not != NULL) {
        return false;
    }
    atomic_store(&c->abandoned, 0);
    if (!enqueue(c)) {
        atomic_store(&c->state, IDLE);
        *why_not = "too many cancel requests are in progress";
        return false;
    }
    int64_t deadline = now_ms() + LIMIT_MS;
    while ((state = atomic_load(&c->state)) == PENDING) {
        int64_t left = deadline - now_ms();
        if (left <= 0) {
            atomic_store(&c->abandoned, 1);
            *why_not = "it could not be sent over TLS in time";
            return false;
        }
        struct timespec t = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        futex(&c->state, FUTEX_WAIT, state, &t);
    }
    if (state != SENT && errbuf != NULL && size > 0) {
        strbuf_copy(errbuf, (size_t)size, c->message);
    }
    return state == SENT;
}
