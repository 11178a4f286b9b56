/* reach: what a reference of a loaded object would be bound to without pgseal.
 *
 * All functions keep errno and take the loader's locks, so none is async-signal-safe or for a
 * callback of objects_each. If the real dlsym fails while it is asked, a pending dlerror() is
 * lost. */
#ifndef PGSEAL_REACH_H
#define PGSEAL_REACH_H

#include "lib/elf/loaded.h"

/* The definition to which the dynamic linker would bind o's reference to name in this version
 * (NULL: any), pgseal's own left out; NULL if there is none. If o's namespace has one definition,
 * it is that. Of several, it is the first in o's scopes, which the real dlsym is asked for. If such
 * a scope cannot be asked (its object is being unloaded, or its path contains a $), it is NULL, and
 * *sure becomes false (sure may be NULL). *sure is false, too, if it is not known which scope comes
 * first (EITHER), and that decides: then it is the definition in the local scope. */
void *reach(const struct object *o, const char *name, const char *version, bool *sure);

/* Sets *libpq to the one that o's calls of this entry point would reach: o itself, if it is a
 * libpq; the only one of its namespace; the one to which the dynamic linker has bound another
 * import of o; else what reach says. Returns false if there is none, or reach is not sure. */
bool reach_libpq(const struct object *o, const char *entry_point, struct object *libpq);

#endif
