/* object: finds the libpgseal.so to preload. */
#ifndef PGSEAL_LAUNCH_OBJECT_H
#define PGSEAL_LAUNCH_OBJECT_H

#include <limits.h>
#include <sys/types.h>

struct object {
    char path[PATH_MAX]; /* absolute */
    dev_t device;
    ino_t inode;
};

/* Finds and checks the object: `named` (--lib), or if that is NULL the one beside the launcher,
 * else the installed one. Ends the launcher (125) if it is missing, unreadable, no libpgseal.so, of
 * another version than the launcher, or for another ELF class or machine; or if its path contains a
 * colon, a blank or a dollar sign, which have a meaning in LD_PRELOAD. */
void object_find(struct object *o, const char *named);

/* Writes path as an absolute path into buf, by prefixing the working directory. Ends the launcher
 * (125) if it is too long or there is no working directory; `what` names it in the message. */
void make_absolute(char *buf, size_t size, const char *path, const char *what);

#endif
