/* real: the dynamic linker's own functions, and look-ups through them that leave pgseal's out. */
#ifndef PGSEAL_REAL_H
#define PGSEAL_REAL_H

#include "lib/elf/loaded.h"

#include <stdbool.h>

/* The C library's functions, or what another preload has put before them; found at the first use, in
 * every thread alike. NULL until then; the loader's entries read them. */
extern void *real_dlsym_address, *real_dlvsym_address;

/* The definition of name, one of the loader's functions, that comes next after libpgseal.so; kept in
 * *cache. Keeps errno. */
void *real_find(void **cache, const char *name);

/* The real dlsym, dlvsym and dlerror, called with a return address of pgseal's. */
void *real_dlsym(void *handle, const char *name);
void *real_dlvsym(void *handle, const char *name, const char *version);
char *real_dlerror(void);

/* Whether this is the address of a function of pgseal's, or of another copy of it. Keeps errno. */
bool real_is_own(const void *fn);

/* A look-up with the real dlsym (version NULL) or dlvsym, pgseal's own left out. Where it finds
 * nothing, what dlerror() had pending is lost (the failed look-up is not left there). Keeps errno. */
void *real_look_up(void *handle, const char *name, const char *version);

/* Something may have joined the global scope since the start. */
void real_global_grew(void);

/* The definition of name that comes next after libpgseal.so in the global scope, or NULL, as the
 * real dlsym(RTLD_NEXT) has it. What dlerror() had pending is lost only where something was opened
 * RTLD_GLOBAL and there is none. Keeps errno. */
void *real_global_next(const char *name);

/* What a reference of o to name would be bound to without pgseal: the one definition that there is;
 * of several, the first in the global scope, else in o's own, with this version (NULL: any). NULL where
 * there is none. Keeps errno. */
void *real_in_reach(const struct object *o, const char *name, const char *version);

#endif
