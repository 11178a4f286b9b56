/* stubs: the stubs of stubs.S, as the functions behind them see them. */
#ifndef PGSEAL_STUBS_H
#define PGSEAL_STUBS_H

#include "shim/dynlink/linkage.h"

/* The row of the stub through which this thread has come, 0 where it came through none. Set by the
 * stub, taken by the function that it jumps to. */
extern __thread unsigned stub_row;

static inline unsigned stub_take(void)
{
    unsigned row = stub_row;
    stub_row = 0;
    return row;
}

extern const struct linkage_stubs stubs;

#endif
