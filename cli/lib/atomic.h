/* atomic: a file is replaced as a whole or not at all. */
#ifndef PGSEAL_CLI_ATOMIC_H
#define PGSEAL_CLI_ATOMIC_H

#include <stddef.h>

/* Puts n bytes at path: a temporary file in the same directory, fsync, rename, fsync of the
 * directory. An existing file keeps its mode, less what lets group and others write, and its owner
 * where the caller may give it away; a new one is 0644 less the umask. Refuses a path that is there
 * and no regular file (a symbolic link too: name the file itself). Returns NULL when done, else a
 * text that the caller frees: then path is as it was, and no temporary file is left. */
char *atomic_write(const char *path, const void *bytes, size_t n);

/* The same with what `put` writes to the descriptor, which it does not close; put returns 0, or -1
 * with errno. */
char *atomic_put(const char *path, int (*put)(int fd, void *data), void *data);

#endif
