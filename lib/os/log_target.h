/* log_target: what the policy's log is, and whether this process can write there: one home for what
 * the object does and what the tools say of it. */
#ifndef PGSEAL_LOG_TARGET_H
#define PGSEAL_LOG_TARGET_H

#include "lib/core/policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum log_target {
    LOG_TARGET_FILE,
    LOG_TARGET_OWN,    /* a descriptor of this process */
    LOG_TARGET_FOREIGN /* of another one: /proc/1/fd/2 */
};

/* What the path of a log names; *fd is the descriptor's number, or -1. Pure but for getpid(2);
 * async-signal-safe. */
enum log_target log_target(const char *path, int *fd);

/* Why an opened log file must not be appended to: it is not a regular file of root or the effective
 * user with one link. NULL: it may. Static text; async-signal-safe. */
const char *log_file_distrust(const struct stat *st);

/* Whether a line of p's log would reach its sink from this process, as it is now; else why not, in
 * why. `descriptors` says whether this process's descriptors are those that the log will have: then
 * one that is named is looked at. Nothing is made or written: a file that is not there yet is
 * judged by its directory. Keeps errno; async-signal-safe, no cancellation point. */
bool log_writable(const struct policy *p, bool descriptors, char *reason, size_t size);

/* Where the lines go when the log of p cannot be written, in words. Static text. */
const char *log_fallback(const struct policy *p);

/* Writes the log as the policy names it: "stderr", "syslog", "none", "file:/path". Returns buf. */
const char *log_target_name(const struct policy *p, char *buf, size_t size);

#endif
