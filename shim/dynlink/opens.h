/* opens: what threads are about to open or close, until that is over. */
#ifndef PGSEAL_OPENS_H
#define PGSEAL_OPENS_H

#include <stdbool.h>

/* Says that this process opens something; returns whether this is the first time.
 * Async-signal-safe. */
bool opens_first(void);

/* Whether something was opened in this process, or is about to be. Async-signal-safe. */
bool opens_any(void);

/* This thread is about to open file (NULL: which one is not known); deep: RTLD_DEEPBIND. Over with
 * its next opens_end. Async-signal-safe. */
void opens_announce(const char *file, bool deep);

/* Whether what has this path, and is new, may have come in by an open with RTLD_DEEPBIND: one was
 * announced of a file with the same last part; or what came before it did (deep_before), so that it
 * may be a library of that, and no other open was announced of such a file. Async-signal-safe. */
bool opens_deep(const char *path, bool deep_before);

/* Whether another thread may be just opening something. Async-signal-safe. */
bool opens_of_others(void);

/* What this thread announced is over; but not between opens_call and opens_call_end: the C library
 * may call back (another preload's malloc, which asks dlsym) before anything is there.
 * Async-signal-safe. */
void opens_end(void);

/* Around a call of this thread's that opens something RTLD_DEEPBIND or in another namespace, and
 * the look at what came in, which ends what was announced. opens_call_returned stands between the
 * two. Async-signal-safe. */
void opens_call(void);
void opens_call_returned(void);
void opens_call_end(void);

/* Whether such a call of this thread's has not returned. Async-signal-safe. */
bool opens_inside(void);

/* Whether another thread is between opens_call and opens_call_end. Async-signal-safe. */
bool opens_called_by_others(void);

/* Around a call that closes something. The first waits, but for at most a tenth of a second, while
 * another thread holds objects (below): that close would not be the last one. Where one wait was in
 * vain, the next ones of the same kind are left out for as long as there are such threads. Keep
 * errno; async-signal-safe. */
void opens_close(void);
void opens_close_end(void);

/* Around holding objects (hold.h). The first waits, but for at most a tenth of a second, while
 * another thread closes something. Keep errno. */
void opens_hold(void);
void opens_hold_end(void);

/* For the child of a fork: what other threads had announced is this one's now. Returns whether
 * another thread was opening or closing something. Async-signal-safe. */
bool opens_forked(void);

/* Whether something was opened, by any thread, and not yet swept up after: read by the loader's
 * entries. */
extern bool opens_pending;

/* Whether anything was opened RTLD_DEEPBIND in this process. A variable, for a sanitizer asks dlsym
 * before any function that it has instrumented may run. */
extern bool opens_had_deep;

#endif
