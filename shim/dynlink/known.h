/* known: a table of the loaded objects: how each came in, and whether its slots were rewritten.
 *
 * The table belongs to known.c. Entries are handed out as copies, or to a callback under the
 * table's lock (lock.h). No function is async-signal-safe unless it says so. */
#ifndef PGSEAL_KNOWN_H
#define PGSEAL_KNOWN_H

#include "lib/elf/loaded.h"
#include "shim/dynlink/opens.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One loaded object, in any namespace. */
struct known {
    const ElfW(Dyn) * dyn;
    void *map;   /* its link map */
    void *space; /* in another namespace, the first link map there; NULL in ours */
    /* Objects that may have come in with the same open have the same number. 0: found by the first
     * update. */
    unsigned lot;
    unsigned came;      /* the number of the update that found it; see known_so_far */
    unsigned suspected; /* the number of the last update for which it may have been another object,
                           at the same address; 0: none */
    enum depth depth;
    unsigned sweep; /* the last sweep that rewrote slots of it, else the first that read them; 0:
                       none yet */
    bool libpq;     /* known_is_libpq */
    bool lazy;      /* the dynamic linker had not bound all its slots when they were read */
    bool open;      /* some of its slots have to be read again */
};

/* Whether k is the entry of o. Pure. */
static inline bool known_is(const struct known *k, const struct object *o)
{
    return k->dyn == o->dyn && k->map == o->map && k->space == o->space;
}

/* Whether o defines the functions that make a libpq. A tracer that interposes only some of libpq's
 * functions is none, and neither is pgseal. Keeps errno. */
bool known_is_libpq(const struct object *o);

/* Whether o is a libpq below 9.0, whose connections are refused. Keeps errno. */
bool known_is_old_libpq(const struct object *o);

/* Brings the table up to date: removes the objects that are gone, and adds new ones as a new lot.
 * The depth of a new object is what opens_depth says. This is asked now, while the open is still
 * announced. Returns false if memory ran out: then some objects are missing. Keeps errno. Takes
 * the loader's lock, and inside it the table's. */
bool known_update(void);

/* The number of the last update (1 if there was none yet): an object with a higher `came` was
 * loaded later. UINT_MAX while an open is under way (opens_pending). Keeps errno;
 * async-signal-safe. */
unsigned known_so_far(void);

/* Says that everything that was being opened at the last update is in the table now: objects that
 * come later are another lot. Keeps errno; takes the table's lock. */
void known_settled(void);

/* Calls fn for each entry, in the order of loading, until fn returns true. Returns whether one did.
 * The table's lock is held: fn may change depth, sweep, lazy and open, and takes no lock. Keeps
 * errno. */
bool known_each(bool (*fn)(struct known *k, void *data), void *data);

/* Copies the entry of the object with this dynamic section. Returns false if there is none. Keeps
 * errno; takes the table's lock. */
bool known_find(const ElfW(Dyn) * dyn, struct known *k);

#endif
