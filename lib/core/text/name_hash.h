/* name_hash: a hash of X.509 names that does not depend on how a name is encoded. */
#ifndef PGSEAL_NAME_HASH_H
#define PGSEAL_NAME_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { NAME_HASH_ANY = 0 }; /* unknown: may equal any name */

/* Hashes the n bytes of DER of an X.509 name. Names that are equal by OpenSSL's X509_NAME_cmp have
 * the same hash, or one of them has NAME_HASH_ANY. Different names may have the same hash, so it
 * only excludes names. OpenSSL compares a canonical form, which ignores the case of ASCII letters,
 * blanks, the string type and the order within a multi-valued RDN (x509_name_canon in
 * crypto/x509/x_name.c, 1.1.1 to 3.6). So only the ASCII letters and digits of each value are
 * hashed, in lower case, and the values' hashes are added up. A string type that does not store
 * them as ASCII gives NAME_HASH_ANY. (OpenSSL takes a T61String as Latin-1, whose other bytes are
 * not ASCII in UTF-8 either.) Pure. */
uint64_t name_hash(const unsigned char *name, size_t n);

#endif
