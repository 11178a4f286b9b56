/* loader: the hooks of dlsym, dlvsym, dlopen and dlmopen: with these, a program reaches libpq past
 * the exported hooks. The exported functions are in loader_entries.S and call these. */
#ifndef PGSEAL_LOADER_H
#define PGSEAL_LOADER_H

#include <stdbool.h>

/* One call of such a hook. loader_entries.S builds it on the stack. */
struct loader_call {
    void *result;
    void *arg[4];
};

/* Each returns the address of the real function, to which the entry then jumps with the arguments
 * in call; or NULL, and the entry returns call->result. caller is the return address of the hook;
 * versioned means dlvsym. errno changes only as a real function that they call changes it. They
 * take the loader's locks. */
void *loader_dlsym(struct loader_call *call, const void *caller, bool versioned);
void *loader_dlopen(struct loader_call *call, const void *caller);
void *loader_dlmopen(struct loader_call *call, const void *caller);

/* The same for calls through a loader stub (linkage.h): by callers in other namespaces, and by
 * deepbound objects whose slot led past another preload. The real function is the one behind the
 * stub. */
void *loader_dlsym_elsewhere(struct loader_call *call, const void *caller, bool versioned);
void *loader_dlopen_elsewhere(struct loader_call *call, const void *caller);
void *loader_dlmopen_elsewhere(struct loader_call *call, const void *caller);

#endif
