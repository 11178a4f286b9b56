/* linkage: the libpqs (and, of other namespaces, the C libraries) that rewritten slots are bound
 * to. */
#ifndef PGSEAL_LINKAGE_H
#define PGSEAL_LINKAGE_H

#include "lib/elf/loaded.h"

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { LINKED_LIBPQS = 16 }; /* libpq copies that can be kept apart at a time */

enum libpq_slot {
#define LIBPQ_SLOT(name, need, result, parameters, arguments) SLOT_##name,
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    LIBPQ_SLOTS
};

/* One libpq whose own slots lead to pgseal. Belongs to the table of linkage.c; lives as long as the
 * process, and stands for another libpq only when its own is no longer loaded. */
struct linked {
    const void *base; /* its dynamic section, as libpq.base; NULL: stands for none */
    uint64_t state;   /* objects_state() when its slots were last looked at */
    unsigned failed;  /* a bit for each enum libpq_slot that is there and could not be rewritten */
    struct {          /* what its slots held; NULL where it has no such slot */
#define LIBPQ_SLOT(name, need, result, parameters, arguments) result(*name) parameters;
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    } real;
};

/* Points the slots of this libpq (libpq_slots.def) to pgseal, each only while it holds what it held
 * when it was looked at; a later call finds that done, or does it for an object that was loaded
 * since. What cannot be rewritten is logged at once, whatever the log's level, and stands in
 * `failed`. NULL where as many other libpqs are loaded as can be kept apart. Keeps errno. Takes the
 * loader's lock; not async-signal-safe. */
struct linked *linkage_libpq(const struct object *libpq);

/* Why no connection of this libpq may be made: a slot that it always needs could not be rewritten,
 * or libpq is NULL. False where it may. Pure. */
bool linkage_refuses(const struct linked *libpq, char *reason, size_t size);

/* Whether what this libpq calls through that slot (NULL: a libpq without a row) reaches pgseal.
 * Pure. */
#define LINKED_HAS(libpq, name)                                                                    \
    ((libpq) != NULL && (libpq)->real.name != NULL && !linked_failed(libpq, SLOT_##name))

/* Whether this slot is there and could not be rewritten. Pure. */
static inline bool linked_failed(const struct linked *libpq, enum libpq_slot slot)
{
    return (__atomic_load_n(&libpq->failed, __ATOMIC_RELAXED) >> slot & 1) != 0;
}

/* What a rewritten slot of a caller of libpq's points to: a stub for each of these functions and
 * each row of the table of libpqs. */
enum column {
#define HOOK(name, kind) HOOK_COLUMN_##kind(name)
#define HOOK_COLUMN_ENTRY(name) COLUMN_##name,
#define HOOK_COLUMN_CONN(name) COLUMN_##name,
#define HOOK_COLUMN_CANCEL(name) COLUMN_##name,
#define HOOK_COLUMN_LOADER(name)
#include "shim/hooks.def"
#undef HOOK
    COLUMNS
};

/* Of a C library in another namespace, the same for these. */
enum loader_function {
    LOADER_dlsym,
    LOADER_dlvsym,
    LOADER_dlopen,
    LOADER_dlmopen,
    LOADER_STUBS,
    LOADER_dlerror = LOADER_STUBS, /* these have no stub: there they need nothing of ours */
    LOADER_dlclose,
    LOADER_FUNCTIONS
};

/* Where the stubs (shim/hooks/stub.inc) and the exported functions are; only slots and size where
 * nothing but libpq's own slots is rewritten. */
struct linkage_stubs {
    const unsigned char *slots;  /* by row, then enum libpq_slot */
    const unsigned char *hooks;  /* by row, then enum column */
    const unsigned char *loader; /* by row, then enum loader_function */
    size_t size;                 /* of one stub */
    void *exported[LOADER_FUNCTIONS];
};

/* Says where the stubs are: every way into pgseal does so first, since another library's
 * constructor may come before ours. Async-signal-safe. */
void linkage_use(const struct linkage_stubs *stubs);

/* The one that was said. Pure. */
const struct linkage_stubs *linkage_stubs(void);

/* The libpq of a row, as a stub says it (the first is 1); NULL for the row that stands for none.
 * Pure.
 */
struct linked *linkage_row(unsigned row);

/* The libpq that holds this address, else one of those that are linked. For a call whose stub's
 * word is lost: a signal handler that came between the stub and the function behind it, and called
 * a hook itself. Keeps errno; takes the loader's lock. */
struct linked *linkage_at(const void *address);

/* The place of l in the table, from 0. Pure. */
size_t linkage_index(const struct linked *l);

/* Where calls through the stubs of a row are bound to, for struct call_site: an address in that
 * libpq, or one of pgseal's own for the row that stands for none. Pure. */
const void *linkage_bound(unsigned row);

/* The stub of this column for a libpq; l NULL: for none, it refuses. Pure. */
void *linkage_stub(const struct linked *l, size_t column);

/* If address is that of a stub of a libpq, its row; else 0. Pure. */
unsigned linkage_row_of(const void *address);

/* The real functions of the loader's in another namespace, by the row of its stubs (the first is
 * 1). Pure. */
void *const *linkage_loader(unsigned row);

/* A stub of this function for the C library that holds fn, its real one; NULL where there are more
 * namespaces than can be kept apart. Keeps errno. Takes the loader's lock. */
void *linkage_loader_stub(enum loader_function function, void *fn);

/* Whether address is that of a stub, of either kind. Pure. */
bool linkage_is_stub(const void *address);

#endif
