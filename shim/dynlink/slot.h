/* slot: writes one slot of a loaded object's linkage table. */
#ifndef PGSEAL_SLOT_H
#define PGSEAL_SLOT_H

#include "lib/elf/loaded.h"

#include <stdbool.h>

/* Lets this slot of o hold replacement, if it still holds what is expected; a page that the dynamic
 * linker has made read-only is so again afterwards. Called with the table's lock (lock.h) inside
 * dl_iterate_phdr's callback, so that the object stays and no other thread changes the same page.
 * Returns false with errno where the slot cannot be written. */
bool slot_write(const struct object *o, void *slot, void *expected, void *replacement);

/* Says, whatever the log's level, that this slot could not be rewritten. Keeps errno. */
void slot_report(const char *object, const char *name, int error);

/* Likewise, of objects in a namespace that cannot be looked at. Keeps errno. */
void slot_report_unseen(const char *object);

#endif
