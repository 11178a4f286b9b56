/* scratch: a directory for the few files that drivers must read, which nobody else can write to. */
#ifndef PGSEAL_LAUNCH_SCRATCH_H
#define PGSEAL_LAUNCH_SCRATCH_H

#include <stddef.h>

/* Writes the bytes to DIRECTORY/KIND-HASH/FILE (FILE may hold slashes), where HASH is that of the
 * bytes, so that the same bytes are written only once; the path goes to buf. DIRECTORY is the first
 * that can be had of /run/pgseal (root), $XDG_RUNTIME_DIR/pgseal and /tmp/pgseal-UID: the user's
 * own, not writable by others, in a directory that nobody else can move it out of. Files are
 * readable by all (a program may give up root), so the bytes must be no secret. Returns NULL, or
 * why nothing was written (static memory). */
const char *scratch_write(const char *kind, const char *file, const char *bytes, size_t len,
                          char *buf, size_t size);

#endif
