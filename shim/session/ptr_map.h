/* registry: pointers of the program's (PGconn, PGcancel) to what pgseal knows of them; lock-free.
 */
#ifndef PGSEAL_REGISTRY_H
#define PGSEAL_REGISTRY_H

#include <stdatomic.h>

enum { REGISTRY_BUCKETS = 256 };

/* A hash of push-only lists whose nodes are reused: safe across threads, signals and fork without a
 * lock, and no larger than the largest number of entries that it ever held at once. Zeroed memory
 * is an empty one. */
struct registry {
    _Atomic(struct place *) buckets[REGISTRY_BUCKETS];
};

/* A place for one entry, allocated before the call after which nothing may fail; NULL without
 * memory. */
struct place *registry_reserve(void);

/* Gives a place back that was never used; NULL is nothing. */
void registry_release(struct place *place);

/* Enters key and gives the place up: from now on registry_find answers. key is not NULL; a value
 * that still stands under it is replaced (and not freed: nobody knows who else holds it). */
void registry_bind(struct registry *r, struct place *place, const void *key, void *value);

/* The value of key, or NULL. Async-signal-safe, keeps errno. */
void *registry_find(struct registry *r, const void *key);

/* Takes key out and returns its value; NULL: it was not there. Async-signal-safe, keeps errno. */
void *registry_remove(struct registry *r, const void *key);

#endif
