/* demand: roots on demand. libpq decodes its whole root file for each connection, but a chain needs
 * only one or two of the certificates. */
#ifndef PGSEAL_DEMAND_H
#define PGSEAL_DEMAND_H

#include "lib/os/roots.h"

#include <stdbool.h>

/* The functions of OpenSSL that this needs: X(return type, name, (parameters)). They are declared
 * here because the shim does not link to libcrypto; OpenSSL 1.1.1 to 3.6 have them all alike. */
#define DEMAND_FUNCTIONS(X)                                                                        \
    X(void *, SSL_CTX_get_cert_store, (const void *ctx))                                           \
    X(void *, X509_LOOKUP_meth_new, (const char *name))                                            \
    X(int, X509_LOOKUP_meth_set_get_by_subject,                                                    \
      (void *method, int (*fn)(void *lookup, int type, const void *name, void *ret)))              \
    X(int, X509_LOOKUP_meth_set_free, (void *method, void (*fn)(void *lookup)))                    \
    X(void *, X509_STORE_add_lookup, (void *store, void *method))                                  \
    X(int, X509_LOOKUP_set_method_data, (void *lookup, void *data))                                \
    X(void *, X509_LOOKUP_get_method_data, (const void *lookup))                                   \
    X(void *, X509_LOOKUP_get_store, (const void *lookup))                                         \
    X(int, X509_NAME_get0_der, (const void *name, const unsigned char **der, size_t *n))           \
    X(int, X509_NAME_cmp, (const void *a, const void *b))                                          \
    X(void *, d2i_X509, (void **x, const unsigned char **der, long n))                             \
    X(void, X509_free, (void *x))                                                                  \
    X(void *, X509_get_subject_name, (const void *x))                                              \
    X(int, X509_STORE_add_cert, (void *store, void *x))                                            \
    X(void *, X509_STORE_get0_objects, (const void *store))                                        \
    X(void *, X509_OBJECT_retrieve_by_subject, (void *objects, int type, const void *name))        \
    X(void *, X509_OBJECT_get0_X509, (const void *object))                                         \
    X(int, X509_OBJECT_set1_X509, (void *object, void *x))                                         \
    X(int, ERR_set_mark, (void))                                                                   \
    X(int, ERR_pop_to_mark, (void))

struct demand {
#define DEMAND_MEMBER(type, name, parameters) type(*name) parameters;
    DEMAND_FUNCTIONS(DEMAND_MEMBER)
#undef DEMAND_MEMBER
    /* The C library's qsort(3), with which OpenSSL sorts. It is looked up, since an import would
     * cost a look-up at the start of each process. */
    void (*sort)(void *items, size_t n, size_t size, int (*compare)(const void *, const void *));
};

/* Makes the certificate store of the SSL_CTX at ctx look up certificates in roots when a chain asks
 * for a subject. A chain gets what it would get if the whole file were loaded, in the same order:
 * all certificates whose subject is equal by X509_NAME_cmp. The store keeps roots (roots_keep)
 * until it is freed. o is copied. With more copies of OpenSSL than can be told apart, or a C
 * library whose qsort(3) loses the order of equals, the store gets all of them at once. Without
 * memory it returns false, and leaves the store as it was. Keeps errno; thread-safe. Relies on
 * X509_STORE_CTX_get_by_subject, X509_STORE_CTX_get1_issuer and X509_STORE_CTX_get1_certs
 * (crypto/x509/x509_lu.c), and on X509_LOOKUP_meth_new(3) for ownership. */
bool demand_roots(const struct demand *o, void *ctx, struct roots *roots);

#endif
