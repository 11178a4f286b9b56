/* openssl: the functions of the OpenSSL that a libpq uses, looked up once for each libpq. */
#ifndef PGSEAL_OPENSSL_H
#define PGSEAL_OPENSSL_H

#include "shim/dynlink/linkage.h"
#include "shim/session/demand.h"

#include <stdbool.h>
#include <time.h>

/* What the witness calls: X(return type, name, (parameters)). Declared here because the shim does
 * not link to libssl; OpenSSL 1.1.1 to 3.6 have them all alike. */
#define OPENSSL_FUNCTIONS(X)                                                                       \
    X(long, SSL_get_verify_result, (const void *ssl))                                              \
    X(int, SSL_get_verify_mode, (const void *ssl))                                                 \
    X(void *, SSL_get0_verified_chain, (const void *ssl))                                          \
    X(int, SSL_version, (const void *ssl))                                                         \
    X(const char *, SSL_get_version, (const void *ssl))                                            \
    X(const void *, SSL_get_current_cipher, (const void *ssl))                                     \
    X(const char *, SSL_CIPHER_get_name, (const void *cipher))                                     \
    X(int, SSL_CIPHER_get_bits, (const void *cipher, int *algorithm))                              \
    X(int, OPENSSL_sk_num, (const void *stack))                                                    \
    X(void *, OPENSSL_sk_value, (const void *stack, int i))                                        \
    X(int, i2d_X509, (const void *x, unsigned char **out))                                         \
    X(void *, X509_get_subject_name, (const void *x))                                              \
    X(void *, X509_get_issuer_name, (const void *x))                                               \
    X(char *, X509_NAME_oneline, (const void *name, char *buf, int size))                          \
    X(void *, X509_get_ext_d2i, (const void *x, int nid, int *critical, int *i))                   \
    X(void, GENERAL_NAMES_free, (void *names))                                                     \
    X(void *, GENERAL_NAME_get0_value, (const void *name, int *type))                              \
    X(const unsigned char *, ASN1_STRING_get0_data, (const void *s))                               \
    X(int, ASN1_STRING_length, (const void *s))                                                    \
    X(const void *, X509_get0_notAfter, (const void *x))                                           \
    X(int, ASN1_TIME_to_tm, (const void *t, struct tm *tm))                                        \
    X(const char *, OpenSSL_version, (int what))                                                   \
    X(const void *, EVP_sha256, (void))                                                            \
    X(int, EVP_Digest,                                                                             \
      (const void *data, size_t n, unsigned char *md, unsigned *size, const void *type,            \
       void *engine))                                                                              \
    X(void, ERR_clear_error, (void))

/* What loading a CRL file needs. */
#define CRL_FUNCTIONS(X)                                                                           \
    X(void *, d2i_X509_CRL, (void *crl, const unsigned char **der, long len))                      \
    X(int, X509_STORE_add_crl, (void *store, void *crl))                                           \
    X(void, X509_CRL_free, (void *crl))

/* Immutable once it is filled. */
struct openssl {
    const char *missing; /* NULL, or why the functions below are not all there (static text) */
#define OPENSSL_MEMBER(type, name, parameters) type(*name) parameters;
    OPENSSL_FUNCTIONS(OPENSSL_MEMBER)
    CRL_FUNCTIONS(OPENSSL_MEMBER)
#undef OPENSSL_MEMBER
    size_t has_crl; /* 0 or 1; a size_t leaves no padding, so structs can be compared by memcmp */
    size_t has_demand;    /* likewise */
    struct demand demand; /* for roots on demand, if has_demand */
};

/* The OpenSSL to which the dynamic linker has bound this libpq's imports: no other can read its
 * sessions, and a bundled one may have another name. Looked up once, and again after objects were
 * loaded or unloaded. NULL without memory. The result is never freed. Keeps errno; thread-safe.
 * Takes the loader's lock; not async-signal-safe. */
const struct openssl *openssl_of(const struct linked *libpq);

/* Constants of OpenSSL's public headers that never change. */
enum {
    OSSL_VERSION_TEXT = 0,
    OSSL_VERIFY_PEER = 1,
    OSSL_TLS1_2 = 0x0303,
    OSSL_TLS1_3 = 0x0304,
    OSSL_NID_SUBJECT_ALT_NAME = 85,
    OSSL_GEN_DNS = 2,
    OSSL_GEN_IPADD = 7,
};

#endif
