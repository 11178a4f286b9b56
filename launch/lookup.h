/* lookup: finds the file of a command as execvp(3) does. */
#ifndef PGSEAL_LAUNCH_LOOKUP_H
#define PGSEAL_LAUNCH_LOOKUP_H

#include <stddef.h>

/* Writes the path of the executable `name` into path; it contains a slash and never begins with
 * '-'. A name with a slash is used as it is. Otherwise each directory of PATH is tried (an empty
 * one is the working directory); without PATH, /bin and /usr/bin. Returns 0, or the errno that
 * execvp(3) would set: ENOENT, EACCES (found, but a directory, no regular file, or not executable),
 * ENAMETOOLONG, ELOOP. */
int lookup(const char *name, char *path, size_t size);

/* Returns 0 if this process may execute the regular file at path, else the errno of execve(2). */
int lookup_executable(const char *path);

#endif
