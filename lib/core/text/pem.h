/* pem: what blocks a root or CRL file holds, judged as strictly as OpenSSL reads loosely. */
#ifndef PGSEAL_PEM_H
#define PGSEAL_PEM_H

#include <stdbool.h>
#include <stddef.h>

enum pem_kind { PEM_CERTIFICATES, PEM_CRLS };

/* Judges the len bytes at bytes as a file that must hold at least one block of its kind
 * ("CERTIFICATE" or "X509 CRL") and no other: a block is wherever "-----BEGIN" stands, at a line's
 * start or not (OpenSSL's PEM_read_bio finds it after junk), must begin and end on lines of its
 * own, end with its own "-----END label-----" before the next
 * "-----BEGIN", and hold base64 of DER that is by its shape (RFC 5280) a certificate or a CRL: what
 * OpenSSL skips in silence must not count. Text between blocks is no fault. Returns NULL when fine,
 * else a static text: "empty", "holds no certificate", "holds no CRL", "holds another block than
 * CERTIFICATE", "holds another block than X509 CRL", "a block does not begin on a line of its own",
 * "a block is cut", "a block is no certificate", "a block is no CRL", "holds a NUL byte". Keeps
 * errno, pure. */
const char *pem_fault(const char *bytes, size_t len, enum pem_kind kind);

/* Whether one of the CERTIFICATE blocks in the len bytes at bytes holds exactly the n bytes of DER
 * at der. Pure. */
bool pem_holds(const char *bytes, size_t len, const unsigned char *der, size_t n);

#endif
