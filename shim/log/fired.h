/* fired: the hooks as an enum, and which of them were called in this process. */
#ifndef PGSEAL_FIRED_H
#define PGSEAL_FIRED_H

#include <stddef.h>

enum hook {
#define HOOK(name, kind) HOOK_##name,
#include "shim/hooks.def"
#undef HOOK
    HOOKS
};

/* The exported name. Static. */
const char *hook_name(enum hook hook);

/* Notes, for the process line, that this hook was called (dlsym: for a name in hooks.def; dlopen
 * and dlmopen: if slots were rewritten after it). Keeps errno; async-signal-safe. */
void hook_fired(enum hook hook);

/* Writes the names of these hooks, at most max. Returns how many. Keeps errno;
 * async-signal-safe. */
size_t hooks_fired(const char **names, size_t max);

#endif
