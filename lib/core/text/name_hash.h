/* name_hash: a number that equal X.509 names share, however they are written. */
#ifndef PGSEAL_NAME_HASH_H
#define PGSEAL_NAME_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { NAME_HASH_ANY = 0 }; /* may equal any name: compare */

/* Hashes the n bytes of DER of an X.509 name. Names that OpenSSL's X509_NAME_cmp calls equal have
 * the same hash, or one of them has NAME_HASH_ANY; names with the same hash may still differ. So it
 * tells only which names need not be compared. OpenSSL compares a canonical form: case of ASCII
 * letters, blanks, the string type and the order within one multi-valued RDN do not count
 * (x509_name_canon in crypto/x509/x_name.c, 1.1.1 to 3.6). Hashed are therefore only the ASCII
 * letters and digits, in lower case, of each value by itself, and the values are added up. (A
 * T61String is Latin-1 to OpenSSL: what is no ASCII in it is none in UTF-8 either.) A string of any
 * other type than those whose letters stand there as ASCII makes it NAME_HASH_ANY. Pure. */
uint64_t name_hash(const unsigned char *name, size_t n);

#endif
