/* lookup: which file a command's name means, found as execvp(3) finds it. */
#ifndef PGSEAL_LAUNCH_LOOKUP_H
#define PGSEAL_LAUNCH_LOOKUP_H

#include <stddef.h>

/* Writes the path of the executable that `name` means into path (at least one slash is in it, and
 * it never begins with '-'). A name with a slash is taken as it is; else each directory of PATH is
 * tried, an empty one being the working directory; without PATH, /bin and /usr/bin. Returns 0, or
 * the errno that execvp(3) would have set: ENOENT, EACCES (found, but a directory, no regular file,
 * or without permission to execute), ENAMETOOLONG, ELOOP. */
int lookup(const char *name, char *path, size_t size);

/* 0 if the kernel would execute the regular file at path for us, else execve(2)'s errno. */
int lookup_executable(const char *path);

#endif
