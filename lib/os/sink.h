/* sink: where the log goes. No sink blocks, fails or kills the program; errno is kept
 * throughout. */
#ifndef PGSEAL_SINK_H
#define PGSEAL_SINK_H

#include "lib/core/event/event.h"
#include "lib/core/policy/policy.h"

#include <stdbool.h>

/* Remembers what fd 1 and 2 are (device, inode, type) the first time it is called; the
 * constructor's one sink duty. Two fstats. Keeps errno, async-signal-safe. */
void sink_remember_stderr(void);

enum { SINK_NAMED = 4 };

/* Remembers what a descriptor is that the log may name (file:/proc/self/fd/3), when the object is
 * loaded; at most SINK_NAMED of them. No other is ever written to. Keeps errno,
 * async-signal-safe. */
void sink_remember_descriptor(int fd);

/* Formats e (time, node, pid, uid and lost are filled in here, and exe where the caller left it
 * NULL; node and exe are NULL afterwards) and hands the line to p's sink: else to stderr, else to
 * /dev/log, else it is counted and the next line carries `lost`. The first line of a process that
 * is handed over has one before it, a `process` event whose reason says why. With LOG_TO_NONE
 * nothing is written and true returned. Returns whether the line reached a sink, whole: after a
 * partial write it goes to the next sink, and what follows in the first one begins on a new line.
 * Thread-safe, fork-safe and async-signal-safe without locks; one write(2) or send(2) a line.
 * SIGPIPE, SIGXFSZ and SIGTTOU never reach the program. Keeps errno. Does not look at levels
 * (log_wanted does). */
bool sink_event(const struct policy *p, struct event *e);

/* Whether p's log_level lets this event through: `all` everything, else downgrade, refuse, exempt,
 * failed, violation, plaintext_cancel, and in audit mode seal too. */
bool log_wanted(const struct policy *p, const char *event, bool audit);

#endif
