/* openssl: the functions of the OpenSSL that a libpq uses, looked up once for each libpq. */
#include "shim/session/openssl.h"

#include "lib/elf/loaded.h"
#include "shim/dynlink/linkage.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What was found for each row of linkage.h, when objects_state() was this. */
static struct row {
    _Atomic(uint64_t) state;
    _Atomic(struct openssl *) found;
} rows[LINKED_LIBPQS];

/* The objects that define the functions to which libpq's own slots lead. dlsym with a link map as
 * its handle does not work: an object that was never opened has no search list. Other slots may not
 * be bound before their first use. */
struct binding {
    bool has_ssl, has_crypto;
    struct object ssl, crypto;
};

static void *find(const struct binding *b, const char *name)
{
    void *fn = b->has_ssl ? object_symbol(&b->ssl, name) : NULL;
    return fn == NULL && b->has_crypto ? object_symbol(&b->crypto, name) : fn;
}

static void find_all(const struct linked *libpq, struct openssl *o)
{
    struct binding b;
    b.has_ssl = object_of((const void *)libpq->real.SSL_CTX_load_verify_locations, &b.ssl);
    b.has_crypto = object_of((const void *)libpq->real.X509_STORE_load_locations, &b.crypto);
#define FIND(type, name, parameters)                                                               \
    o->name = (type(*) parameters)find(&b, #name);                                                 \
    if (o->name == NULL) {                                                                         \
        o->missing =                                                                               \
            "this libpq's OpenSSL has no " #name ": only libpq's own verification applies";        \
    }
    OPENSSL_FUNCTIONS(FIND)
#undef FIND
    if (!b.has_ssl || !b.has_crypto) {
        o->missing = "this libpq's OpenSSL cannot be found: only libpq's own verification applies";
    }
    o->has_crl = o->has_demand = 1;
#define FIND(type, name, parameters)                                                               \
    o->name = (type(*) parameters)find(&b, #name);                                                 \
    o->has_crl &= o->name != NULL;
    CRL_FUNCTIONS(FIND)
#undef FIND
#define FIND(type, name, parameters)                                                               \
    o->demand.name = (type(*) parameters)find(&b, #name);                                          \
    o->has_demand &= o->demand.name != NULL;
    DEMAND_FUNCTIONS(FIND)
#undef FIND
    o->demand.sort = (__typeof__(o->demand.sort))next_definition("qsort");
    o->has_demand &= o->demand.sort != NULL;
}

const struct openssl *openssl_of(const struct linked *libpq)
{
    int saved_errno = errno;
    struct row *row = &rows[linkage_index(libpq)];
    uint64_t state = objects_state();
    bool current = atomic_load(&row->state) == state; /* before `found`, which is stored first */
    struct openssl *found = atomic_load(&row->found);
    if (found == NULL || !current) {
        struct openssl *fresh = calloc(1, sizeof *fresh);
        if (fresh != NULL) {
            find_all(libpq, fresh);
        }
        if (found != NULL && fresh != NULL && memcmp(found, fresh, sizeof *fresh) == 0) {
            free(fresh);
        } else {
            found = fresh; /* the older one is never freed: another thread may be using it */
            atomic_store(&row->found, fresh);
        }
        atomic_store(&row->state, state);
    }
    errno = saved_errno;
    return found;
}
