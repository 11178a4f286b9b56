/* redact: which parts of a value or a message must not be shown. Internal to event.c. */
#ifndef PGSEAL_REDACT_H
#define PGSEAL_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define HIDDEN "(hidden)"

/* Receives the next piece of a cleaned reason. A piece never ends inside a UTF-8 sequence. */
typedef void redact_put(void *to, const char *s, size_t n);

/* Passes the cleaned form of reason (event_clean_reason in event.h) to put, piece by piece. secret
 * says that it may quote a secret, since the connection's own values are hidden; then a line that
 * contains port (NULL: none) outside quotes is hidden. In a reason with a secret, a line with a
 * byte above 127 outside quotes is hidden (libpq's translations use other quotes). If a line does
 * not close its quotes, the value may span lines: everything from the reason's first quote to its
 * last is hidden. Keeps errno, allocates nothing, async-signal-safe. */
void redact_reason(const char *reason, bool secret, const char *port, redact_put *put, void *to);

/* Whether a port is a list of numbers that libpq's parse_int_param (fe-connect.c) accepts; elements
 * may be empty. Keeps errno, async-signal-safe. */
bool redact_port_is_plain(const char *port);

#endif
