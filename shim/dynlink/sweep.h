/* sweep: points the slots of loaded objects to functions that are bound to the libpq (or the C library)
 * that they lead to. */
#ifndef PGSEAL_SWEEP_H
#define PGSEAL_SWEEP_H

#include <stdbool.h>

/* Looks through what was loaded since the last sweep, if anything was. Rewritten are
 * - of what was opened RTLD_DEEPBIND, and of other namespaces: slots of the functions of hooks.def,
 *   the loader's too;
 * - where there are several libpqs (before an open: any, since there soon may be): slots of libpq's
 *   functions in every object.
 * Objects that another thread is just opening are waited for. What cannot be rewritten is logged at
 * once. Returns whether any slot was rewritten. Keeps errno; allocates nothing but by mmap; takes the
 * loader's locks. Where a look-up among several definitions fails, what dlerror() had pending is lost.
 */
enum sweep_reason { SWEEP_FOR_CALL, SWEEP_BEFORE_OPEN };
bool sweep(enum sweep_reason reason);

/* Announces that this thread is about to open something, deep: RTLD_DEEPBIND. Its next sweep is taken
 * for the end of that. Keeps errno. */
void sweep_opening(bool deep);

/* That open has failed: nothing came in. Keeps errno, and dlerror() as it is. */
void sweep_failed(void);

/* Whether anything was opened RTLD_DEEPBIND in this process. A variable, for a sanitizer asks dlsym
 * before any function that it has instrumented may run. */
extern bool sweep_had_deep;

/* Whether something was opened and not yet swept up after: read by the loader's entries. */
extern bool sweep_pending;

/* The number of the last sweep that looked at slots; known.sweep of an object is the one that did its
 * own. Pure. */
unsigned sweep_last(void);

#endif
