/* slot: writes one slot of a loaded object's linkage table. */
#ifndef PGSEAL_SLOT_H
#define PGSEAL_SLOT_H

#include "lib/elf/loaded.h"

/* Writes replacement into this slot of o, if it still contains expected. A read-only page is made
 * writable for that, and read-only again. Returns 0, or the errno if the slot cannot be written; 0
 * also if it contained something else. Keeps errno; takes the loader's lock. */
int slot_write(const struct object *o, void *slot, void *expected, void *replacement);

/* Logs, at every level, that the slot for name in this object (a path) could not be rewritten.
 * error is the errno. Keeps errno. */
void slot_report(const char *object, const char *name, int error);

/* Logs, at every level, that this object is in a namespace that cannot be read. Keeps errno. */
void slot_report_unseen(const char *object);

#endif
