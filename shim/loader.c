/* loader: dlsym, dlvsym, dlopen and dlmopen, which lead to libpq past a plain hook. */
#define _GNU_SOURCE
#include "loader.h"

#include "objects.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

/* The real functions: found once, in every thread alike, so that a race only finds them twice. */
static struct {
    void *dlsym, *dlerror;
} real;

static void *find(void **cache, const char *name)
{
    void *fn = __atomic_load_n(cache, __ATOMIC_RELAXED);
    if (!fn) {
        fn = next_definition(name);
        __atomic_store_n(cache, fn, __ATOMIC_RELAXED);
    }
    return fn;
}

/* Calls the real dlsym from here, so that RTLD_NEXT means what comes after libpgseal.so; a failure
 * leaves no dlerror(). */
static void *look_up(void *handle, const char *name)
{
    void *fn = find(&real.dlsym, "dlsym"), *dlerror_fn = find(&real.dlerror, "dlerror"),
         *found = NULL;
    void *(*real_dlsym)(void *, const char *);
    char *(*real_dlerror)(void);
    struct object o;
    int saved = errno;
    memcpy(&real_dlsym, &fn, sizeof fn);
    memcpy(&real_dlerror, &dlerror_fn, sizeof dlerror_fn);
    if (real_dlsym) {
        found = real_dlsym(handle, name);
        if (!found && real_dlerror) {
            real_dlerror();
        }
    }
    errno = saved;
    return found && object_of(found, &o) && !object_is_self(&o) ? found : NULL;
}

void *loader_global_next(const char *name)
{
    return look_up(RTLD_NEXT, name);
}

void *loader_in_scope(void *handle, const char *name)
{
    return handle ? look_up(handle, name) : NULL;
}
