/* real: the dynamic linker's own functions, and look-ups through them that leave pgseal's out. */
#ifndef PGSEAL_REAL_H
#define PGSEAL_REAL_H

#include "lib/elf/loaded.h"
#include "shim/dynlink/linkage.h"

#include <stdbool.h>

/* The C library's functions, or what another preload has put before them, by enum loader_function;
 * NULL until they are first needed. The loader's entries read them. */
extern void *real_functions[];

/* One of them, looked for if need be; the same in every thread. Keeps errno. */
void *real_function(enum loader_function function);

/* The real dlsym, dlvsym and dlerror, called with a return address of pgseal's. */
void *real_dlsym(void *handle, const char *name);
void *real_dlvsym(void *handle, const char *name, const char *version);
char *real_dlerror(void);

/* Whether this is the address of a function of pgseal's, or of another copy of it. Keeps errno. */
bool real_is_own(const void *fn);

/* A look-up with the real dlsym (version NULL) or dlvsym, pgseal's own left out. Where it finds
 * nothing, what dlerror() had pending is lost (the failed look-up is not left there). Keeps errno.
 */
void *real_look_up(void *handle, const char *name, const char *version);

/* Something may have joined the global scope since the start. */
void real_global_grew(void);
bool real_global_has_grown(void);

#endif
