/* hold: keeps loaded objects in the process while they are read. */
#include "shim/dynlink/hold.h"

#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
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

/* Opens one object again; dyn NULL: whatever its dynamic section is. */
static void *hold_one(const void *map, const ElfW(Dyn) * dyn, const void *space)
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

void *hold_space(const void *space)
{
    return hold_one(space, NULL, space);
}

/* --- the object that brought it in */

/* Some of the symbols that an object defines. They are copied under the loader's lock, because the
 * object may be unloaded at any time. */
struct definitions_of {
    const struct known *known;
    size_t n;
    struct {
        char name[56]; /* longer ones are left out */
        void *address;
    } all[32];
};

static bool copy_symbol(const char *name, void *address, void *data)
{
    struct definitions_of *d = data;
    if (strlen(name) < sizeof d->all[0].name) {
        strbuf_copy(d->all[d->n].name, sizeof d->all[0].name, name);
        d->all[d->n++].address = address;
    }
    return d->n == ARRAY_LEN(d->all);
}

static bool copy_symbols(const struct object *o, void *data)
{
    struct definitions_of *d = data;
    if (known_is(d->known, o)) {
        object_each_symbol(o, copy_symbol, d);
        return true;
    }
    return false;
}

/* Whether the object is in the scope of this handle: a look-up there finds one of its symbols. One
 * symbol is not enough to deny it, since an object before it may define the same name. */
static bool is_in_scope(const struct definitions_of *d, void *handle)
{
    for (size_t i = 0; i < d->n; i++) {
        if (real_look_up(handle, d->all[i].name, NULL) == d->all[i].address) {
            return true;
        }
    }
    return d->n == 0;
}

/* The objects that were loaded before an object, with their lots. */
struct lot {
    const struct known *last;
    bool complete; /* the object itself was met */
    unsigned lot;  /* its own; the copy's may be out of date */
    size_t n;
    struct {
        void *map;
        const ElfW(Dyn) * dyn;
        unsigned lot;
    } all[256];
};

static bool note_one(struct known *k, void *data)
{
    struct lot *l = data;
    l->complete = k->map == l->last->map && k->dyn == l->last->dyn && k->space == l->last->space;
    l->lot = k->lot;
    if (l->complete || l->n == ARRAY_LEN(l->all)) {
        return true;
    }
    if (k->lot != 0 && k->space == l->last->space) {
        l->all[l->n].map = k->map;
        l->all[l->n].lot = k->lot;
        l->all[l->n++].dyn = k->dyn;
    }
    return false;
}

/* The object whose open brought k in is the first of its lot whose scope contains k, since the
 * dynamic linker lists objects in the order in which it loaded them. If k defines no symbol to find
 * it by, it is the first of the lot: a lot has several opened objects only if several threads open
 * objects at once. If k has no lot (it was there at the start), k itself is held. NULL if that
 * cannot be held, or if an object of the lot is gone.
 *
 * A library is never held alone: if the object that brought it in were closed and opened again
 * meanwhile, the library's scopes would be searched in another order than before (resolve.t, "four
 * threads"). */
void *hold(const struct known *k)
{
    struct lot lot = {.last = k};
    struct definitions_of own = {.known = k};
    known_each(note_one, &lot);
    if (!lot.complete || !objects_everywhere(copy_symbols, &own)) {
        return NULL;
    }
    for (size_t i = 0; i < lot.n; i++) {
        if (lot.all[i].lot == lot.lot) {
            void *handle = hold_one(lot.all[i].map, lot.all[i].dyn, k->space);
            if (handle == NULL || is_in_scope(&own, handle)) {
                return handle;
            }
            hold_end(handle);
        }
    }
    return hold_one(k->map, k->dyn, k->space);
}
