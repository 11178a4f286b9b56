/* real: the real dlsym, dlopen and so on, and look-ups that skip pgseal's own definitions. */
#ifndef PGSEAL_REAL_H
#define PGSEAL_REAL_H

#include "lib/elf/loaded.h"
#include "shim/dynlink/linkage.h"

#include <stdbool.h>

/* The next definition after pgseal's: the C library's, or another preload's. Looks it up the first
 * time. Keeps errno. */
void *real_function(enum loader_function function);

/* Calls the real dlerror. */
char *real_dlerror(void);

/* Whether fn is a function of pgseal, or of another copy of it. Keeps errno; takes the loader's
 * lock. */
bool real_is_own(const void *fn);

/* Looks name up with the real dlsym (version NULL) or dlvsym. Returns NULL if there is none. If
 * another copy of pgseal defines it, RTLD_NEXT goes on to the next definition, and any other handle
 * gives NULL. A failure leaves dlerror() empty. Keeps errno. */
void *real_look_up(void *handle, const char *name, const char *version);

#endif
