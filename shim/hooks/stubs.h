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

extern const unsigned char libpq_stubs[];

/* Tells the linkage where the stubs are. */
static inline void stubs_use(void)
{
    static const struct linkage_stubs stubs = {libpq_stubs, 32};
    linkage_use(&stubs);
}

#endif
