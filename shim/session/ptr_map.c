/* registry: a lock-free map from pointers to pointers. */
#include "shim/session/ptr_map.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct place {
    _Atomic(const void *) key; /* NULL: free for the next key of this bucket */
    _Atomic(void *) value;
    struct place *next; /* never changes once the place can be seen */
};

static const char claimed; /* its address marks a place between two owners */

static _Atomic(struct place *) *bucket_of(struct registry *r, const void *key)
{
    uintptr_t n = (uintptr_t)key >> 4;
    return &r->buckets[(n ^ (n >> 8) ^ (n >> 16)) % REGISTRY_BUCKETS];
}

struct place *registry_reserve(void)
{
    return calloc(1, sizeof(struct place));
}

void registry_release(struct place *place)
{
    free(place);
}

static struct place *find(struct registry *r, const void *key)
{
    struct place *place = key != NULL ? atomic_load(bucket_of(r, key)) : NULL;
    while (place != NULL && atomic_load(&place->key) != key)
        place = place->next;
    return place;
}

void registry_bind(struct registry *r, struct place *place, const void *key, void *value)
{
    struct place *stale = find(r, key);
    if (stale != NULL) { /* its owner freed it past us, and the address came back */
        atomic_store(&stale->value, value);
        free(place);
        return;
    }
    _Atomic(struct place *) *bucket = bucket_of(r, key);
    for (struct place *old = atomic_load(bucket); old != NULL; old = old->next) {
        const void *nobody = NULL;
        if (atomic_compare_exchange_strong(&old->key, &nobody, &claimed)) {
            atomic_store(&old->value, value);
            atomic_store(&old->key, key);
            free(place);
            return;
        }
    }
    atomic_store(&place->value, value);
    atomic_store(&place->key, key);
    place->next = atomic_load(bucket);
    while (!atomic_compare_exchange_weak(bucket, &place->next, place))
        continue;
}

void *registry_find(struct registry *r, const void *key)
{
    struct place *place = find(r, key);
    return place != NULL ? atomic_load(&place->value) : NULL;
}

void *registry_remove(struct registry *r, const void *key)
{
    struct place *place = find(r, key);
    if (place == NULL)
        return NULL;
    void *value = atomic_load(&place->value);
    atomic_store(&place->key, NULL);
    return value;
}
