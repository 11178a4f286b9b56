/* lock: the one lock of the object, for its tables about loaded objects and their slots. */
#ifndef PGSEAL_LOCK_H
#define PGSEAL_LOCK_H

#include <stdint.h>

/* lock_take blocks all signals and takes the lock; *mask gets the old signal mask, which lock_give
 * restores. Hold it for a search of a table, or for a few stores and mprotect calls, and take no
 * other lock meanwhile. Not recursive. The holder is recorded as a process, so the child of a fork
 * does not wait for a thread of its parent. Keep errno; async-signal-safe. */
void lock_take(uint64_t *mask);
void lock_give(const uint64_t *mask);

#endif
