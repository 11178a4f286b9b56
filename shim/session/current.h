/* current: for which connection this thread is inside libpq, so that a function that libpq calls
 * knows which connection it serves. Plain values, no pointers: a longjmp out of libpq, a callback
 * that opens another connection, or a fork leaves nothing behind that could be gone. */
#ifndef PGSEAL_CURRENT_H
#define PGSEAL_CURRENT_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stdint.h>

/* Also how libpq calling itself through pgseal's hooks is told: it passes on the very arrays or
 * string that it was given. These are compared and never followed. */
struct current {
    uint64_t id;        /* of the conn_state; 0: none */
    uintptr_t keywords; /* what the real call under way was given */
    uintptr_t conninfo;
    bool own;     /* keywords are arrays of pgseal's own, which no program has */
    bool probing; /* pgseal itself asks libpq what a call amounts to */
    bool ldap;    /* an LDAP look-up was refused */
    bool file;    /* a service file was refused; its path is in current_file */
};

/* From here to current_leave this thread works for d (NULL: a connection that pgseal knows nothing
 * of). Returns what current_leave needs. What an earlier call left behind by a longjmp ends here.
 * Async-signal-safe, keep errno. */
struct current current_enter(const struct conn_state *d);
void current_leave(struct current before);

/* The thread's own, to be read and filled in by connect.c and by what libpq calls. Never NULL. */
struct current *current_get(void);

/* The state of the connection that this thread works for; NULL if there is none or it is gone.
 * Async-signal-safe, keeps errno. */
struct conn_state *current_state(void);

/* Whether libpq may do here what it would do without pgseal: the policy says audit, and it is not
 * pgseal itself that asks. Keeps errno. */
bool current_as_bare(void);

/* Room for the path of the file behind `file`: of this thread, valid until its next probe. */
enum { CURRENT_FILE_MAX = 256 };
char *current_file(void);

#endif
