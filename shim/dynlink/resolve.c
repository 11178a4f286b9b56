/* resolve: which libpq would this caller have reached without pgseal?
 *
 * The dynamic linker binds a caller's PQconnectdb to the first definition in the global scope (the
 * program and what it is linked to, then what was opened RTLD_GLOBAL), else in the caller's own
 * scope (the module that was opened, and what that is linked to); an object opened RTLD_DEEPBIND
 * has its own scope first. So with one libpq in the process there is nothing to decide. With
 * several, the best witness is the dynamic linker itself: to which libpq has it bound the caller's
 * other imports, which pgseal does not hook? Where these are still unbound (lazy), the scopes are
 * asked in the linker's order. An object that does not import the door at all is not the caller: it
 * was reached by a tail call or through a pointer, and nothing says by whom. Nor is one that does,
 * if its call was not of the door (callsite.c) and another object may have made the tail call. */
#include "shim/dynlink/resolve.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "shim/dynlink/callsite.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/real.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Bound at load, to the libpq that the program itself is linked to, if it is: the head of the
 * global scope. It is the one symbol of libpq that pgseal imports, weakly, so that it is no need.
 */
#pragma weak PQlibVersion

/* A libpq is whatever defines these: a tracer that interposes some of its functions is none. */
static bool is_libpq(const struct object *o)
{
    return object_symbol(o, "PQconnectStartParams") && object_symbol(o, "PQlibVersion") &&
           object_symbol(o, "PQfinish") && !object_is_self(o);
}

static int version_of(const struct object *o)
{
    void *fn = object_symbol(o, "PQlibVersion");
    int (*version)(void) = NULL;
    memcpy(&version, &fn, sizeof version);
    return version ? version() : 0;
}

static void path_of(const struct object *o, char *buf, size_t size)
{
    if (o->name[0]) {
        strbuf_copy(buf, size, o->name);
        return;
    }
    ssize_t n = readlink("/proc/self/exe", buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
}

/* All libpq copies of the namespace: how many, the first, and their paths in words. */
struct survey {
    size_t n;
    struct object first;
    struct strbuf paths;
};

static bool survey_one(const struct object *o, void *data)
{
    struct survey *s = data;
    if (is_libpq(o)) {
        if (s->n++ == 0) {
            s->first = *o;
        }
        char path[512];
        path_of(o, path, sizeof path);
        strbuf_add(&s->paths, s->n > 1 ? ", " : "");
        strbuf_add(&s->paths, path);
    }
    return false;
}

/* What the caller's own relocations say. */
struct evidence {
    const char *entry_point;
    const void *address; /* where the call returns to */
    bool imports_entry, calls_entry;
    const ElfW(Dyn) * bound; /* the libpq to which the linker bound another of its imports */
    struct object libpq;
};

static bool read_import(const struct import *import, void *data)
{
    const char *name = import->name;
    struct evidence *e = data;
    struct object o;
    if (strcmp(name, e->entry_point) == 0) {
        e->imports_entry = true;
        e->calls_entry = e->calls_entry || callsite_through(e->address, import->slot);
    }
    if (!e->bound &&
        (strncmp(name, "PQ", 2) == 0 || strncmp(name, "lo_", 3) == 0 ||
         strncmp(name, "pg_", 3) == 0) &&
        object_of(*import->slot, &o) && is_libpq(&o)) {
        e->bound = o.dyn;
        e->libpq = o;
    }
    return e->calls_entry && e->bound;
}

/* Looks for another object than the caller that imports the door. */
struct rival {
    const ElfW(Dyn) * caller;
    const char *entry_point;
};

static bool is_entry(const struct import *import, void *data)
{
    const struct rival *r = data;
    return strcmp(import->name, r->entry_point) == 0;
}

static bool is_rival(const struct object *o, void *data)
{
    const struct rival *r = data;
    return o->dyn != r->caller && !object_is_self(o) && !is_libpq(o) &&
           object_each_import(o, is_entry, data);
}

/* The libpq that the scopes give an object with this handle, in the linker's order. */
static bool ask_scopes(const struct object *caller, const char *entry_point, struct object *o)
{
    void *fn = NULL;
    if (PQlibVersion) {
        int (*version)(void) = PQlibVersion;
        memcpy(&fn, &version, sizeof fn);
    }
    if (!fn) {
        fn = real_global_next(entry_point);
    }
    if (!fn) {
        fn = real_look_up(object_handle(caller), entry_point, NULL);
    }
    return fn && object_of(fn, o) && is_libpq(o);
}

static bool decide(struct call_site call_site, const char *entry_point, struct object *o,
                   struct survey *s, const char **why)
{
    struct object caller;
    struct evidence e = {.entry_point = entry_point, .address = call_site.address};
    if (s->n == 0) {
        *why = "no libpq is loaded";
        return false;
    }
    if (s->n == 1) {
        *o = s->first;
        return true;
    }
    *why = "several libpq copies are loaded and nothing shows which one this call was meant for: ";
    if (!object_of(call_site.address, &caller) || object_is_self(&caller)) {
        return false;
    }
    if (is_libpq(&caller)) { /* libpq calling itself */
        *o = caller;
        return true;
    }
    object_each_import(&caller, read_import, &e);
    struct rival rival = {caller.dyn, entry_point};
    if (!e.imports_entry || (!e.calls_entry && objects_each(is_rival, &rival))) {
        return false;
    }
    if (e.bound) {
        *o = e.libpq;
        return true;
    }
    return ask_scopes(&caller, entry_point, o);
}

/* Fills the function pointers from the object itself, else (a wrapper round libpq) from the scope
 * of its handle. Returns the name of a needed one that is missing, or NULL. */
static const char *fill(struct libpq *pq, const struct object *o)
{
    static const struct {
        char name[28]; /* no pointer: no relocation at start */
        unsigned short offset;
        bool needed;
    } functions[] = {
#define LIBPQ_FUNCTION(name, needed) {#name, offsetof(struct libpq, name), needed},
        LIBPQ_FUNCTIONS(LIBPQ_FUNCTION)
#undef LIBPQ_FUNCTION
    };
    *pq = (struct libpq){.base = o->dyn, .handle = object_handle(o)};
    path_of(o, pq->path, sizeof pq->path);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *fn = object_symbol(o, functions[i].name);
        if (!fn && functions[i].needed) {
            return functions[i].name;
        }
        memcpy((char *)pq + functions[i].offset, &fn, sizeof fn);
    }
    pq->version = pq->PQlibVersion();
    pq->linked = linkage_libpq(o);
    return NULL;
}

static bool decide_bound(const void *bound, struct object *o, const char **why)
{
    if (object_of(bound, o)) {
        if (is_libpq(o)) {
            return true;
        }
        *why = object_is_self(o)
                   ? "dlsym was asked for the functions of more libpq copies than pgseal can keep "
                     "apart: "
                   : "dlsym found this function in an object that is no whole libpq; loaded: ";
        return false;
    }
    *why = "the libpq in which dlsym found this function is not loaded any more; loaded: ";
    return false;
}

bool libpq_resolve(struct call_site call_site, const char *entry_point, struct libpq *pq,
                   char *reason, size_t size)
{
    int saved = errno;
    char paths[REASON_MAX];
    struct survey s = {0};
    struct object o;
    const char *why = "";
    const char *missing = NULL;
    struct strbuf t;
    strbuf_init(&s.paths, paths, sizeof paths);
    strbuf_init(&t, reason, size);
    objects_each(survey_one, &s);
    bool found = call_site.bound ? decide_bound(call_site.bound, &o, &why)
                                 : decide(call_site, entry_point, &o, &s, &why);
    if (found) {
        missing = fill(pq, &o);
        strbuf_add(&t, missing ? pq->path : "");
        strbuf_add(&t, missing ? " does not define " : "");
        strbuf_add(&t, missing);
    } else {
        strbuf_add(&t, why);
        strbuf_add(&t, paths);
        missing = s.n > 0 ? fill(pq, &s.first) : "any";
    }
    if (missing) {
        memset(pq, 0, sizeof *pq);
    }
    errno = saved;
    return found && !missing;
}

void object_path(const void *address, char *buf, size_t size)
{
    struct object o;
    int saved = errno;
    buf[0] = '\0';
    if (object_of(address, &o)) {
        path_of(&o, buf, size);
    }
    errno = saved;
}

struct copies {
    struct libpq_copy *to;
    size_t n, max;
};

static bool copy_one(const struct object *o, void *data)
{
    struct copies *c = data;
    if (is_libpq(o)) {
        if (c->n < c->max) {
            path_of(o, c->to[c->n].path, sizeof c->to[c->n].path);
            c->to[c->n].version = version_of(o);
        }
        c->n++;
    }
    return false;
}

size_t libpq_copies(struct libpq_copy *copies, size_t max)
{
    struct copies c = {copies, 0, max};
    objects_each(copy_one, &c);
    return c.n;
}
