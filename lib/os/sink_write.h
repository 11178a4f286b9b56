/* sink_write: the ways a line leaves the process, each safe by itself. Nothing is kept open, so
 * nothing can be reused. */
#ifndef PGSEAL_SINK_WRITE_H
#define PGSEAL_SINK_WRITE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* All functions of this file neither block nor raise a signal, allocate nothing, take no lock and
 * are no cancellation points; they are async-signal-safe. They may change errno: sink_event keeps
 * it. `line` is the line with its newline; the byte before it is theirs to change. They return
 * whether the line went out whole. */

/* What a descriptor was when the object was loaded. */
struct sink_identity {
    atomic_int state; /* see sink_identity_known */
    dev_t device;
    ino_t inode;
    mode_t type; /* S_IFMT bits; 0: it was closed */
};

/* Remembers what fd is, the first time. */
void sink_identify(struct sink_identity *id, int fd);

/* Writes to a descriptor of this process, and leaves its flags as they are. Where `id` is not NULL,
 * the descriptor must be what it was. A Unix socket is sent to, any other socket is left alone.
 * *torn says that the last line there was cut by a partial write: this one then begins with a
 * newline. */
bool sink_to_descriptor(int fd, struct sink_identity *id, char *line, size_t len,
                        atomic_bool *torn);

/* Appends to the file at path, made with mode 0600 where there is none. It must be a regular file
 * of root or the effective user with one link, and no symlink. */
bool sink_to_file(const char *path, char *line, size_t len, atomic_bool *torn);

/* Writes to what a link such as /proc/1/fd/2 leads to. */
bool sink_to_link(const char *path, char *line, size_t len, atomic_bool *torn);

/* Sends one datagram to /dev/log, without the newline. */
bool sink_to_syslog(char *line, size_t len);

#endif
