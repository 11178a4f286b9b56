/* resolve: which libpq a call would have reached without pgseal. */
#ifndef PGSEAL_RESOLVE_H
#define PGSEAL_RESOLVE_H

#include "shim/dynlink/libpq.h"

#include <stdbool.h>
#include <stddef.h>

enum { REASON_MAX = 1024 };

/* Where a call of a hook came from. */
struct call_site {
    const void *address;   /* the return address */
    const void *bound;     /* linkage_bound() of its stub; NULL: a call by the exported name */
    unsigned known_so_far; /* known_so_far() when the call came in */
};

/* Fills *pq with the libpq that this call would have reached without pgseal: the one that the call
 * is bound to, else the only one that is loaded. If several are loaded, every object that could
 * have made the call is considered, and all must use the same libpq (docs/architecture.md).
 * Returns false, with the reason and the paths of all copies, if that does not determine a libpq.
 * Then *pq is a libpq that can make a refused PGconn, and is good for nothing else; all zero if
 * there is none. If the call is ambiguous, *likely (may be NULL) says that *pq is the caller's own
 * libpq or else the first that was loaded: audit mode passes the call on to it. Sweeps first
 * (sweep.h), so a pending dlerror() may be lost. Keeps errno. Takes the loader's locks; not
 * async-signal-safe. */
bool libpq_resolve(struct call_site call_site, const char *entry_point, struct libpq *pq,
                   bool *likely, char *reason, size_t size);

#endif
