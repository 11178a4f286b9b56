/* loader: dlsym, dlvsym, dlopen and dlmopen, which lead to libpq past a plain hook. */
#ifndef PGSEAL_LOADER_H
#define PGSEAL_LOADER_H

#include <stddef.h>
#include <stdint.h>

/* How often dlmopen was asked to load something that can reach libpq into a namespace of its own:
 * what happens in there pgseal does not see, except through function pointers that dlsym hands out
 * here. For the process line. */
unsigned loader_namespaces(void);

/* One call of a loader hook, as loader_entry.c lays it on the stack. */
struct loader_call {
    void *result;
    uintptr_t arg[4];
};

/* What the entries jump to: each returns the address of the real function, which is then jumped to
 * with the arguments as they stand in call, or NULL: call->result is returned. caller is the return
 * address. They keep errno. */
void *loader_dlsym(struct loader_call *call, const void *caller);
void *loader_dlvsym(struct loader_call *call, const void *caller);
void *loader_dlopen(struct loader_call *call, const void *caller);
void *loader_dlmopen(struct loader_call *call, const void *caller);

#endif
