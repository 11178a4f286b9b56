/* openssl: the OpenSSL that a libpq is bound to, found once for each libpq. */
#include "shim/session/openssl.h"

#include "shim/dynlink/linkage.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What was found for a libpq (its dynamic section) when objects_state() was this. */
static struct row {
    _Atomic(const void *) base;
    _Atomic(uint64_t) state;
    _Atomic(struct openssl *) found;
} rows[LINKED_LIBPQS];

/* The objects that hold the functions which libpq's own slots lead to. (dlsym with a link map as
 * its handle is no way: one that was never dlopen'ed has no search list yet. Nor are other slots:
 * until they are first used they may be unbound.) */
struct binding {
    struct object ssl;
    struct object crypto;
};

static bool find_binding(const struct libpq *pq, struct binding *b)
{
    struct object libpq;
    const struct linked *l =
        object_of((const void *)pq->PQconnectPoll, &libpq) ? linkage_libpq(&libpq) : NULL;
    return l != NULL && object_of((const void *)l->real.SSL_CTX_load_verify_locations, &b->ssl) &&
           object_of((const void *)l->real.X509_STORE_load_locations, &b->crypto);
}

static void *find(const struct binding *b, const char *name)
{
    void *fn = object_symbol(&b->ssl, name);
    return fn != NULL ? fn : object_symbol(&b->crypto, name);
}

static const char *find_all(const struct libpq *pq, struct openssl *o)
{
    struct binding b;
    const char *missing = NULL;
    if (!find_binding(pq, &b)) {
        return "this libpq's OpenSSL cannot be found: only libpq's own verification applies";
    }
#define FIND(type, name, parameters)                                                               \
    o->name = (type(*) parameters)find(&b, #name);                                                 \
    if (o->name == NULL) {                                                                         \
        missing = "this libpq's OpenSSL has no " #name ": only libpq's own verification applies";  \
    }
    OPENSSL_FUNCTIONS(FIND)
#undef FIND
    o->has_demand = 1;
#define FIND(type, name, parameters)                                                               \
    o->demand.name = (type(*) parameters)find(&b, #name);                                          \
    o->has_demand &= o->demand.name != NULL;
    DEMAND_FUNCTIONS(FIND)
#undef FIND
    return missing;
}

/* The row of this libpq: its own, a free one, or one whose libpq is gone. */
static struct row *row_of(const void *base)
{
    struct object o;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < LINKED_LIBPQS; i++) {
            const void *there = atomic_load(&rows[i].base);
            bool vacant = pass == 0 ? there == NULL : !object_of(there, &o) || o.dyn != there;
            if (there == base ||
                (vacant && atomic_compare_exchange_strong(&rows[i].base, &there, base))) {
                return &rows[i];
            }
        }
    }
    return NULL;
}

const struct openssl *openssl_of(const struct libpq *pq)
{
    int saved_errno = errno;
    struct row *row = row_of(pq->base);
    uint64_t state = objects_state();
    if (row == NULL) {
        return NULL; /* no more libpqs than rows can be linked (linkage_libpq) */
    }
    struct openssl *found = atomic_load(&row->found);
    if (found == NULL || atomic_load(&row->state) != state) {
        struct openssl *fresh = calloc(1, sizeof *fresh);
        if (fresh != NULL) {
            fresh->missing = find_all(pq, fresh);
        }
        if (found != NULL && fresh != NULL && memcmp(found, fresh, sizeof *fresh) == 0) {
            free(fresh);
        } else {
            found = fresh; /* an older one is lost: another thread may be using it */
            atomic_store(&row->found, fresh);
        }
        atomic_store(&row->state, state);
    }
    errno = saved_errno;
    return found;
}
