/* ptr_map: a lock-free map from the program's pointers (PGconn, PGcancel) to pgseal's data. */
#ifndef PGSEAL_PTR_MAP_H
#define PGSEAL_PTR_MAP_H

#include <stdatomic.h>

enum { PTR_MAP_BUCKETS = 256 };

/* A hash table of lists. Nodes are only added, and reused after their entry was removed, so the
 * table is safe for threads, signal handlers and the child of a fork, and has as many nodes as it
 * ever had entries at once. Zeroed memory is an empty map. */
struct ptr_map {
    _Atomic(struct map_node *) buckets[PTR_MAP_BUCKETS];
};

/* A node, malloc'ed before a call after which nothing may fail; NULL without memory. The caller
 * frees it, or passes it to ptr_map_bind. */
struct map_node *ptr_map_reserve(void);

/* Adds an entry and takes over the node. key is not NULL. If key is already there, its value is
 * replaced, and not freed. Keeps errno. */
void ptr_map_bind(struct ptr_map *r, struct map_node *map_node, const void *key, void *value);

/* The value of key, or NULL. Keeps errno; async-signal-safe. */
void *ptr_map_find(struct ptr_map *r, const void *key);

/* Removes key and returns its value; NULL if it was not there. Keeps errno; async-signal-safe. */
void *ptr_map_remove(struct ptr_map *r, const void *key);

#endif
