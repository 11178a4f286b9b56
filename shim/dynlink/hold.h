/* hold: keeps loaded objects in the process while they are read. */
#ifndef PGSEAL_HOLD_H
#define PGSEAL_HOLD_H

#include <link.h>

/* Opens the object with this link map and dynamic section (NULL: any) once more, so that no other
 * thread can unload it. space is as in struct object. Returns the handle; the caller gives it to
 * hold_end. dlsym can search it: an object that came in as a library has its own scope from then
 * on. Waits until another thread's open of the object is over, and as opens_hold says. NULL if the
 * object is no longer loaded, if it has no path (the program, which is never unloaded), or if the
 * dynamic linker cannot be used (objects_in_order). A pending dlerror() may be lost. Keeps errno.
 * Takes the loader's locks; not for a callback of objects_each. */
void *hold(const void *map, const ElfW(Dyn) * dyn, const void *space);

/* Closes a handle of hold; NULL is ignored. Keeps errno. Takes the loader's locks. */
void hold_end(void *handle);

#endif
