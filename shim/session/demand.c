/* demand: an X509_LOOKUP over a judged root file. OpenSSL does all the verification; pgseal only
 * leaves out decoding certificates that no chain needs. */
#include "shim/session/demand.h"

#include "lib/core/text/name_hash.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum { COPIES = 8, TYPE_X509 = 1 }; /* X509_LU_X509 */

/* The copies of OpenSSL in this process for which a lookup was made. A lookup's functions get
 * nothing that shows which copy calls them, so each copy has its own functions. Entries are
 * immutable once ready, and are kept: a copy that was unloaded may come back. */
static struct copy {
    atomic_int state;
    struct demand openssl;
    void *method;
} copies[COPIES];
enum { FREE, FILLING, READY };

/* Adds the certificates with this subject to the store; those of any subject if all. */
static void add(const struct demand *o, void *store, const struct roots *roots, const void *name,
                uint64_t hash, bool all)
{
    for (const struct pem_block *b = NULL; (b = pem_next(&roots->blocks, b)) != NULL;) {
        if (!all && b->subject != hash && b->subject != NAME_HASH_ANY) {
            continue;
        }
        const unsigned char *at = b->der;
        void *x = o->d2i_X509(NULL, &at, (long)b->len);
        if (x != NULL && (all || o->X509_NAME_cmp(o->X509_get_subject_name(x), name) == 0)) {
            o->X509_STORE_add_cert(store, x);
        }
        o->X509_free(x);
    }
}

/* Adds what the chain asks for. A name whose hash says nothing needs all of the file decoded; a
 * server that sends a hundred such names gets that once: the store has everything then, and the
 * lookup is done. */
static void add_named(const struct demand *o, void *lookup, void *store, const void *name)
{
    struct roots *roots = o->X509_LOOKUP_get_method_data(lookup);
    const unsigned char *der;
    size_t n;
    if (o->X509_NAME_get0_der(name, &der, &n) == 1) {
        uint64_t hash = name_hash(der, n);
        bool all = hash == NAME_HASH_ANY;
        add(o, store, roots, name, hash, all);
        if (all && o->X509_LOOKUP_set_method_data(lookup, NULL) == 1) {
            roots_release(roots);
        }
    }
}

static int by_subject(const struct demand *o, void *lookup, int type, const void *name, void *ret)
{
    int saved_errno = errno;
    void *store = o->X509_LOOKUP_get_store(lookup);
    int found = 0;
    if (type == TYPE_X509 && o->X509_LOOKUP_get_method_data(lookup) != NULL) {
        o->ERR_set_mark(); /* a block that cannot be decoded is no error of the handshake */
        add_named(o, lookup, store, name);
        void *object =
            o->X509_OBJECT_retrieve_by_subject(o->X509_STORE_get0_objects(store), TYPE_X509, name);
        void *x = object != NULL ? o->X509_OBJECT_get0_X509(object) : NULL;
        /* The first releases of OpenSSL 1.1.1 pass an object that is not initialized, and
         * X509_OBJECT_set1_X509 frees what an object contains, according to its type, its first
         * member. Later releases pass zero there. */
        memset(ret, 0, sizeof(int));
        found = x != NULL && o->X509_OBJECT_set1_X509(ret, x) == 1;
        if (found != 0) {
            o->X509_free(x); /* the caller takes a reference of its own: X509_LOOKUP_meth_new(3) */
        }
        o->ERR_pop_to_mark();
    }
    errno = saved_errno;
    return found;
}

#define EACH_COPY(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define FUNCTIONS(i)                                                                               \
    static int by_subject_##i(void *lookup, int type, const void *name, void *ret)                 \
    {                                                                                              \
        return by_subject(&copies[i].openssl, lookup, type, name, ret);                            \
    }                                                                                              \
    static void free_##i(void *lookup)                                                             \
    {                                                                                              \
        roots_release(copies[i].openssl.X509_LOOKUP_get_method_data(lookup));                      \
    }
EACH_COPY(FUNCTIONS)

static int by_key(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* Whether qsort(3) keeps equals in order. A store sorts all that is in it with qsort, and OpenSSL
 * takes the first of several that fit. If the order of equals depends on what else is there (musl's
 * smoothsort), only the whole file gives the verdict of the whole file. */
static bool sorts_in_order(const struct demand *o)
{
    enum { ITEMS = 100 };
    unsigned char items[ITEMS][2]; /* key and number */
    bool ordered = true;
    for (size_t i = 0; i < ITEMS; i++) {
        items[i][0] = (unsigned char)(i * i % 7);
        items[i][1] = (unsigned char)i;
    }
    o->sort(items, ITEMS, sizeof items[0], by_key);
    for (size_t i = 1; i < ITEMS; i++) {
        ordered = ordered && (items[i - 1][0] != items[i][0] || items[i - 1][1] < items[i][1]);
    }
    return ordered;
}

/* No table of pointers: each would need a relocation when a process starts. */
static void *make_method(const struct demand *o, size_t i)
{
    void *method = sorts_in_order(o) ? o->X509_LOOKUP_meth_new("pgseal roots") : NULL;
    if (method == NULL) {
        return NULL;
    }
    switch (i) {
#define SET(n)                                                                                     \
    case n:                                                                                        \
        o->X509_LOOKUP_meth_set_get_by_subject(method, by_subject_##n);                            \
        o->X509_LOOKUP_meth_set_free(method, free_##n);                                            \
        return method;
        EACH_COPY(SET)
#undef SET
    default:
        return NULL;
    }
}

/* The lookup method for this OpenSSL, made for its first connection; NULL if there is none. */
static void *method_of(const struct demand *o)
{
    for (size_t i = 0; i < COPIES; i++) {
        struct copy *c = &copies[i];
        int state = FREE;
        if (atomic_compare_exchange_strong(&c->state, &state, FILLING)) {
            c->openssl = *o;
            c->method = make_method(o, i);
            atomic_store(&c->state, READY);
            return c->method;
        }
        if (state == READY && memcmp(&c->openssl, o, sizeof *o) == 0) {
            return c->method;
        }
    }
    return NULL;
}

bool demand_roots(const struct demand *o, void *ctx, struct roots *roots)
{
    int saved_errno = errno;
    void *method = method_of(o);
    void *store = o->SSL_CTX_get_cert_store(ctx);
    void *lookup = method != NULL && store != NULL ? o->X509_STORE_add_lookup(store, method) : NULL;
    bool done = method == NULL && store != NULL;
    if (done) {
        o->ERR_set_mark();
        add(o, store, roots, NULL, NAME_HASH_ANY, true);
        o->ERR_pop_to_mark();
    } else if (lookup != NULL && o->X509_LOOKUP_get_method_data(lookup) == NULL) {
        done = o->X509_LOOKUP_set_method_data(lookup, roots_keep(roots)) == 1;
    }
    errno = saved_errno;
    return done;
}
