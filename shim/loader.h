/* loader: dlsym, dlvsym, dlopen and dlmopen, which lead to libpq past a plain hook. */
#ifndef PGSEAL_LOADER_H
#define PGSEAL_LOADER_H

#include <stddef.h>

/* The definition of name that comes next after libpgseal.so in the global scope, as the real
 * dlsym(RTLD_NEXT) has it, or NULL. Where there is none, what dlerror() had pending is lost (the
 * failed look-up is not left there). Keeps errno. */
void *loader_global_next(const char *name);

/* What the real dlsym finds in the scope of this handle (NULL: none), pgseal's own hooks left out;
 * else as above. */
void *loader_in_scope(void *handle, const char *name);

/* How many times dlmopen was asked for a namespace of its own with something that can reach libpq:
 * what happens in there pgseal does not see, unless its functions are looked up by dlsym from
 * outside. For the process line. */
unsigned loader_namespaces(void);

#endif
