/* real: the real dlsym, dlopen and so on, and look-ups that skip pgseal's own definitions. */
#include "shim/dynlink/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

void *real_function(enum loader_function function)
{
    static const char names[][8] = {
        [LOADER_dlsym] = "dlsym",     [LOADER_dlvsym] = "dlvsym",   [LOADER_dlopen] = "dlopen",
        [LOADER_dlmopen] = "dlmopen", [LOADER_dlerror] = "dlerror", [LOADER_dlclose] = "dlclose",
    };
    static void *functions[LOADER_FUNCTIONS]; /* a race only finds one of them twice */
    void *fn = __atomic_load_n(&functions[function], __ATOMIC_RELAXED);
    if (fn == NULL) {
        int saved_errno = errno;
        fn = next_definition(names[function]);
        __atomic_store_n(&functions[function], fn, __ATOMIC_RELAXED);
        errno = saved_errno;
    }
    return fn;
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
    typedef void *dlsym_fn(void *, const char *);
    typedef void *dlvsym_fn(void *, const char *, const char *);
    int saved_errno = errno;
    struct object o;
    void *ask = real_function(version != NULL ? LOADER_dlvsym : LOADER_dlsym);
    void *fn = ask == NULL       ? NULL
               : version != NULL ? ((dlvsym_fn *)ask)(handle, name, version)
                                 : ((dlsym_fn *)ask)(handle, name);
    if (fn == NULL) {
        real_dlerror();
    }
    if (real_is_own(fn)) { /* of another copy of pgseal: take the next definition */
        fn = handle == RTLD_NEXT && object_of(fn, &o) ? definition_after(&o, name) : NULL;
    }
    errno = saved_errno;
    return fn;
}
