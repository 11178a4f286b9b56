/* stubs: the tables of stubs, and the row that a stub passes on. */
#ifndef PGSEAL_STUBS_H
#define PGSEAL_STUBS_H

#include "shim/dynlink/linkage.h"

/* The row of the stub through which this call came; 0: through none. The stub sets it, and the
 * function behind it takes it first of all. */
extern __thread unsigned stub_row;

/* Returns stub_row and resets it. Keeps errno; async-signal-safe. */
static inline unsigned stub_take(void)
{
    unsigned row = stub_row;
    stub_row = 0;
    return row;
}

/* All tables of stubs, for linkage_use. */
extern const struct linkage_stubs stubs;

/* The tables of slot_stubs.S and stubs.S. */
extern const unsigned char slot_stubs[];
extern const unsigned char hook_stubs[];
extern const unsigned char loader_stubs[];

/* The exported functions once more, of loader_entries.S. */
void written_dlsym(void);
void written_dlvsym(void);
void written_dlopen(void);
void written_dlmopen(void);

#endif
