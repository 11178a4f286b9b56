/* object: the libpgseal.so that is to be preloaded. */
#ifndef PGSEAL_LAUNCH_OBJECT_H
#define PGSEAL_LAUNCH_OBJECT_H

#include <limits.h>
#include <sys/types.h>

struct object {
    char path[PATH_MAX]; /* absolute */
    dev_t device;
    ino_t inode;
};

/* Finds the object (`named` is --lib's value or NULL: beside the launcher, else where it is
 * installed) and judges it. Does not return (status 125) where it is missing, unreadable, no
 * libpgseal.so, of another version than the launcher, for another ELF class or machine, or where
 * its path holds what ld.so would not take literally in LD_PRELOAD: a colon, a blank, a dollar
 * sign. */
void object_find(struct object *o, const char *named);

/* Makes path absolute, without looking at the file system but for the working directory. Ends the
 * launcher (125) where it is too long or there is no working directory; `what` names it in the
 * message. */
void make_absolute(char *buf, size_t size, const char *path, const char *what);

#endif
