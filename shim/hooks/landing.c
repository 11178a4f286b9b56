/* landing: where the stubs of libpq's own slots jump to: the row that the stub left becomes a libpq. */
#include "shim/hooks/stubs.h"
#include "shim/session/slots.h"

__thread unsigned stub_row;

#define UNPACK(...) __VA_ARGS__
#define LIBPQ_SLOT(name, need, result, parameters, arguments)                                      \
    result landing_##name parameters;                                                              \
    result landing_##name parameters                                                               \
    {                                                                                              \
        return slot_##name(linkage_row(stub_take()), UNPACK arguments);                            \
    }
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
