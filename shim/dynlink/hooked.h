/* hooked: the functions of hooks.def by name, and what a linkage slot for one of them should hold.
 */
#ifndef PGSEAL_HOOKED_H
#define PGSEAL_HOOKED_H

#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"

#include <stdbool.h>
#include <stddef.h>

enum { NO_COLUMN = -1 };

/* Names apart from functions: only what holds a pointer costs a relocation at the start of each
 * process. */
struct hooked {
    char name[24];
    char marked[24];    /* the name with a mark that nothing defines (shim/hooks/loader.c) */
    signed char column; /* of libpq's functions: enum column; else NO_COLUMN */
    signed char loader; /* of the loader's: enum loader_function; else NO_COLUMN */
};

enum {
    HOOKED =
#define HOOK(name, kind) +1
#include "shim/hooks.def"
#undef HOOK
};
extern const struct hooked hooked[HOOKED];

/* The one with this name; HOOKED where there is none. Calls nothing that a sanitizer replaces.
 * Async-signal-safe. */
size_t hooked_find(const char *name);

/* A slot of a loaded object. */
struct hooked_slot {
    const struct object *o;
    const struct known *known; /* of o */
    const struct import *import;
    void *holds; /* what it held when it was read */
    size_t hook;
};

/* What the slot should hold: a function of pgseal's that is bound to the one that it leads to.
 * NULL: it stays as it is. *unbound: the dynamic linker has not bound it yet. *open: where it leads
 * cannot be said yet. Takes the loader's lock, so not in a callback of objects_each; with what
 * reach() does to dlerror(). */
void *hooked_target(const struct hooked_slot *slot, bool *unbound, bool *open);

#endif
