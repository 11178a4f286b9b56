/* sweep: decides when to read what was loaded, and whose slots to rewrite (rewrite.h).
 *
 * All functions keep errno, take the loader's locks and end what this thread has announced
 * (opens.h). If the real dlsym fails while it is asked, a pending dlerror() is lost. None is
 * async-signal-safe. */
#ifndef PGSEAL_SWEEP_H
#define PGSEAL_SWEEP_H

#include <stdbool.h>

/* If objects have come or gone since the last sweep, rewrites
 * - in what was opened with RTLD_DEEPBIND, and in other namespaces: the slots of all functions in
 *   hooks.def;
 * - in every object, if there are several libpqs, or if there is one and the process opens objects
 *   (it may soon have another one): the slots of libpq's functions.
 * A slot that cannot be rewritten is logged at once. Returns whether any slot was rewritten. Waits
 * for opens of other threads. Allocates only with mmap. */
bool sweep(void);

/* The same before a call of libpq, but only if the call depends on it: an object that was opened
 * with RTLD_DEEPBIND, or is in another namespace, was not read yet; or there are several libpqs,
 * and the call is not bound to one (bound is false). Otherwise this is left to the next sweep, and
 * the call does not wait for another thread's constructors. */
void sweep_before_call(bool bound);

/* Sweeps, and then announces that this thread is about to open file (NULL: not known which), with
 * RTLD_DEEPBIND if deep is set. Its next sweep ends that. */
void sweep_before_open(const char *file, bool deep);

#endif
