/* lock: the one lock of the tables of loaded objects. */
#ifndef PGSEAL_LOCK_H
#define PGSEAL_LOCK_H

#include <stdint.h>

/* Held for a look through a table, or a few stores and calls of mprotect, with all signals blocked:
 * *mask is what was blocked before. The holder may take no other lock. It is a process, so that the
 * child of a fork does not wait for a thread of its parent. Not recursive; keeps errno. */
void lock_take(uint64_t *mask);
void lock_give(const uint64_t *mask);

#endif
