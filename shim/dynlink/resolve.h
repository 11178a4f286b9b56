/* resolve: which libpq would this caller have reached without pgseal? */
#ifndef PGSEAL_RESOLVE_H
#define PGSEAL_RESOLVE_H

#include "shim/dynlink/libpq.h"

#include <stdbool.h>
#include <stddef.h>

enum { REASON_MAX = 1024 };

/* Where a call came from: a return address, and the libpq to which its slot or function pointer is
 * bound. */
struct call_site {
    const void *address; /* where the hook returns to */
    const void *bound;   /* the libpq's dynamic section; NULL: the call came by the exported name */
    unsigned known_so_far; /* known_so_far(), asked first of all */
};

/* Fills *pq with the functions that this call would have reached without pgseal. A call that is
 * bound to a libpq means that one; else the only one that is loaded; of several, the one that
 * everything means which could have made the call (see docs/architecture.md). Never this object nor
 * another copy of it, never a guess. Returns false with why in reason (all candidate paths named);
 * *pq is then some libpq of the process, good for making a refused PGconn and nothing else, or all
 * zero where there is none. *likely (where it is asked for): it is the one that an ambiguous call
 * most likely means, the caller's own or the one that was there first, and so what audit mode
 * passes the call on to. Sweeps first (sweep.h), with what that does to dlerror(). Keeps errno. Not
 * async-signal-safe (takes the loader's lock). */
bool libpq_resolve(struct call_site call_site, const char *entry_point, struct libpq *pq,
                   bool *likely, char *reason, size_t size);

#endif
