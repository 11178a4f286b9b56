/* sweep: looks at what was loaded, when something was, and when it matters. */
#ifndef PGSEAL_SWEEP_H
#define PGSEAL_SWEEP_H

#include <stdbool.h>

/* Looks through what was loaded since the last sweep, if anything was. Rewritten are
 * - of what was opened RTLD_DEEPBIND, and of other namespaces: slots of the functions of hooks.def,
 *   the loader's too;
 * - where there are several libpqs, or one in a process that opens objects (there soon may be
 *   others): slots of libpq's functions in every object.
 * What cannot be rewritten is logged at once. Returns whether any slot was rewritten. Ends what
 * this thread has announced. Keeps errno; allocates nothing but by mmap; takes the loader's locks,
 * and so waits for what other threads are just opening. Where a look-up among several definitions
 * fails, what dlerror() had pending is lost. */
bool sweep(void);

/* Sweeps where a call of libpq depends on it: where there is something that was opened
 * RTLD_DEEPBIND or stands in another namespace and was not looked at; or where there are several
 * libpqs, unless the call is bound to one already. Else that is left to the next sweep, and no lock
 * of the loader's is waited for. Ends what this thread has announced. Keeps errno. */
void sweep_before_call(bool bound);

/* Sweeps, and announces that this thread is about to open file, deep: RTLD_DEEPBIND. Its next sweep
 * is taken for the end of that. Keeps errno. */
void sweep_before_open(const char *file, bool deep);

/* That open has failed: nothing came in. Keeps errno, and dlerror() as it is. */
void sweep_failed(void);

#endif
