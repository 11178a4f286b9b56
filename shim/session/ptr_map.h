/* ptr_map: pointers of the program's (PGconn, PGcancel) to what pgseal knows of them; lock-free. */
#ifndef PGSEAL_PTR_MAP_H
#define PGSEAL_PTR_MAP_H

#include <stdatomic.h>

enum { PTR_MAP_BUCKETS = 256 };

/* A hash of push-only lists whose nodes are reused: safe across threads, signals and fork without a
 * lock, and no larger than the largest number of entries that it ever held at once. Zeroed memory
 * is an empty one. */
struct ptr_map {
    _Atomic(struct map_node *) buckets[PTR_MAP_BUCKETS];
};

/* A place for one entry, allocated before the call after which nothing may fail; NULL without
 * memory. */
struct map_node *ptr_map_reserve(void);

/* Gives a place back that was never used; NULL is nothing. */
void ptr_map_release(struct map_node *map_node);

/* Enters key and uses the place up: from now on ptr_map_find answers. key is not NULL; a value that
 * is already there is replaced (and not freed: others may hold it). */
void ptr_map_bind(struct ptr_map *r, struct map_node *map_node, const void *key, void *value);

/* The value of key, or NULL. Async-signal-safe, keeps errno. */
void *ptr_map_find(struct ptr_map *r, const void *key);

/* Takes key out and returns its value; NULL: it was not there. Async-signal-safe, keeps errno. */
void *ptr_map_remove(struct ptr_map *r, const void *key);

#endif
