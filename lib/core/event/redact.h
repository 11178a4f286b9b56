/* redact: which part of a value or a message must not be shown; the internals of event_redacts and
 * event_clean_reason. */
#ifndef PGSEAL_REDACT_H
#define PGSEAL_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define HIDDEN "(hidden)"

/* Takes the next piece of a cleaned reason; pieces end where ASCII characters do, so never inside a
 * UTF-8 sequence. */
typedef void redact_put(void *to, const char *s, size_t n);

/* Gives the cleaned form of reason (event_clean_reason in event.h says how) to put, piece by piece.
 * secret: it is one, whatever it says, for the connection's own values are hidden. A line that
 * names port (NULL: none) outside of quotes is hidden then. In a reason with a secret a line that
 * has a byte above 127 outside of quotes is hidden too (libpq's translations quote with other
 * marks), and where a line does not close its quotes, the value may span lines: all lines from the
 * first quote of the reason to the last are hidden. Keeps errno, allocates nothing,
 * async-signal-safe. */
void redact_reason(const char *reason, bool secret, const char *port, redact_put *put, void *to);

/* Whether a port is a list of numbers as libpq's parse_int_param (fe-connect.c) would take them,
 * elements may be empty. Keeps errno, async-signal-safe. */
bool redact_port_is_plain(const char *port);

#endif
