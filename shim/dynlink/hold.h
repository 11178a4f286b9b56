/* hold: keeps loaded objects in the process while they are read.
 *
 * An object is opened once more, so that no other thread can unload it. All functions keep errno
 * and take the loader's locks, so none is for a callback of objects_each. A pending dlerror() may
 * be lost. */
#ifndef PGSEAL_HOLD_H
#define PGSEAL_HOLD_H

#include "shim/dynlink/known.h"

/* Holds this object through the one whose open brought it in. Returns the handle, which dlsym can
 * search and whose scope is the object's own. The caller gives it to hold_end. Waits until another
 * thread's open of the object is over, and as opens_hold says. NULL if the object is no longer
 * loaded, if it has no path (the program, which is never unloaded) or one that contains a $, or if
 * the dynamic linker cannot be used (objects_in_order). */
void *hold(const struct known *k);

/* The same for the first object of another namespace (known.space). Its scope is the namespace's
 * global one. */
void *hold_space(const void *space);

/* Closes a handle of these; NULL is ignored. */
void hold_end(void *handle);

#endif
