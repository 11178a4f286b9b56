/* current: the connection for which this thread is inside libpq. The functions that libpq calls
 * (slots.h) use it. It holds plain values and no pointers, so a longjmp out of libpq, a callback
 * that opens another connection, or a fork leaves no dangling pointer. */
#ifndef PGSEAL_CURRENT_H
#define PGSEAL_CURRENT_H

#include "shim/session/session.h"

#include <stdbool.h>
#include <stdint.h>

/* It also shows whether libpq calls itself through a hook: then it passes on the arrays or the
 * string that it was given. These addresses are compared, never followed. */
struct current {
    uint64_t id;        /* of the conn_state; 0: none */
    uintptr_t keywords; /* what the real call under way was given */
    uintptr_t conninfo;
    bool own;     /* keywords are arrays of pgseal's own, which no program has */
    bool probing; /* pgseal itself asks libpq what a call amounts to */
    bool home;    /* likewise, for its home directory: the password file there is not read */
    bool ldap;    /* an LDAP look-up was refused */
    bool file;    /* a service file was refused; its path is in current_file */
};

/* Between current_enter and current_leave this thread works for d (NULL: a connection that pgseal
 * does not know). current_enter returns the previous value, which current_leave restores. It also
 * ends what a longjmp left behind. Keep errno; async-signal-safe. */
struct current current_enter(const struct conn_state *d);
void current_leave(struct current before);

/* This thread's value, for connect.c and the functions that libpq calls to read and set. Never
 * NULL. Async-signal-safe. */
struct current *current_get(void);

/* The state of the connection that this thread works for; NULL if there is none or it is gone.
 * Async-signal-safe, keeps errno. */
struct conn_state *current_state(void);

/* Whether libpq may do what it would do without pgseal: in audit mode, unless pgseal itself called
 * it (a probe). Keeps errno. */
bool current_as_bare(void);

/* A buffer of this thread for the path that `file` refers to; valid until its next probe. */
enum { CURRENT_FILE_MAX = 256 };
char *current_file(void);

#endif
