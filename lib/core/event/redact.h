/* redact: which parts of a value or a message must not be shown. */
#ifndef PGSEAL_REDACT_H
#define PGSEAL_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define HIDDEN "(hidden)"

/* Receives the next piece of a cleaned reason. A piece never ends inside a UTF-8 sequence. */
typedef void redact_put(void *to, const char *s, size_t n);

/* Passes the cleaned form of a reason, which is often libpq's message, to put, piece by piece; at
 * most five times its length, and 8 bytes. Newlines at its end are removed, others become "; ".
 *
 * secret says that it may quote a secret, since the connection's own values are hidden. Then, or if
 * event_redacts says so, everything from a line's first double quote to its last is hidden; and all
 * of a line that has, outside quotes, such a value, an '@', the port (NULL: none), or a byte above
 * 127 (libpq's translations use other quotes). If a line does not close its quotes, the value may
 * span lines: everything from the reason's first quote to its last is hidden. Keeps errno,
 * allocates nothing, async-signal-safe. */
void redact_reason(const char *reason, bool secret, const char *port, redact_put *put, void *to);

/* The offset in the n bytes at s of something that shows a secret: "://" (not if uri is set), or a
 * secret's name followed by '='; n if there is none. Keeps errno, async-signal-safe. */
size_t redact_find_secret(const char *s, size_t n, bool uri);

/* Whether a port is a list of numbers that libpq's parse_int_param (fe-connect.c) accepts; elements
 * may be empty. Keeps errno, async-signal-safe. */
bool redact_port_is_plain(const char *port);

#endif
