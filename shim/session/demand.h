/* demand: roots on demand. libpq decodes its whole root file for each connection; a chain asks for
 * one or two of its certificates. */
#ifndef PGSEAL_DEMAND_H
#define PGSEAL_DEMAND_H

#include "lib/os/roots.h"

#include <stdbool.h>

/* The functions of one OpenSSL that this rests on; typed here, since the shim never links to
 * libcrypto and 1.1.1 to 3.6 agree on all of these. X(return type, name, (parameters)). */
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
};

/* Makes the certificate store of the SSL_CTX at ctx find the certificates of roots when a chain
 * asks for them; the store holds them (roots_keep) until it is freed. What a chain gets is what it
 * would get had the whole file been loaded, in the same order: all certificates of the name that is
 * asked for, as X509_NAME_cmp says. o is copied. Returns false if that cannot be done (no memory,
 * more copies of OpenSSL than can be kept apart); the store is as it was then. Keeps errno,
 * thread-safe. Rests on X509_STORE_CTX_get_by_subject, X509_STORE_CTX_get1_issuer and
 * X509_STORE_CTX_get1_certs (crypto/x509/x509_lu.c), and on X509_LOOKUP_meth_new(3) for who holds
 * what. */
bool demand_roots(const struct demand *o, void *ctx, struct roots *roots);

#endif
