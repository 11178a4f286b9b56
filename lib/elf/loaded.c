/* loaded: lists the loaded objects. */
#include "lib/elf/loaded.h"

#include "lib/elf/names.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/auxv.h>

static bool is_vdso(const char *name)
{
    return name_begins(name, "linux-vdso") || name_begins(name, "linux-gate");
}

/* The program headers of an object that dl_iterate_phdr does not list (in another namespace), if
 * its first segment begins with the ELF header, as link editors arrange it. */
static void find_headers(struct object *o)
{
    const ElfW(Ehdr) *e = pointer(o->base);
    if (!object_readable(o->base, sizeof *e) || !name_begins((const char *)e->e_ident, ELFMAG) ||
        e->e_phentsize != sizeof(ElfW(Phdr)) ||
        !object_readable(o->base + e->e_phoff, e->e_phnum * sizeof(ElfW(Phdr)))) {
        return;
    }
    const ElfW(Phdr) *p = pointer(o->base + e->e_phoff);
    for (size_t i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type == PT_DYNAMIC && pointer(o->base + p[i].p_vaddr) == o->dyn) {
            o->headers = p;
            o->nheaders = e->e_phnum;
        }
    }
}

struct object object_of_map(const struct link_map *map)
{
    struct object o = {
        .base = map->l_addr, .dyn = map->l_ld, .name = map->l_name, .map = pointer((uintptr_t)map)};
    find_headers(&o);
    return o;
}

/* What a debugger finds by the program's DT_DEBUG: the link maps of our namespace and, with glibc
 * 2.35 and later, of the others. */
struct namespaces {
    struct r_debug ours;
    const struct namespaces *next;
};

/* NULL if the program does not say it, or if the headers in the auxiliary vector are not the
 * program's: if musl's dynamic linker was the command, they are its own. It has no PT_PHDR. Some
 * programs at a fixed address have none either, but their dynamic section is where the header
 * says. */
static const struct namespaces *namespaces(void)
{
    const ElfW(Phdr) *p = pointer(getauxval(AT_PHDR));
    size_t n = p != NULL ? getauxval(AT_PHNUM) : 0;
    struct object program = {.name = ""};
    bool own = false;
    for (size_t i = 0; i < n; i++) {
        if (p[i].p_type == PT_PHDR) { /* comes first */
            program.base = (uintptr_t)p - p[i].p_vaddr;
            own = true;
        } else if (p[i].p_type == PT_DYNAMIC) {
            program.dyn = pointer(program.base + p[i].p_vaddr);
            own = own || object_readable((uintptr_t)program.dyn, sizeof *program.dyn);
        }
    }
    const ElfW(Dyn) *d = own && program.dyn != NULL ? object_dynamic(&program, DT_DEBUG) : NULL;
    return d != NULL ? pointer(d->d_un.d_ptr) : NULL;
}

const struct link_map *objects_first_map(void)
{
    const struct namespaces *n = namespaces();
    return n != NULL ? n->ours.r_map : NULL;
}

/* Objects of other namespaces, by their dynamic sections, for a C library that lists no
 * namespaces. */
enum { REMEMBERED = 16 };
static const ElfW(Dyn) * remembered[REMEMBERED];

/* dl_iterate_phdr takes a lock that glibc does not release in the child of a fork if another thread
 * of the parent held it. If that may be so, nothing here takes it any more, in the child or in its
 * own children. */
static bool lock_lost;

static bool unlocked(void)
{
    return __atomic_load_n(&lock_lost, __ATOMIC_RELAXED);
}

struct walk {
    bool (*fn)(const struct object *o, void *data);
    void *data;
    const void *address;         /* only the object that contains this; NULL: all */
    const struct link_map *maps; /* the link map of the next object, or one before it */
    bool begun;
    const struct link_map **spaces; /* a link map of each remembered namespace; NULL: ours alone */
};

bool object_holds(const struct object *o, const void *address)
{
    for (size_t i = 0; i < o->nheaders; i++) {
        uintptr_t start = o->base + o->headers[i].p_vaddr;
        if (o->headers[i].p_type == PT_LOAD && (uintptr_t)address >= start &&
            (uintptr_t)address - start < o->headers[i].p_memsz) {
            return true;
        }
    }
    return false;
}

/* Walks one namespace; space as in struct object. */
static bool walk_space(struct walk *w, const struct link_map *first, const struct link_map *space)
{
    for (const struct link_map *m = first; m != NULL; m = m->l_next) {
        struct object o = m->l_ld != NULL ? object_of_map(m) : (struct object){0};
        if (space == NULL && m == first) { /* the program: if it is no PIE, its base is 0 */
            o.headers = pointer(getauxval(AT_PHDR));
            o.nheaders = getauxval(AT_PHNUM);
        }
        bool wanted = w->address == NULL || object_holds(&o, w->address);
        o.space = pointer((uintptr_t)space);
        /* If an object was just being closed at the fork, its memory may be gone. */
        wanted = wanted && (!unlocked() || object_readable((uintptr_t)o.dyn, sizeof *o.dyn));
        if (wanted && o.dyn != NULL && !is_vdso(o.name) && w->fn(&o, w->data)) {
            return true;
        }
    }
    return false;
}

static bool walk_other(struct walk *w, const struct link_map *map)
{
    while (map != NULL && map->l_prev != NULL) {
        map = map->l_prev;
    }
    return walk_space(w, map, map);
}

static bool walk_others(struct walk *w)
{
    const struct namespaces *n = namespaces();
    if (n != NULL && n->ours.r_version >= 2) {
        while ((n = n->next) != NULL) {
            if (walk_other(w, n->ours.r_map)) {
                return true;
            }
        }
        return false;
    }
    for (size_t i = 0; i < REMEMBERED; i++) {
        if (w->spaces[i] != NULL && walk_other(w, w->spaces[i])) {
            return true;
        }
    }
    return false;
}

static bool walk_unlocked(struct walk *w)
{
    return (w->spaces != NULL && walk_others(w)) || walk_space(w, objects_first_map(), NULL);
}

static int walk_one(struct dl_phdr_info *info, size_t size, void *data)
{
    struct walk *w = data;
    struct object o = {.base = info->dlpi_addr,
                       .name = info->dlpi_name != NULL ? info->dlpi_name : "",
                       .headers = info->dlpi_phdr,
                       .nheaders = info->dlpi_phnum};
    (void)size;
    for (size_t i = 0; i < o.nheaders; i++) {
        if (o.headers[i].p_type == PT_DYNAMIC) {
            o.dyn = pointer(o.base + o.headers[i].p_vaddr);
        }
    }
    if (!w->begun) {
        w->begun = true;
        w->maps = objects_first_map();
        if (w->spaces != NULL && walk_others(w)) {
            return 1;
        }
    }
    for (const struct link_map *m = w->maps; m != NULL; m = m->l_next) {
        if (m->l_ld == o.dyn) {
            o.map = pointer((uintptr_t)m);
            w->maps = m->l_next;
            break;
        }
    }
    bool inside = w->address == NULL || object_holds(&o, w->address);
    return inside && o.dyn != NULL && !is_vdso(o.name) && w->fn(&o, w->data);
}

/* How many threads hold that lock through this file, or wait for it. */
static unsigned walkers;

void objects_forked(bool busy)
{
    bool walked = __atomic_exchange_n(&walkers, 0, __ATOMIC_RELAXED) != 0;
    if ((walked || busy) && objects_first_map() != NULL) {
        __atomic_store_n(&lock_lost, true, __ATOMIC_RELAXED);
    }
}

bool objects_changing(void)
{
    const struct namespaces *n = namespaces();
    bool listed = n != NULL && n->ours.r_version >= 2;
    bool changing = false;
    for (; n != NULL && !changing; n = listed ? n->next : NULL) {
        changing = n->ours.r_state != RT_CONSISTENT;
    }
    return changing;
}

bool objects_in_order(void)
{
    return !unlocked() || !objects_changing();
}

/* dl_iterate_phdr, or the same without its lock. */
static bool walk(struct walk *w)
{
    if (unlocked()) {
        return walk_unlocked(w);
    }
    __atomic_fetch_add(&walkers, 1, __ATOMIC_ACQ_REL);
    bool stopped = dl_iterate_phdr(walk_one, w) != 0;
    __atomic_fetch_sub(&walkers, 1, __ATOMIC_ACQ_REL);
    return stopped;
}

static int keep_state(struct dl_phdr_info *info, size_t size, void *data)
{
    if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) {
        *(uint64_t *)data = (info->dlpi_adds + 1) << 32 | (info->dlpi_subs & UINT32_MAX);
    }
    return 1;
}

static uint64_t add_to_state(uint64_t state, const struct link_map *first)
{
    for (const struct link_map *m = first; m != NULL; m = m->l_next) {
        state = (state ^ (uintptr_t)m ^ m->l_addr) * 0x100000001b3; /* FNV-1a */
    }
    return state;
}

/* Without the lock there are no counters: a hash of the objects themselves, of all namespaces. */
static uint64_t state_unlocked(void)
{
    const struct namespaces *n = namespaces();
    uint64_t state = add_to_state(1, objects_first_map());
    while (n != NULL && n->ours.r_version >= 2 && (n = n->next) != NULL) {
        state = add_to_state(state, n->ours.r_map);
    }
    for (size_t i = 0; i < REMEMBERED; i++) {
        state =
            (state ^ (uintptr_t)__atomic_load_n(&remembered[i], __ATOMIC_ACQUIRE)) * 0x100000001b3;
    }
    return state | 1;
}

uint64_t objects_state(void)
{
    uint64_t state = 1;
    int saved_errno = errno;
    if (unlocked()) {
        state = state_unlocked();
    } else {
        __atomic_fetch_add(&walkers, 1, __ATOMIC_ACQ_REL);
        dl_iterate_phdr(keep_state, &state);
        __atomic_fetch_sub(&walkers, 1, __ATOMIC_ACQ_REL);
    }
    errno = saved_errno;
    return state;
}

bool objects_each(bool (*fn)(const struct object *o, void *data), void *data)
{
    struct walk w = {.fn = fn, .data = data};
    int saved_errno = errno;
    bool stopped = walk(&w);
    errno = saved_errno;
    return stopped;
}

static bool keep_object(const struct object *o, void *data)
{
    *(struct object *)data = *o;
    return true;
}

/* glibc only: finds objects of other namespaces, too. dladdr1 is looked up, not imported, since its
 * symbol version differs between C libraries. */
static bool object_by_dladdr1(const void *address, struct object *o)
{
    static void *found;
    typedef int dladdr1_fn(const void *, Dl_info *, void **, int);
    void *fn = __atomic_load_n(&found, __ATOMIC_RELAXED);
    Dl_info info;
    struct link_map *map = NULL;
    /* It is in the C library, which is never unloaded: no lock is needed. */
    for (const struct link_map *m = objects_first_map(); m != NULL && fn == NULL; m = m->l_next) {
        const struct object library = {.base = m->l_addr, .dyn = m->l_ld, .name = m->l_name};
        fn = library.dyn != NULL ? object_symbol(&library, "dladdr1") : NULL;
        __atomic_store_n(&found, fn, __ATOMIC_RELAXED);
    }
    if (fn == NULL) {
        return false;
    }
    if (!((dladdr1_fn *)fn)(address, &info, (void **)&map, 2 /* RTLD_DL_LINKMAP */) ||
        map == NULL || map->l_ld == NULL || is_vdso(map->l_name)) {
        return false;
    }
    *o = object_of_map(map);
    return true;
}

bool object_of(const void *address, struct object *o)
{
    struct walk w = {.fn = keep_object, .data = o, .address = address};
    int saved_errno = errno;
    bool found = address != NULL && (walk(&w) || object_by_dladdr1(address, o));
    errno = saved_errno;
    return found;
}

bool objects_remember(const struct object *o)
{
    for (size_t i = 0; i < REMEMBERED; i++) {
        const ElfW(Dyn) *there = NULL;
        struct object now;
        if (__atomic_compare_exchange_n(&remembered[i], &there, o->dyn, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE) ||
            there == o->dyn ||
            (!object_by_dladdr1(there, &now) &&
             __atomic_compare_exchange_n(&remembered[i], &there, o->dyn, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_ACQUIRE))) {
            return true;
        }
    }
    return false;
}

bool objects_everywhere(bool (*fn)(const struct object *o, void *data), void *data)
{
    const struct link_map *spaces[REMEMBERED] = {NULL};
    struct walk w = {.fn = fn, .data = data, .spaces = spaces};
    struct object o;
    int saved_errno = errno;
    for (size_t i = 0; i < REMEMBERED; i++) {
        const ElfW(Dyn) *there = __atomic_load_n(&remembered[i], __ATOMIC_ACQUIRE);
        if (there != NULL && object_by_dladdr1(there, &o) && o.dyn == there) {
            spaces[i] = o.map;
        }
    }
    bool stopped = walk(&w);
    errno = saved_errno;
    return stopped;
}

void objects_settled(void)
{
    /* dladdr1 waits for the lock that dlopen holds until the last constructor has run. */
    struct object o;
    int saved_errno = errno;
    object_by_dladdr1(_DYNAMIC, &o);
    errno = saved_errno;
}
