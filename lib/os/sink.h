/* sink: writes the log. No sink blocks the program, makes it fail or kills it. All functions keep
 * errno. */
#ifndef PGSEAL_SINK_H
#define PGSEAL_SINK_H

#include "lib/core/event/event.h"
#include "lib/core/policy/policy.h"

#include <stdbool.h>

/* Notes what descriptors 1 and 2 are (device, inode, type), in the first call. Two fstat calls.
 * Async-signal-safe. */
void sink_remember_stderr(void);

enum { SINK_NAMED = 4 };

/* Notes what a descriptor is that the log may name (file:/proc/self/fd/3), when the object is
 * loaded; at most SINK_NAMED of them. No other descriptor is ever written to. Async-signal-safe. */
void sink_remember_descriptor(int fd);

/* Formats e and writes the line to p's sink; if that fails, to standard error; if that fails, to
 * /dev/log. If all fail, the line is counted, and the next line has `lost`. Returns whether a sink
 * took the whole line; true for LOG_TO_NONE, which writes nothing. Fills in time, node, pid, uid,
 * lost and, if it is NULL, exe; node and exe are NULL afterwards. The first line of a process that
 * goes elsewhere follows a `process` line with the reason. After a partial write, the line goes to
 * the next sink, and the next line in the first one begins on a new line. One write(2) or send(2)
 * per line. Does not check the level (log_wanted). SIGPIPE, SIGXFSZ and SIGTTOU do not reach the
 * program. Lock-free; safe for threads, signal handlers and the child of a fork. */
bool sink_event(const struct policy *p, struct event *e);

/* Whether p's log_level includes this event. `all` includes every event; `downgrade` includes
 * downgrade, refuse, exempt, failed, violation, plaintext_cancel and, in audit mode, seal. Pure. */
bool log_wanted(const struct policy *p, const char *event, bool audit);

#endif
