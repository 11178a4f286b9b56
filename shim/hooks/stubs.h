/* stubs: the stubs, as the functions behind them see them. */
#ifndef PGSEAL_STUBS_H
#define PGSEAL_STUBS_H

#include "shim/dynlink/linkage.h"

/* The row of the stub through which this thread has come, 0 if it came through none. Set by the
 * stub, taken by the function that it jumps to. */
extern __thread unsigned stub_row;

static inline unsigned stub_take(void)
{
    unsigned row = stub_row;
    stub_row = 0;
    return row;
}

enum { STUB_SIZE = 32 }; /* as stub.inc has it */

/* All stubs, for linkage_use. */
extern const struct linkage_stubs stubs;

/* The tables of slot_stubs.S and stubs.S. */
extern const unsigned char slot_stubs[];
extern const unsigned char hook_stubs[];
extern const unsigned char loader_stubs[];

#endif
