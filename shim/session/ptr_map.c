/* ptr_map: a lock-free map from pointers to pointers. */
#include "shim/session/ptr_map.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct map_node {
    _Atomic(const void *) key; /* NULL: free for the next key of this bucket */
    _Atomic(void *) value;
    struct map_node *next; /* never changes once other threads can see the node */
};

static const char claimed; /* its address marks a node that changes owners */

static _Atomic(struct map_node *) *bucket_of(struct ptr_map *r, const void *key)
{
    uintptr_t n = (uintptr_t)key >> 4;
    return &r->buckets[(n ^ (n >> 8) ^ (n >> 16)) % PTR_MAP_BUCKETS];
}

struct map_node *ptr_map_reserve(void)
{
    return calloc(1, sizeof(struct map_node));
}

static struct map_node *find(struct ptr_map *r, const void *key)
{
    struct map_node *map_node = key != NULL ? atomic_load(bucket_of(r, key)) : NULL;
    while (map_node != NULL && atomic_load(&map_node->key) != key) {
        map_node = map_node->next;
    }
    return map_node;
}

void ptr_map_bind(struct ptr_map *r, struct map_node *map_node, const void *key, void *value)
{
    struct map_node *stale = find(r, key);
    if (stale != NULL) { /* its owner freed it without a hook, and the address was reused */
        atomic_store(&stale->value, value);
        free(map_node);
        return;
    }
    _Atomic(struct map_node *) *bucket = bucket_of(r, key);
    for (struct map_node *old = atomic_load(bucket); old != NULL; old = old->next) {
        const void *none = NULL;
        if (atomic_compare_exchange_strong(&old->key, &none, &claimed)) {
            atomic_store(&old->value, value);
            atomic_store(&old->key, key);
            free(map_node);
            return;
        }
    }
    atomic_store(&map_node->value, value);
    atomic_store(&map_node->key, key);
    map_node->next = atomic_load(bucket);
    while (!atomic_compare_exchange_weak(bucket, &map_node->next, map_node)) {
        continue;
    }
}

void *ptr_map_find(struct ptr_map *r, const void *key)
{
    struct map_node *map_node = find(r, key);
    return map_node != NULL ? atomic_load(&map_node->value) : NULL;
}

void *ptr_map_remove(struct ptr_map *r, const void *key)
{
    struct map_node *map_node = find(r, key);
    if (map_node == NULL) {
        return NULL;
    }
    void *value = atomic_load(&map_node->value);
    atomic_store(&map_node->key, NULL);
    return value;
}
