/* sink: where the log goes. No sink blocks, fails or kills the program; errno is kept throughout.
 */
#ifndef PGSEAL_SINK_H
#define PGSEAL_SINK_H

#include "core/event.h"
#include "core/policy.h"

#include <stdbool.h>

/* Remembers what fd 2 is (device, inode, type) the first time it is called; the constructor's one
 * sink duty. One fstat. */
void sink_remember_stderr(void);

/* Formats e (time, node, pid, uid, exe and lost are filled in here) and hands the line to p's sink:
 * else to stderr, else to /dev/log, else it is counted and the next line carries `lost`. With
 * LOG_TO_NONE nothing is written and true returned. Returns whether the line reached a sink.
 * Thread-safe and fork-safe without locks; one write(2) or sendto(2) a line. SIGPIPE and SIGXFSZ
 * never reach the program. Does not look at levels (log_wanted does). */
bool sink_event(const struct policy *p, struct event *e);

/* Whether p's log_level lets this event through: `all` everything, else downgrade, refuse, exempt,
 * failed, violation, plaintext_cancel, and in audit mode seal too. */
bool log_wanted(const struct policy *p, const char *event, bool audit);

#endif
