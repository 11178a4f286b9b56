/* linkage: the slots of loaded objects' linkage tables, pointed to functions of pgseal's. */
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

/* Why no connection of this libpq may be made: a slot that it always needs could not be rewritten, or
 * libpq is NULL. False where it may. Pure. */
bool linkage_refuses(const struct linked *libpq, char *reason, size_t size);

/* Whether what this libpq calls through that slot (NULL: a libpq without a row) reaches pgseal. Pure. */
#define LINKED_HAS(libpq, name)                                                                    \
    ((libpq) != NULL && (libpq)->real.name != NULL && !linked_failed(libpq, SLOT_##name))

/* Whether this slot is there and could not be rewritten. Pure. */
static inline bool linked_failed(const struct linked *libpq, enum libpq_slot slot)
{
    return (libpq->failed >> slot & 1) != 0;
}

/* The stubs of shim/hooks/stubs.S: what a rewritten slot points to. */
struct linkage_stubs {
    const unsigned char *start;
    size_t size; /* of one stub; a row has one for each enum libpq_slot, in turn */
};

/* Says where the stubs are: every way into pgseal does so first, since another library's constructor
 * may come before ours. Async-signal-safe. */
void linkage_use(const struct linkage_stubs *stubs);

/* The libpq of a row, as a stub says it (the first is 1). Pure. */
struct linked *linkage_row(unsigned row);

#endif
