/* hostname: the canonical form of hosts and ports, and whether a section's pattern matches. */
#ifndef PGSEAL_HOSTNAME_H
#define PGSEAL_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

enum { HOST_MAX = 1025 }; /* longest canonical host with its NUL (NI_MAXHOST) */

/* Writes the canonical form of one host element: in lower case (ASCII), without one trailing dot;
 * address literals in every spelling that getaddrinfo(3) takes as numbers (127.1, 0x7f.1,
 * 2130706433, ::FFFF:127.0.0.1) as inet_ntop writes them; an IPv4-mapped IPv6 address as IPv4; IPv6
 * scope ids unchanged. Brackets are kept, since "[::1]" is a name to getaddrinfo. So is the dot of
 * "127.0.0.1.", which getaddrinfo looks up in the DNS. Returns false if the result does not fit.
 * Keeps errno, allocates nothing. */
bool host_canonical(const char *host, char *out, size_t size);

/* The number that libpq's parse_int_param (fe-connect.c) reads from a port, which accepts blanks
 * around it and a sign; -1 if that is not from 1 to 65535. -1 also for NULL and "": the caller
 * knows the default. Keeps errno. */
int port_number(const char *port);

/* Whether pattern (from a section header) matches the element host, as the program gave it, and
 * port (1 to 65535). A pattern may end in :port, and then has brackets around an IPv6 literal;
 * without a port it matches all ports. What follows a colon and is not a number is part of a name
 * (Cloud SQL's project:instance). Literals are compared in canonical form. Only * is special; it
 * matches dots, but never '/', '@' or blanks. A pattern of digits, dots and stars (10.*) matches
 * only addresses. Keeps errno, allocates nothing. */
bool host_matches(const char *pattern, const char *host, int port);

/* Sets *host and *len to the host in a section header's text, without brackets and port. Returns
 * false if the brackets are not balanced. Pure. */
bool host_pattern_host(const char *pattern, const char **host, size_t *len);

/* Whether two patterns that have no fault differ only in spelling. Keeps errno. */
bool host_same_pattern(const char *a, const char *b);

/* Why a section header's text can never match a host, as a static text; NULL if it can. Faults are:
 * empty; blanks, a slash or an @; a port out of range; unbalanced brackets; a socket path, a list,
 * a network, or the syntax of other pattern languages. What follows a "; " is advice. Pure. */
const char *host_pattern_fault(const char *pattern);

#endif
