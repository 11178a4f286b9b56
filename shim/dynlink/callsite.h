/* callsite: the instruction that a call returns behind. */
#ifndef PGSEAL_CALLSITE_H
#define PGSEAL_CALLSITE_H

#include <stdbool.h>

/* Whether the call that returns to return_address went through slot, a word that the dynamic linker
 * fills: straight, or by a stub of the procedure linkage table. False also where that cannot be
 * told: a call through a register may have gone anywhere. Reads the caller's code, which must be
 * loaded. Pure. Rests on the psABIs of x86-64 and AArch64. */
bool callsite_through(const void *return_address, void *const *slot);

#endif
