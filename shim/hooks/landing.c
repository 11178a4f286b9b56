/* landing: the functions to which the stubs of libpq's own slots jump. They turn the stub's row
 * into a libpq and call slot_NAME (slots.h). */
#include "shim/hooks/stubs.h"
#include "shim/session/slots.h"

__thread unsigned stub_row;

static struct linked *libpq_of(unsigned row, const void *caller)
{
    return row != 0 ? linkage_row(row) : linkage_at(caller);
}

#define UNPACK(...) __VA_ARGS__
#define LIBPQ_SLOT(name, need, result, parameters, arguments)                                      \
    result landing_##name parameters;                                                              \
    result landing_##name parameters                                                               \
    {                                                                                              \
        return slot_##name(libpq_of(stub_take(), __builtin_return_address(0)), UNPACK arguments);  \
    }
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
