/* known: what is remembered of each loaded object: how it came in, and what has been done about it.
 */
#ifndef PGSEAL_KNOWN_H
#define PGSEAL_KNOWN_H

#include "lib/elf/loaded.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One loaded object, in any namespace. */
struct known {
    const ElfW(Dyn) * dyn;
    void *map;   /* its link map */
    void *space; /* of another namespace: the first link map there; NULL: ours */
    /* What may have come in with the same open has the same number; 0: it was there at the first
     * walk. */
    unsigned lot;
    unsigned came; /* the walk that found it (known_so_far) */
    /* Opened RTLD_DEEPBIND, or brought in so: its own scope comes before the global one. */
    bool deep;
    bool libpq; /* it defines libpq's functions */
    /* The last sweep (sweep.h) that found slots to rewrite in it, or looked at it first; 0: none
     * yet. */
    unsigned sweep;
    bool lazy; /* slots of it were rewritten before the dynamic linker had bound them */
    bool open; /* there are slots left that may have to be rewritten later */
};

/* A libpq is whatever defines these: a tracer that interposes some of its functions is none. */
bool known_is_libpq(const struct object *o);

/* A libpq before 9.0, which pgseal does not know: its connections are refused. Keeps errno. */
bool known_is_old_libpq(const struct object *o);

/* Brings the table up to date: what is gone is dropped, and what has come is a lot of its own. Of
 * what a thread may be just opening RTLD_DEEPBIND (opens.h), so is what comes after it in the same
 * lot, up to what others open plainly: asked when it is found, since it is announced before it is
 * there. Returns false where memory ran out: some objects are not in the table then. Keeps errno.
 * Takes the loader's lock and the table's. */
bool known_update(void);

/* The number of the last update, or of the first if there was none yet: what has a higher one in
 * `came` is not there yet. UINT_MAX where a thread may be just opening something.
 * Async-signal-safe. */
unsigned known_so_far(void);

/* Says that all that was being opened at the last update is in the table. Keeps errno. */
void known_settled(void);

/* Calls fn for each entry of the table, in the order in which the objects came, under its lock,
 * until fn returns true; returns whether one did. fn may change sweep and open, and takes no lock.
 * Keeps errno. */
bool known_each(bool (*fn)(struct known *k, void *data), void *data);

/* Copies the entry of this object; false where there is none. Keeps errno. */
bool known_find(const ElfW(Dyn) * dyn, struct known *k);

#endif
