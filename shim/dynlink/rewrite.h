/* rewrite: points slots of loaded objects to stubs (linkage.h). Each stub is bound to the libpq, or
 * the C library, that its slot led to. */
#ifndef PGSEAL_REWRITE_H
#define PGSEAL_REWRITE_H

#include <stdbool.h>

/* Rewrites the slots of objects that are new, or whose slots have to be read again (known.h): of
 * those that were opened with RTLD_DEEPBIND or are in other namespaces, and of all if everything is
 * set. A slot that cannot be rewritten is logged at once. Sets *rewritten if any slot was
 * rewritten. Returns false if something is left for the next sweep. Locks, dlerror() and memory as
 * sweep(). */
bool rewrite_all(bool everything, bool *rewritten);

/* Notes that an object may have joined the global scope since the start: from now on, slots that
 * the dynamic linker had not bound may have to be rewritten again. Async-signal-safe. */
void rewrite_global_grew(void);

/* The number of the last rewrite_all that found a new object or changed a slot; struct known has
 * each object's own. Async-signal-safe. */
unsigned rewrite_last(void);

#endif
