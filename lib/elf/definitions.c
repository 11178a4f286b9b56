/* definitions: which object defines a function, without calling dlsym.
 *
 * A failing dlsym allocates and changes dlerror(), the symbol is our own hook, and its newest
 * version (GLIBC_2.34) is missing in older C libraries. */
#include "lib/elf/loaded.h"
#include "lib/elf/names.h"

#include <stddef.h>

bool object_is_self(const struct object *o)
{
    return o->dyn == _DYNAMIC || name_same(object_soname(o), "libpgseal.so");
}

static bool is_either(const struct object *o, void *data)
{
    const ElfW(Dyn) **pair = data;
    if (o->dyn == pair[0] || o->dyn == pair[1]) {
        pair[2] = o->dyn;
        return true;
    }
    return false;
}

bool object_before(const struct object *a, const struct object *b)
{
    const ElfW(Dyn) * pair[3] = {a->dyn, b->dyn, NULL};
    objects_each(is_either, pair);
    return pair[2] == a->dyn && a->dyn != b->dyn;
}

struct next_search {
    const char *name;
    const ElfW(Dyn) * start;
    bool past;
    void *after, *any;
};

static bool search_next(const struct object *o, void *data)
{
    struct next_search *s = data;
    void *found = o->dyn == s->start || object_is_self(o) ? NULL : object_symbol(o, s->name);
    s->past |= o->dyn == s->start;
    if (found != NULL && s->any == NULL) {
        s->any = found;
    }
    if (found != NULL && s->past) {
        s->after = found;
    }
    return s->after != NULL;
}

void *next_definition(const char *name)
{
    struct next_search s = {.name = name, .start = _DYNAMIC};
    /* First without dl_iterate_phdr: ThreadSanitizer's calls the real one, which it may just be
     * looking up with our dlsym. What is found is the C library, which is never unloaded, so no
     * lock is needed. */
    for (const struct link_map *m = objects_first_map(); m != NULL; m = m->l_next) {
        struct object o = {.base = m->l_addr, .dyn = m->l_ld, .name = m->l_name};
        if (o.dyn != NULL && search_next(&o, &s)) {
            return s.after;
        }
    }
    s = (struct next_search){.name = name, .start = _DYNAMIC};
    objects_each(search_next, &s);
    return s.after != NULL ? s.after : s.any;
}

static bool search_libc(const struct object *o, void *data)
{
    struct next_search *s = data;
    const char *soname = object_soname(o);
    if (name_same(soname, "libc.so.6") || name_same(soname, "libdl.so.2")) {
        s->after = object_symbol(o, s->name);
    }
    return s->after != NULL;
}

void *libc_definition(const char *name)
{
    struct next_search s = {.name = name};
    objects_each(search_libc, &s);
    return s.after != NULL ? s.after : next_definition(name);
}

void *definition_after(const struct object *o, const char *name)
{
    struct next_search s = {.name = name, .start = o->dyn};
    objects_each(search_next, &s);
    return s.after;
}
