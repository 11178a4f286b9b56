/* fired: the table of hooks.def as an enum, and which of them have fired in this process. */
#ifndef PGSEAL_FIRED_H
#define PGSEAL_FIRED_H

#include <stddef.h>

enum hook {
#define HOOK(name, kind) HOOK_##name,
#include "shim/hooks.def"
#undef HOOK
    HOOKS
};

/* The exported name. */
const char *hook_name(enum hook hook);

/* Remembers, for the process line, that this hook was called (dlsym: with one of our names; dlopen
 * and dlmopen: for objects whose slots it rewrote). Async-signal-safe, keeps errno. */
void hook_fired(enum hook hook);

/* Names of the hooks that have fired, at most max; returns how many. */
size_t hooks_fired(const char **names, size_t max);

#endif
