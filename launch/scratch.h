/* scratch: a directory for the files that drivers must read. Only this user can write to it. */
#ifndef PGSEAL_LAUNCH_SCRATCH_H
#define PGSEAL_LAUNCH_SCRATCH_H

#include <stddef.h>

/* Writes the bytes to DIRECTORY/KIND-HASH/FILE (FILE may contain slashes) and the path to buf. HASH
 * is of the bytes, so the same bytes are written only once. DIRECTORY is the first usable one of
 * /run/pgseal (root), $XDG_RUNTIME_DIR/pgseal and /tmp/pgseal-UID: it belongs to the user, others
 * cannot write to it, and others cannot rename it. All users can read the files, since a program
 * may give up root, so the bytes must not be secret. Returns NULL, or why nothing was written
 * (static memory). */
const char *scratch_write(const char *kind, const char *file, const char *bytes, size_t len,
                          char *buf, size_t size);

#endif
