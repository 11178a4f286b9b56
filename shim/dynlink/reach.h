/* reach: what a reference of a loaded object would be bound to without pgseal. */
#ifndef PGSEAL_REACH_H
#define PGSEAL_REACH_H

#include "lib/elf/loaded.h"

/* Sets *fn to the definition to which the dynamic linker would bind o's reference to name with this
 * version (NULL: any), pgseal's own left out: the one that there is in o's namespace; of several,
 * the first in the scopes of o, which the real dlsym looks through; NULL where there is none.
 * Returns false, and NULL there, where several are there and a scope of o cannot be asked (it is
 * being unloaded, or its path has a $). Where a look-up among several fails, what dlerror() had
 * pending is lost. Keeps errno. */
bool reach_find(const struct object *o, const char *name, const char *version, void **fn);

/* Likewise; NULL also where that cannot be asked. */
void *reach(const struct object *o, const char *name, const char *version);

/* Keeps this object, with what brought it in, from being unloaded; NULL: it is not loaded any more,
 * or cannot be held. The handle is for hold_end. As hold() otherwise. */
struct known;
void *reach_hold(const struct known *k);

/* The libpq that o's calls of this entry point would reach: the only one of its namespace; o
 * itself; that to which the dynamic linker has bound o's other imports of libpq; else as above.
 * False where there is none. Keeps errno. */
bool reach_libpq(const struct object *o, const char *entry_point, struct object *libpq);

#endif
