/* hostname: the canonical form of hosts and ports, and whether a section's pattern matches. */
#ifndef PGSEAL_HOSTNAME_H
#define PGSEAL_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

enum { HOST_MAX = 1025 }; /* longest canonical host with its NUL (NI_MAXHOST) */

/* Writes the canonical form of one host element: ASCII case folded, one trailing dot off, address
 * literals in every spelling that getaddrinfo(3) takes as numbers (127.1, 0x7f.1, 2130706433,
 * ::FFFF:127.0.0.1) as inet_ntop writes them, an IPv4-mapped IPv6 address as IPv4, IPv6 scope ids
 * as they stand. Brackets stay: to getaddrinfo "[::1]" is a name. So does the dot of "127.0.0.1.",
 * which it asks the DNS for. Returns false if it is longer than size. Keeps errno, allocates
 * nothing. */
bool host_canonical(const char *host, char *out, size_t size);

/* The number that libpq's parse_int_param (fe-connect.c) reads from a port: blanks around it and a
 * sign are taken. -1 where it is not a number from 1 to 65535. NULL and "" are -1: the caller knows
 * the default. Keeps errno. */
int port_number(const char *port);

/* Whether pattern (as it is in a section header, see policy.h) matches the element host (as the
 * program gave it) and port (1..65535). A pattern may end in :port, with brackets round an IPv6
 * literal then; without a port it matches all. What follows a colon and is not a number is part of
 * a name (Cloud SQL's project:instance). Literals are compared canonically. Only * is special; it
 * crosses dots, never '/', '@' or blanks; a pattern of digits, dots and stars (10.*) matches
 * addresses only, no names. Keeps errno, allocates nothing. */
bool host_matches(const char *pattern, const char *host, int port);

/* The host in a section header's text, without brackets and port; points into pattern. False where
 * the brackets are not balanced. Pure. */
bool host_pattern_host(const char *pattern, const char **host, size_t *len);

/* Whether two patterns that have no fault match the same hosts because they are the same but for
 * spelling. Keeps errno. */
bool host_same_pattern(const char *a, const char *b);

/* Why a section header's text can never match a host, as a static text; NULL if it can. Faults are:
 * empty; blanks, a slash or an @; a port out of range; unbalanced brackets; a socket path, a list,
 * a network, or the syntax of other pattern languages. What follows a "; " is advice. Pure. */
const char *host_pattern_fault(const char *pattern);

#endif
