/* pool: the function pointers that dlsym hands out for libpq's doors, each bound to one libpq copy.
 */
#ifndef PGSEAL_BOUND_H
#define PGSEAL_BOUND_H

enum { BOUND_ENTRIES = 16 }; /* libpq copies that can be kept apart at a time */

/* A function of pgseal's that opens a connection by this door (a name of hooks.def's DOOR kind) of
 * the libpq that holds the function real. The same libpq gives the same pointer, in every thread. A
 * slot is given to another libpq only when its own is no longer loaded and all others are taken;
 * with none to give, the pointer is to a function that refuses. NULL where door is no door. Keeps
 * errno; takes no lock of its own. */
void *bound_entry(const char *entry_point, const void *real);

#endif
