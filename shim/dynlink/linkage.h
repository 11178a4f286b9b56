/* linkage: a table with a row for each libpq that pgseal tells apart, and one with a row for each C
 * library of another namespace.
 *
 * A rewritten slot points to a stub. Each row has its own stubs, so a stub tells the function
 * behind it which libpq the slot is bound to. The tables are static; rows are claimed and filled by
 * atomic operations. "Pure" functions keep errno, take no lock and are async-signal-safe. */
#ifndef PGSEAL_LINKAGE_H
#define PGSEAL_LINKAGE_H

#include "lib/elf/loaded.h"
#include "shim/dynlink/rows.h"

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum libpq_slot {
#define LIBPQ_SLOT(name, need, result, parameters, arguments) SLOT_##name,
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    LIBPQ_SLOTS
};

/* The row of a libpq whose own slots lead to pgseal. linkage.c owns it. It is never freed, and is
 * reused for another libpq only after this one was unloaded. */
struct linked {
    const void *base; /* the dynamic section of the libpq, as libpq.base; NULL: a free row */
    uint64_t state;   /* objects_state() when its slots were last read */
    unsigned failed;  /* a bit for each enum libpq_slot that could not be rewritten */
    struct {          /* what its slots contained; NULL: it has no such slot */
#define LIBPQ_SLOT(name, need, result, parameters, arguments) result(*name) parameters;
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    } real;
};

/* Returns the row of this libpq, after pointing its own slots (libpq_slots.def) to pgseal. This is
 * done once, and again after objects have come or gone. A slot that cannot be rewritten is logged
 * at once, at every level, and marked in `failed`. NULL if all rows belong to other loaded libpqs.
 * Keeps errno. Takes the loader's lock; not async-signal-safe. */
struct linked *linkage_libpq(const struct object *libpq);

/* Whether every connection of this libpq must be refused, with the reason: it has no row (NULL), or
 * a slot with need ALWAYS could not be rewritten. Pure; reason is written only then. */
bool linkage_refuses(const struct linked *libpq, char *reason, size_t size);

/* Whether this libpq has this slot, and its calls through it reach pgseal. False for NULL (a libpq
 * without a row). Pure. */
#define LINKED_HAS(libpq, name)                                                                    \
    ((libpq) != NULL && (libpq)->real.name != NULL && !linked_failed(libpq, SLOT_##name))

/* Whether this libpq has this slot, and it could not be rewritten. Pure. */
static inline bool linked_failed(const struct linked *libpq, enum libpq_slot slot)
{
    return (__atomic_load_n(&libpq->failed, __ATOMIC_RELAXED) >> slot & 1) != 0;
}

/* The functions of libpq in hooks.def. For each of them and each row there is a stub, for the slots
 * of libpq's callers. */
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

/* The same for the functions of the C library in another namespace. */
enum loader_function {
    LOADER_dlsym,
    LOADER_dlvsym,
    LOADER_dlopen,
    LOADER_dlmopen,
    LOADER_STUBS,
    LOADER_dlerror = LOADER_STUBS, /* these have no stub: callers there use the real ones */
    LOADER_dlclose,
    LOADER_FUNCTIONS
};

/* Where the stubs (shim/hooks/stub.inc) and the exported functions are. pgseal explain and check,
 * which rewrite only libpq's own slots, leave out all but slots and size. */
struct linkage_stubs {
    const unsigned char *slots;  /* by row, then enum libpq_slot */
    const unsigned char *hooks;  /* by row, then enum column */
    const unsigned char *loader; /* by row, then enum loader_function */
    size_t size;                 /* of one stub */
    void *exported[LOADER_FUNCTIONS];
    /* The same functions at other addresses: what is written into a slot differs from what the
     * dynamic linker binds. */
    void *written[LOADER_STUBS];
};

/* Sets where the stubs are. Every hook calls this first, since another library's constructor may
 * run before pgseal's own. stubs is never freed. Keeps errno; async-signal-safe. */
void linkage_use(const struct linkage_stubs *stubs);

/* What linkage_use was given. Pure. */
const struct linkage_stubs *linkage_stubs(void);

/* The libpq of a row, by the number that a stub passes (the first is 1); NULL for the last row,
 * LINKED_LIBPQS + 1, whose stubs refuse. Pure. */
struct linked *linkage_row(unsigned row);

/* The row of the libpq that contains this address, else any row in use. For a call whose row was
 * lost: between the stub and the function behind it, a signal handler ran and called a hook. Keeps
 * errno; takes the loader's lock. */
struct linked *linkage_at(const void *address);

/* The index of l in the table, from 0. Pure. */
size_t linkage_index(const struct linked *l);

/* For struct call_site: the dynamic section of the row's libpq; for the row whose stubs refuse, an
 * address in pgseal. Pure. */
const void *linkage_bound(unsigned row);

/* The stub of this libpq for this enum column; of l NULL, one that refuses. Pure. */
void *linkage_stub(const struct linked *l, size_t column);

/* The row whose stub is at address; 0 if there is none. Pure. */
unsigned linkage_row_of(const void *address);

/* The real functions, by enum loader_function, of another namespace's C library. row is the number
 * that its stub passes (the first is 1); 0 if a signal handler took it (see linkage_at): then those
 * of the first one, which find the same, since they go by their caller's address. Pure. */
void *const *linkage_loader(unsigned row);

/* The stub of this function for the C library that contains fn, which becomes the real function
 * behind it. NULL if there are more namespaces than rows. Keeps errno. Takes the loader's lock. */
void *linkage_loader_stub(enum loader_function function, void *fn);

/* Whether address is a stub for a libpq's callers or for a C library's. Pure. */
bool linkage_is_stub(const void *address);

#endif
