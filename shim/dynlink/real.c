/* real: the real dlsym, dlopen and so on, and look-ups that skip pgseal's own definitions. */
#include "shim/dynlink/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

void *real_functions[LOADER_FUNCTIONS];
static bool global_grew;

/* Every thread finds the same, so a race only looks it up twice. */
void *real_function(enum loader_function function)
{
    static const char names[][8] = {
        [LOADER_dlsym] = "dlsym",     [LOADER_dlvsym] = "dlvsym",   [LOADER_dlopen] = "dlopen",
        [LOADER_dlmopen] = "dlmopen", [LOADER_dlerror] = "dlerror", [LOADER_dlclose] = "dlclose",
    };
    void *fn = __atomic_load_n(&real_functions[function], __ATOMIC_RELAXED);
    if (fn == NULL) {
        int saved_errno = errno;
        fn = next_definition(names[function]);
        __atomic_store_n(&real_functions[function], fn, __ATOMIC_RELAXED);
        errno = saved_errno;
    }
    return fn;
}

void *real_dlsym(void *handle, const char *name)
{
    void *fn = real_function(LOADER_dlsym);
    typedef void *dlsym_fn(void *, const char *);
    void *found = fn != NULL ? ((dlsym_fn *)fn)(handle, name) : NULL;
    __asm__ volatile("" ::: "memory"); /* no tail call: the return address must be ours */
    return found;
}

void *real_dlvsym(void *handle, const char *name, const char *version)
{
    void *fn = real_function(LOADER_dlvsym);
    typedef void *dlvsym_fn(void *, const char *, const char *);
    void *found = fn != NULL ? ((dlvsym_fn *)fn)(handle, name, version) : NULL;
    __asm__ volatile("" ::: "memory");
    return found;
}

char *real_dlerror(void)
{
    void *fn = real_function(LOADER_dlerror);
    typedef char *dlerror_fn(void);
    return fn != NULL ? ((dlerror_fn *)fn)() : NULL;
}

bool real_is_own(const void *fn)
{
    struct object o;
    return fn != NULL && object_of(fn, &o) && object_is_self(&o);
}

void *real_look_up(void *handle, const char *name, const char *version)
{
    int saved_errno = errno;
    struct object o;
    void *fn = version != NULL ? real_dlvsym(handle, name, version) : real_dlsym(handle, name);
    if (fn == NULL) {
        real_dlerror();
    }
    if (real_is_own(fn)) { /* of another copy of pgseal: take the next definition */
        fn = handle == RTLD_NEXT && object_of(fn, &o) ? definition_after(&o, name) : NULL;
    }
    errno = saved_errno;
    return fn;
}

void real_global_grew(void)
{
    __atomic_store_n(&global_grew, true, __ATOMIC_RELAXED);
}

bool real_global_has_grown(void)
{
    return __atomic_load_n(&global_grew, __ATOMIC_RELAXED);
}
