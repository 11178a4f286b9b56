/* address: IP address literals, in every spelling that getaddrinfo(3) takes as numbers. */
#ifndef PGSEAL_ADDRESS_H
#define PGSEAL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SCOPE_MAX = 63,                      /* longest scope id that counts as one; IFNAMSIZ is 16 */
    ADDRESS_MAX = 45 + 1 + SCOPE_MAX + 1 /* longest text with its NUL */
};

/* Writes the canonical text of the literal that the len bytes at s are: IPv4 with inet_aton's one
 * to four parts, each decimal, octal or hexadecimal, but without what it allows behind them; IPv6
 * as inet_pton takes it, with a scope id that is kept as it is written. The text is inet_ntop's of
 * glibc; an IPv4-mapped address without a scope is written as the IPv4 address that is connected
 * to. Returns false if it is not a literal; brackets are not part of one. Pure: keeps errno,
 * allocates nothing. */
bool address_text(const char *s, size_t len, char out[ADDRESS_MAX]);

#endif
