/* reach: what a reference of a loaded object would be bound to without pgseal.
 *
 * The dynamic linker searches the global scope (the program and its libraries, then what was opened
 * with RTLD_GLOBAL), then the local scope: that of the object whose open brought this one in. With
 * RTLD_DEEPBIND, the local scope comes first. Another namespace has a global scope of its own. Each
 * scope is searched with the real dlsym, while its object is held (hold.h). For libpq, what the
 * dynamic linker has already bound is better evidence, and is used first. */
#include "shim/dynlink/reach.h"

#include "lib/core/text/array.h"
#include "shim/dynlink/hold.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/real.h"

#include <dlfcn.h>
#include <string.h>

/* Bound when pgseal is loaded: to the first libpq in the global scope, if the program is linked to
 * one. It is the only symbol of libpq that pgseal imports, and weak, so that no libpq is needed. */
#pragma weak PQlibVersion
extern int PQlibVersion(void);

/* The definitions of a name in one namespace. */
struct definitions {
    const char *name;
    void *space;
    size_t n;
    void *first;
};

static bool count_definition(const struct object *o, void *data)
{
    struct definitions *d = data;
    void *found = o->space != d->space || object_is_self(o) ? NULL : object_symbol(o, d->name);
    if (found != NULL && d->n++ == 0) {
        d->first = found;
    }
    return d->n > 1;
}

/* Both search one scope. They return false if it cannot be asked. */
static bool in_global_scope(const struct known *k, const char *name, const char *version, void **fn)
{
    if (k->space != NULL) {
        void *handle = hold_space(k->space);
        *fn = handle != NULL ? real_look_up(handle, name, version) : NULL;
        hold_end(handle);
        return handle != NULL;
    }
    *fn = real_look_up(RTLD_DEFAULT, name, version);
    *fn = *fn != NULL ? *fn : real_look_up(RTLD_NEXT, name, version);
    return true;
}

static bool in_local_scope(const struct known *k, const char *name, const char *version, void **fn)
{
    void *handle = hold(k);
    *fn = handle != NULL ? real_look_up(handle, name, version) : NULL;
    hold_end(handle);
    return handle != NULL;
}

/* The libpqs of one namespace that are loaded now, including one that another thread is opening. */
struct libpqs {
    void *space;
    size_t n;
    const ElfW(Dyn) * dyn[2 * LINKED_LIBPQS];
};

static bool count_libpq(const struct object *o, void *data)
{
    struct libpqs *l = data;
    if (o->space == l->space && l->n < ARRAY_LEN(l->dyn) && known_is_libpq(o)) {
        l->dyn[l->n++] = o->dyn;
    }
    return false;
}

/* Looks for an import that the dynamic linker has bound to a libpq. Only names that all libpqs
 * define count: any other would be bound to the same libpq wherever the rest go. */
struct witness {
    const struct libpqs *libpqs;
    bool found;
    struct object libpq;
};

static bool all_define(const struct libpqs *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++) {
        struct object o;
        if (object_of(l->dyn[i], &o) && object_symbol(&o, name) == NULL) {
            return false;
        }
    }
    return true;
}

static bool read_import(const struct import *import, void *data)
{
    struct witness *w = data;
    const char *name = import->name;
    struct object o;
    if ((strncmp(name, "PQ", 2) == 0 || strncmp(name, "lo_", 3) == 0 ||
         strncmp(name, "pg_", 3) == 0) &&
        object_of(import_holds(import), &o) && known_is_libpq(&o) && all_define(w->libpqs, name)) {
        w->libpq = o;
        w->found = true;
    }
    return w->found;
}

/* Sets *libpq to the one to which the dynamic linker has bound an import of o; false: none yet. */
static bool bound_libpq(const struct object *o, const struct libpqs *all, struct object *libpq)
{
    struct witness w = {.libpqs = all};
    object_each_import(o, read_import, &w);
    *libpq = w.libpq;
    return w.found;
}

/* Where either scope may come first, and they differ: *fn is what the local one has. Returns
 * whether it is known to be right, or what the libpq has to which o is bound. */
static bool settle(const struct object *o, const struct known *k, const char *name,
                   const char *version, void **fn)
{
    void *other = NULL;
    struct libpqs all = {.space = k->space};
    struct object libpq;
    if (!in_global_scope(k, name, version, &other)) {
        return false;
    }
    if (other == NULL || other == *fn) {
        return true;
    }
    objects_everywhere(count_libpq, &all);
    void *bound = bound_libpq(o, &all, &libpq) ? object_symbol(&libpq, name) : NULL;
    *fn = bound != NULL ? bound : *fn;
    return bound != NULL;
}

static void *reach_once(const struct object *o, const char *name, const char *version, bool *sure)
{
    struct known k = {0};
    struct definitions d = {.name = name};
    bool known = known_find(o->dyn, &k);
    d.space = k.space;
    objects_everywhere(count_definition, &d);
    void *fn = d.n <= 1 ? d.first : NULL;
    bool asked = true;
    for (int pass = 0; pass < 2 && d.n > 1 && asked && fn == NULL; pass++) {
        bool local = (k.depth >= EITHER) == (pass == 0);
        asked = !local ? in_global_scope(&k, name, version, &fn)
                       : known && in_local_scope(&k, name, version, &fn);
    }
    if (fn != NULL && d.n > 1 && k.depth == EITHER) {
        asked = settle(o, &k, name, version, &fn);
    }
    *sure = asked;
    return fn;
}

/* Again if a scope could not be asked because other threads open and close objects: until the table
 * of loaded objects, by which a scope is asked, is no older than the last of these. */
void *reach(const struct object *o, const char *name, const char *version, bool *sure)
{
    bool found = false;
    bool again = true;
    uint64_t updated = 0; /* objects_state() before the last update; 0: none yet */
    void *fn = NULL;
    for (int tries = 0; again && tries < 32; tries++) {
        fn = reach_once(o, name, version, &found);
        uint64_t state = objects_state();
        again = fn == NULL && !found && state != updated && known_update();
        updated = state;
    }
    if (sure != NULL) {
        *sure = found;
    }
    return fn;
}

bool reach_libpq(const struct object *o, const char *entry_point, struct object *libpq)
{
    struct known k = {0};
    known_find(o->dyn, &k);
    struct libpqs all = {.space = k.space};
    objects_everywhere(count_libpq, &all);
    if (known_is_libpq(o)) {
        *libpq = *o;
        return true;
    }
    if (all.n < 2) {
        return object_of(all.dyn[0], libpq);
    }
    if (bound_libpq(o, &all, libpq)) {
        return true;
    }
    void *fn = NULL;
    bool sure = true;
    if (k.depth < EITHER && k.space == NULL && PQlibVersion != NULL) {
        int (*version)(void) = PQlibVersion;
        memcpy(&fn, &version, sizeof fn);
    } else {
        fn = reach(o, entry_point, NULL, &sure);
    }
    return sure && object_of(fn, libpq) && known_is_libpq(libpq);
}
