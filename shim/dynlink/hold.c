/* hold: keeps loaded objects in the process while they are read. */
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

/* The C library's own function: another preload's dlopen may hold a lock while it opens an object
 * whose constructor connects. */
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

static void close_again(void *handle)
{
    static void *address;
    void *close = function("dlclose", &address);
    if (close != NULL) {
        ((dlclose_fn *)close)(handle);
    }
}

/* NULL if it cannot be opened, or if another object has this path by now. */
static void *open_again(const struct wanted *w)
{
    static void *dlopen_address;
    static void *dlmopen_address;
    int flags = RTLD_LAZY | RTLD_NOLOAD;
    void *open = w->space == NULL ? function("dlopen", &dlopen_address)
                                  : function("dlmopen", &dlmopen_address);
    void *handle = NULL;
    if (open != NULL) {
        handle = w->space == NULL ? ((dlopen_fn *)open)(w->path, flags)
                                  : ((dlmopen_fn *)open)(w->id, w->path, flags);
    }
    if (handle == NULL) {
        real_dlerror();
    } else if (handle != w->map) {
        close_again(handle);
        handle = NULL;
    }
    return handle;
}

void *hold(const void *map, const ElfW(Dyn) * dyn, const void *space)
{
    static void *dlinfo_address;
    struct wanted w = {.map = map, .dyn = dyn, .space = space, .path = ""};
    int saved_errno = errno;
    void *handle = NULL;
    w.dlinfo = space != NULL ? (dlinfo_fn *)function("dlinfo", &dlinfo_address) : NULL;
    opens_hold();
    if (objects_in_order() && objects_everywhere(find_path, &w) && w.path[0] != '\0') {
        handle = open_again(&w);
    }
    if (handle == NULL) {
        opens_hold_end();
    }
    errno = saved_errno;
    return handle;
}

void hold_end(void *handle)
{
    int saved_errno = errno;
    if (handle != NULL) {
        close_again(handle);
        opens_hold_end();
    }
    errno = saved_errno;
}
