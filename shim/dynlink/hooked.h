/* hooked: the functions of hooks.def by name, and where a slot for one of them should lead. */
#ifndef PGSEAL_HOOKED_H
#define PGSEAL_HOOKED_H

#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"
#include "shim/log/fired.h"

#include <stdbool.h>
#include <stddef.h>

enum { NO_COLUMN = -1 };

/* A function of hooks.def. It contains no pointer, so that the table needs no relocations when a
 * process starts. */
struct hooked {
    char name[24];
    char marked[24];    /* the name with a mark that nothing defines (shim/hooks/loader.c) */
    signed char column; /* of libpq's functions: enum column; else NO_COLUMN */
    signed char loader; /* of the loader's: enum loader_function; else NO_COLUMN */
};

extern const struct hooked hooked[HOOKS]; /* by enum hook */

/* The index in hooked[] of the function with this name; HOOKS if there is none. Calls nothing that
 * a sanitizer replaces. Keeps errno; async-signal-safe. */
size_t hooked_find(const char *name);

/* What replaces fn, a definition of this function of the loader's: the exported hook, if fn is what
 * that one calls; else, if fn is a C library's, a stub that goes on to it. NULL if it is neither:
 * another preload's, say. Keeps errno; takes the loader's lock. */
void *hooked_for_loader(size_t hook, void *fn);

/* A slot of a loaded object. */
struct hooked_slot {
    const struct object *o;
    const struct known *known; /* of o */
    struct import import;
    void *holds; /* its contents when it was read */
    size_t hook; /* index in hooked[] */
};

/* Whether the slot shows how its object was opened, and then sets *depth. The dynamic linker has
 * bound a slot for a function of the loader's to pgseal's exported one if the object was opened
 * plainly, else past it. Keeps errno; takes the loader's lock. */
bool hooked_depth(const struct hooked_slot *slot, enum depth *depth);

/* What the slot should contain: a stub or a function of pgseal. NULL: leave it as it is. Sets
 * *unbound if the dynamic linker has not bound it yet, and *open if where it leads is not
 * known yet. Keeps errno. Takes the loader's locks and may lose a pending dlerror(), as reach(). */
void *hooked_target(const struct hooked_slot *slot, bool *unbound, bool *open);

#endif
