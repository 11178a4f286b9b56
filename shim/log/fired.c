/* fired: which hooks were called in this process. */
#include "shim/log/fired.h"

#include <stdatomic.h>

static atomic_uchar fired[HOOKS];

static const char hook_names[HOOKS][24] = {
#define HOOK(name, kind) #name,
#include "shim/hooks.def"
#undef HOOK
};

const char *hook_name(enum hook hook)
{
    return hook_names[hook];
}

void hook_fired(enum hook hook)
{
    atomic_store_explicit(&fired[hook], 1, memory_order_relaxed);
}

size_t hooks_fired(const char **names, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < HOOKS && n < max; i++) {
        if (atomic_load_explicit(&fired[i], memory_order_relaxed) != 0) {
            names[n++] = hook_names[i];
        }
    }
    return n;
}
