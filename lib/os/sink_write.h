/* sink_write: writes a line to a descriptor, a file or syslog. No descriptor is kept open. */
#ifndef PGSEAL_SINK_WRITE_H
#define PGSEAL_SINK_WRITE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The functions of this file do not block, raise no signal, allocate nothing, take no lock, are no
 * cancellation points, and are async-signal-safe. They may change errno. `line` includes its
 * newline, and the byte before it may be changed. They return whether the whole line was
 * written. */

/* What a descriptor was when the object was loaded. */
struct sink_identity {
    atomic_int state; /* see sink_identity_known */
    dev_t device;
    ino_t inode;
    mode_t type; /* S_IFMT bits; 0: it was closed */
};

/* Notes what fd is, in the first call. */
void sink_identify(struct sink_identity *id, int fd);

/* Writes to a descriptor of this process, without changing its flags. If id is not NULL, the
 * descriptor must still be what it was. Of sockets, only a Unix socket is written to. *torn says
 * that the last line there was cut by a partial write: then this one begins with a newline. */
bool sink_to_descriptor(int fd, struct sink_identity *id, char *line, size_t len,
                        atomic_bool *torn);

/* Appends to the file at path, which is created with mode 0600. It must be a regular file with one
 * link, owned by root or the effective user, and no symbolic link. */
bool sink_to_file(const char *path, char *line, size_t len, atomic_bool *torn);

/* Writes to the target of a link such as /proc/1/fd/2. */
bool sink_to_link(const char *path, char *line, size_t len, atomic_bool *torn);

/* Sends one datagram to /dev/log, without the newline. */
bool sink_to_syslog(char *line, size_t len);

#endif
