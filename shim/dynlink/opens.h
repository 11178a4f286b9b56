/* opens: what threads are about to open, until they have swept up after it. */
#ifndef PGSEAL_OPENS_H
#define PGSEAL_OPENS_H

#include <stdbool.h>

/* Says that this process opens something; returns whether this is the first time. Async-signal-safe. */
bool opens_first(void);

/* Whether something was opened in this process, or is about to be. Async-signal-safe. */
bool opens_any(void);

/* This thread is about to open something, deep: RTLD_DEEPBIND. Async-signal-safe. */
void opens_announce(bool deep);

/* Whether a thread may be just opening something RTLD_DEEPBIND. Async-signal-safe. */
bool opens_deep(void);

/* Whether another thread may be just opening something. Async-signal-safe. */
bool opens_of_others(void);

/* What this thread announced is over. Async-signal-safe. */
void opens_end(void);

/* Whether something was opened, by any thread, and not yet swept up after: read by the loader's
 * entries. */
extern bool opens_pending;

/* Whether anything was opened RTLD_DEEPBIND in this process. A variable, for a sanitizer asks dlsym
 * before any function that it has instrumented may run. */
extern bool opens_had_deep;

#endif
