/* log_target: what the policy's log names, and whether this process can write it. The object and
 * the tools both use it. */
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

/* What the path of a log names; *fd is the descriptor's number, or -1. Keeps errno;
 * async-signal-safe. */
enum log_target log_target(const char *path, int *fd);

/* Why an opened log file must not be written: it is not a regular file with one link, owned by root
 * or the effective user. Static text; NULL if it may be. Async-signal-safe. */
const char *log_file_distrust(const struct stat *st);

/* Whether this process can write p's log now; if not, writes the reason. `descriptors` says whether
 * this process has the descriptors that the log will have: then one that the log names is checked,
 * too. Nothing is created or written; if the file does not exist, its directory is checked. Keeps
 * errno; async-signal-safe, no cancellation point. */
bool log_writable(const struct policy *p, bool descriptors, char *reason, size_t size);

/* Where the lines go when the log of p cannot be written, in words. Static text. */
const char *log_fallback(const struct policy *p);

/* Writes the log as the policy names it: "stderr", "syslog", "none", "file:/path". Returns buf. */
const char *log_target_name(const struct policy *p, char *buf, size_t size);

#endif
