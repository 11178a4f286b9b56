/* loader: the functions of the dynamic linker's, which lead to libpq past a plain hook. */
#ifndef PGSEAL_LOADER_H
#define PGSEAL_LOADER_H

#include <stdbool.h>

/* One call of a loader hook, as loader_entries.S lays it on the stack. */
struct loader_call {
    void *result;
    void *arg[4];
};

/* What the entries ask: each returns the address of the real function, which is then jumped to with
 * the arguments as they stand in call, or NULL: call->result is returned. caller is the return
 * address. versioned: dlvsym, not dlsym. They keep errno, but for what a real function that they
 * call sets. */
void *loader_dlsym(struct loader_call *call, const void *caller, bool versioned);
void *loader_dlopen(struct loader_call *call, const void *caller);
void *loader_dlmopen(struct loader_call *call, const void *caller);

/* Likewise for callers in other namespaces, through the stub of a row (stubs.h). */
void *loader_dlsym_elsewhere(struct loader_call *call, const void *caller, bool versioned);
void *loader_dlopen_elsewhere(struct loader_call *call, const void *caller);
void *loader_dlmopen_elsewhere(struct loader_call *call, const void *caller);

#endif
