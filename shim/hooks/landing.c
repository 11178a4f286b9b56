/* landing: where the stubs of libpq's own slots jump to: the row that the stub left becomes a libpq. */
#include "shim/hooks/stub_size.h"
#include "shim/hooks/stubs.h"
#include "shim/session/slots.h"

#include <dlfcn.h>

__thread unsigned stub_row;

extern const unsigned char libpq_stubs[];
extern const unsigned char loader_stubs[];

const struct linkage_stubs stubs = {
    .libpq = libpq_stubs,
    .loader = loader_stubs,
    .size = STUB_SIZE,
    .exported =
        {
            [LOADER_dlsym] = (void *)dlsym,
            [LOADER_dlvsym] = (void *)dlvsym,
            [LOADER_dlopen] = (void *)dlopen,
            [LOADER_dlmopen] = (void *)dlmopen,
            [LOADER_dlerror] = (void *)dlerror,
        },
};

#define UNPACK(...) __VA_ARGS__
#define LIBPQ_SLOT(name, need, result, parameters, arguments)                                      \
    result landing_##name parameters;                                                              \
    result landing_##name parameters                                                               \
    {                                                                                              \
        return slot_##name(linkage_row(stub_take()), UNPACK arguments);                            \
    }
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
