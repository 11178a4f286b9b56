/* hooks: the table of hooks.def as an enum, and which of them have fired in this process. */
#ifndef PGSEAL_HOOKS_H
#define PGSEAL_HOOKS_H

#include <stddef.h>

enum hook {
#define HOOK(name, kind) HOOK_##name,
#include "shim/hooks.def"
#undef HOOK
    HOOKS
};

/* Remembers, for the process line, that this hook was called (dlsym: with one of our names; dlopen:
 * for an object that it changed something for). Async-signal-safe, keeps errno. */
void hook_fired(enum hook hook);

/* Names of the hooks that have fired, at most max; returns how many. */
size_t hooks_fired(const char **names, size_t max);

#endif
