/* rewrite: points the slots of loaded objects to functions that are bound to the libpq (or the C
 * library) that they lead to. */
#ifndef PGSEAL_REWRITE_H
#define PGSEAL_REWRITE_H

#include <stdbool.h>

/* Rewrites the slots of what has come since the last time, or was left: of what was opened
 * RTLD_DEEPBIND and of other namespaces, and where everything is true, of all objects. What cannot
 * be rewritten is logged at once. *rewritten becomes true if any slot was. Returns whether all is
 * done; else, the next sweep has to go on with it. Allocates nothing but by mmap; takes the
 * loader's locks; as sweep() otherwise. */
bool rewrite_all(bool everything, bool *rewritten);

/* The number of the last time that slots were looked at; known.sweep of an object is the one that
 * did its own. Pure. */
unsigned rewrite_last(void);

#endif
