/* hold: keeps loaded objects in the process while they are looked at. */
#ifndef PGSEAL_HOLD_H
#define PGSEAL_HOLD_H

#include <link.h>

/* Opens the object with this link map and dynamic section (NULL: any) again, space as in struct
 * object, so that no other thread can unload it. Returns its handle, which dlsym may be asked: an
 * object that came in as a library only has a scope of its own from then on. NULL where it is not
 * loaded any more, or has no path to open it by (the program: it is never unloaded), or where the
 * dynamic linker cannot be asked (objects_in_order). What dlerror() had pending may be lost. Keeps
 * errno. Takes the loader's locks; not to be called in a callback of objects_each. */
void *hold(const void *map, const ElfW(Dyn) * dyn, const void *space);

/* Lets go of a handle; NULL: of none. Keeps errno. */
void hold_end(void *handle);

#endif
