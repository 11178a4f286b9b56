/* hold: keeps loaded objects in the process while they are looked at. */
#include "shim/dynlink/hold.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "shim/dynlink/opens.h"
#include "shim/dynlink/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

typedef int dlclose_fn(void *);
typedef int dlinfo_fn(void *, int, void *);
typedef void *dlopen_fn(const char *, int);
typedef void *dlmopen_fn(Lmid_t, const char *, int);

/* The C library's own: what is preloaded behind pgseal may hold a lock of its own while it opens
 * something, and a constructor connect. */
static void *function(const char *name, void **found)
{
    void *fn = __atomic_load_n(found, __ATOMIC_RELAXED);
    if (fn == NULL) {
        fn = libc_definition(name);
        __atomic_store_n(found, fn, __ATOMIC_RELAXED);
    }
    return fn;
}

/* How an object is opened again. */
struct wanted {
    const void *map;
    const ElfW(Dyn) * dyn;
    const void *space;
    dlinfo_fn *dlinfo;
    Lmid_t id;
    char path[PATH_MAX];
};

static bool find_path(const struct object *o, void *data)
{
    struct wanted *w = data;
    if (o->map != w->map || o->space != w->space || (w->dyn != NULL && o->dyn != w->dyn)) {
        return false;
    }
    bool named = strchr(o->name, '/') != NULL && strlen(o->name) < sizeof w->path;
    if (named &&
        (o->space == NULL || (w->dlinfo != NULL && w->dlinfo(o->map, RTLD_DI_LMID, &w->id) == 0))) {
        strbuf_copy(w->path, sizeof w->path, o->name);
    }
    return true;
}

void *hold(const void *map, const ElfW(Dyn) * dyn, const void *space)
{
    static void *dlinfo_address;
    static void *dlopen_address;
    static void *dlmopen_address;
    struct wanted w = {.map = map, .dyn = dyn, .space = space, .path = ""};
    int flags = RTLD_LAZY | RTLD_NOLOAD;
    int saved_errno = errno;
    void *handle = NULL;
    void *open = function("dlopen", &dlopen_address);
    void *open_there = function("dlmopen", &dlmopen_address);
    w.dlinfo = space != NULL ? (dlinfo_fn *)function("dlinfo", &dlinfo_address) : NULL;
    opens_hold();
    if (objects_everywhere(find_path, &w) && w.path[0] != '\0') {
        if (space == NULL) {
            handle = open != NULL ? ((dlopen_fn *)open)(w.path, flags) : NULL;
        } else {
            handle = open_there != NULL ? ((dlmopen_fn *)open_there)(w.id, w.path, flags) : NULL;
        }
        if (handle == NULL) {
            real_dlerror();
        }
    }
    if (handle != NULL && handle != map) { /* unloaded meanwhile, and another one has this path */
        hold_end(handle);
        errno = saved_errno;
        return NULL;
    }
    if (handle == NULL) {
        opens_hold_end();
    }
    errno = saved_errno;
    return handle;
}

void hold_end(void *handle)
{
    static void *dlclose_address;
    int saved_errno = errno;
    void *close = handle != NULL ? function("dlclose", &dlclose_address) : NULL;
    if (close != NULL) {
        ((dlclose_fn *)close)(handle);
    }
    if (handle != NULL) {
        opens_hold_end();
    }
    errno = saved_errno;
}
