/* real: the dynamic linker's own functions, and look-ups through them that leave pgseal's out. */
#include "shim/dynlink/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Found once, in every thread alike, so that a race only finds them twice. */
void *real_dlsym_address, *real_dlvsym_address;
static void *real_dlerror_address;
static bool global_grew;

void *real_find(void **cache, const char *name)
{
    void *fn = __atomic_load_n(cache, __ATOMIC_RELAXED);
    if (fn == NULL) {
        int saved = errno;
        fn = next_definition(name);
        __atomic_store_n(cache, fn, __ATOMIC_RELAXED);
        errno = saved;
    }
    return fn;
}

void *real_dlsym(void *handle, const char *name)
{
    void *fn = real_find(&real_dlsym_address, "dlsym");
    typedef void *dlsym_fn(void *, const char *);
    void *found = fn != NULL ? ((dlsym_fn *)fn)(handle, name) : NULL;
    __asm__ volatile("" ::: "memory"); /* no tail call: the return address must be ours */
    return found;
}

void *real_dlvsym(void *handle, const char *name, const char *version)
{
    void *fn = real_find(&real_dlvsym_address, "dlvsym");
    typedef void *dlvsym_fn(void *, const char *, const char *);
    void *found = fn != NULL ? ((dlvsym_fn *)fn)(handle, name, version) : NULL;
    __asm__ volatile("" ::: "memory");
    return found;
}

char *real_dlerror(void)
{
    void *fn = real_find(&real_dlerror_address, "dlerror");
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
    int saved = errno;
    struct object o;
    void *fn = version != NULL ? real_dlvsym(handle, name, version) : real_dlsym(handle, name);
    if (fn == NULL) {
        real_dlerror();
    }
    if (real_is_own(fn)) { /* another copy of pgseal: what stands behind it */
        fn = handle == RTLD_NEXT && object_of(fn, &o) ? definition_after(&o, name) : NULL;
    }
    errno = saved;
    return fn;
}

void real_global_grew(void)
{
    __atomic_store_n(&global_grew, true, __ATOMIC_RELAXED);
}

void *real_global_next(const char *name)
{
    return __atomic_load_n(&global_grew, __ATOMIC_RELAXED) ? real_look_up(RTLD_NEXT, name, NULL)
                                                           : NULL;
}

/* The definitions of a name among the loaded objects. */
struct definitions {
    const char *name;
    size_t n;
    void *first;
};

static bool count_definition(const struct object *o, void *data)
{
    struct definitions *d = data;
    void *found = object_is_self(o) ? NULL : object_symbol(o, d->name);
    if (found != NULL && d->n++ == 0) {
        d->first = found;
    }
    return d->n > 1;
}

/* What the scope of o itself holds. A link map that was never opened as such has no search list, and
 * dlsym would crash: opening it, as it is loaded already, gives it one. */
static void *in_own_scope(const struct object *o, const char *name, const char *version)
{
    static void *open_address;
    static void *close_address;
    typedef void *dlopen_fn(const char *, int);
    typedef int dlclose_fn(void *);
    void *open = real_find(&open_address, "dlopen");
    void *close = real_find(&close_address, "dlclose");
    if (open == NULL || close == NULL || strchr(o->name, '/') == NULL ||
        strchr(o->name, '$') != NULL) {
        return NULL;
    }
    void *handle = ((dlopen_fn *)open)(o->name, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == NULL) {
        real_dlerror();
        return NULL;
    }
    void *fn = real_look_up(handle, name, version);
    ((dlclose_fn *)close)(handle);
    return fn;
}

void *real_in_reach(const struct object *o, const char *name, const char *version)
{
    struct definitions d = {.name = name};
    objects_each(count_definition, &d);
    if (d.n <= 1) {
        return d.first;
    }
    void *fn = real_look_up(RTLD_NEXT, name, version);
    return fn != NULL ? fn : in_own_scope(o, name, version);
}
