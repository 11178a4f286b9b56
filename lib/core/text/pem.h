/* pem: the blocks of a root or CRL file. It is checked strictly, because OpenSSL skips silently
 * what it cannot read. */
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

/* Judges the len bytes at bytes as a file that must contain at least one block of its kind
 * ("CERTIFICATE" or "X509 CRL") and no other. A block is wherever "-----BEGIN" occurs, even inside
 * a line, since OpenSSL's PEM_read_bio finds it there. It must begin and end on lines of its own
 * (of at most PEM_LINE_MAX bytes, base64.h), end with "-----END label-----" before the next
 * "-----BEGIN", and contain base64 of DER with the structure of a certificate or a CRL (RFC 5280).
 * Text between blocks is allowed. Returns NULL if there is no fault, else a static text: "empty",
 * "contains no certificate", "contains no CRL", "contains a block other than CERTIFICATE",
 * "contains a block other than X509 CRL", "a block does not begin on its own line", "a block is
 * truncated", "a block is not a certificate", "a block is not a CRL", "contains a NUL byte"; or "is
 * DER; …", "is UTF-16; …", "begins with a byte order mark; …", with advice.
 *
 * Decodes the blocks into out, which has room for len bytes and malloc's alignment, and sets
 * *blocks (may be NULL) to those before the fault, if any. Pure. */
const char *pem_read(const char *bytes, size_t len, enum pem_kind kind, void *out,
                     struct pem_blocks *blocks);

/* The block after this one; NULL for the first. Returns NULL after the last. Pure. */
const struct pem_block *pem_next(const struct pem_blocks *blocks, const struct pem_block *block);

/* Whether one of the blocks is the certificate with the n bytes of DER at der: the signed parts are
 * equal byte for byte. (OpenSSL keeps only that part as it was read, and encodes the rest anew.)
 * Pure. */
bool pem_holds(const struct pem_blocks *blocks, const unsigned char *der, size_t n);

#endif
