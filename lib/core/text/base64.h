/* base64: the body of a PEM block, decoded strictly. */
#ifndef PGSEAL_BASE64_H
#define PGSEAL_BASE64_H

#include <stddef.h>

/* The longest line of a PEM block, with its blanks: OpenSSL reads a line of more than 252 bytes in
 * pieces, and takes a piece of blanks for the empty line behind a header. */
enum { PEM_LINE_MAX = 252 };

/* Decodes the text from s to end, which must be whole base64 as RFC 7468 lays it out: lines of 1 to
 * 76 digits and at most PEM_LINE_MAX bytes, blanks only before a line's end, a whole number of
 * groups, padding at the very end only. Writes to out, which has room for end - s bytes, and
 * returns how many they are (at most three quarters of that); 0 if the text is anything else.
 * Pure. */
size_t base64_decode(const char *s, const char *end, unsigned char *out);

#endif
