/* pem: which blocks a root or CRL file contains, checked strictly, because OpenSSL reads
 * loosely. */
#ifndef PGSEAL_PEM_H
#define PGSEAL_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pem_kind { PEM_CERTIFICATES, PEM_CRLS };

/* One decoded block; its DER follows. */
struct pem_block {
    uint64_t subject; /* a certificate's: name_hash of it */
    size_t len;       /* of the DER */
    unsigned char der[];
};

/* The decoded blocks of one file, one after another in memory that the caller owns. */
struct pem_blocks {
    unsigned char *at; /* aligned for a struct pem_block */
    size_t len;
    size_t fault_line; /* from 1; 0: there is no fault, or it is not in a line */
};

/* Judges the len bytes at bytes as a file that must hold at least one block of its kind
 * ("CERTIFICATE" or "X509 CRL") and no other. A block is wherever "-----BEGIN" stands, at a line's
 * start or not (OpenSSL's PEM_read_bio finds it after junk). It must begin and end on lines of its
 * own (at most PEM_LINE_MAX bytes: base64.h), end with its own "-----END label-----" before the next
 * "-----BEGIN", and hold base64 of DER that is by its shape (RFC 5280) a certificate or a CRL: what
 * OpenSSL skips silently must not
 * count. Text between blocks is not a fault. Returns NULL if all is well, else a static text:
 * "empty", "contains no certificate", "contains no CRL", "contains a block other than CERTIFICATE",
 * "contains a block other than X509 CRL", "a block does not begin on its own line", "a block is
 * truncated", "a block is not a certificate", "a block is not a CRL", "contains a NUL byte"; or, of
 * a file that is no such text at all, "is DER; …", "is UTF-16; …" or "begins with a byte order
 * mark; …", each with what to do.
 *
 * Decodes the blocks into out, which has room for len bytes and is aligned as malloc aligns, and
 * leaves in *blocks (may be NULL) those before the fault, if any. Keeps errno, pure. */
const char *pem_read(const char *bytes, size_t len, enum pem_kind kind, void *out,
                     struct pem_blocks *blocks);

/* The block after this one; NULL for the first. Returns NULL after the last. Pure. */
const struct pem_block *pem_next(const struct pem_blocks *blocks, const struct pem_block *block);

/* Whether one of the blocks is the certificate at der, n bytes: what is signed is byte for byte the
 * same. (OpenSSL keeps just that part as it was read, and writes what is around it anew.) Pure. */
bool pem_holds(const struct pem_blocks *blocks, const unsigned char *der, size_t n);

#endif
