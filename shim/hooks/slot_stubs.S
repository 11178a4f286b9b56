/* slot_stubs: what libpq's own slots are pointed to, a row for each libpq (linkage.h). */
#include "shim/hooks/stub.inc"

table slot_stubs
    .set row, 0
    .rept LINKED_LIBPQS
    .set row, row + 1
#define LIBPQ_SLOT(name, need, result, parameters, arguments) stub landing_##name;
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    .endr
finish_table slot_stubs
