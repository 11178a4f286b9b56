/* objects: reads the objects that are loaded, without asking the dynamic linker anything that could
 * fail.
 *
 * dlsym cannot do this: a failing one allocates and overwrites what dlerror() has to say, the
 * symbol is our own hook, and its newest version (GLIBC_2.34) is more than an old C library has. */
#include "lib/elf/loaded.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/auxv.h>

/* Whether a begins with the whole of b, and whether that is all of it. Not the C library's: a
 * sanitizer's strcmp calls a real one that it is only just looking for, by our dlsym. */
static bool begins(const char *a, const char *b)
{
    while (*b && *a == *b) {
        a++;
        b++;
    }
    return !*b;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void *pointer(uintptr_t address)
{
    return (void *)address; // NOLINT(performance-no-int-to-ptr): that is what an ELF file holds
}

/* glibc has relocated the addresses in a writable dynamic section; musl, and glibc in a read-only
 * one, have not. */
static uintptr_t table_address(const struct object *o, ElfW(Addr) value)
{
    return value < o->base ? o->base + value : value;
}

static const ElfW(Dyn) * dynamic_entry(const struct object *o, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *d = o->dyn; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == tag) {
            return d;
        }
    }
    return NULL;
}

static const void *dynamic_table(const struct object *o, ElfW(Sxword) tag)
{
    const ElfW(Dyn) *d = dynamic_entry(o, tag);
    return d ? pointer(table_address(o, d->d_un.d_ptr)) : NULL;
}

static bool is_vdso(const char *name)
{
    return begins(name, "linux-vdso") || begins(name, "linux-gate");
}

struct walk {
    bool (*fn)(const struct object *o, void *data);
    void *data;
    const void *address; /* only the object that holds this; NULL: all */
};

static int walk_one(struct dl_phdr_info *info, size_t size, void *data)
{
    struct walk *w = data;
    struct object o = {.base = info->dlpi_addr, .name = info->dlpi_name ? info->dlpi_name : ""};
    bool inside = !w->address;
    (void)size;
    if (is_vdso(o.name)) {
        return 0;
    }
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t start = o.base + p->p_vaddr;
        if (p->p_type == PT_DYNAMIC) {
            o.dyn = pointer(start);
        } else if (p->p_type == PT_LOAD && (uintptr_t)w->address >= start &&
                   (uintptr_t)w->address - start < p->p_memsz) {
            inside = true;
        }
    }
    return inside && o.dyn && w->fn(&o, w->data);
}

bool objects_each(bool (*fn)(const struct object *o, void *data), void *data)
{
    struct walk w = {fn, data, NULL};
    int saved = errno;
    bool stopped = dl_iterate_phdr(walk_one, &w) != 0;
    errno = saved;
    return stopped;
}

static bool keep_object(const struct object *o, void *data)
{
    *(struct object *)data = *o;
    return true;
}

/* glibc only: finds objects of other namespaces too. Looked up, since its version differs between C
 * libraries. */
static bool object_by_dladdr1(const void *address, struct object *o)
{
    static void *found;
    typedef int dladdr1_fn(const void *, Dl_info *, void **, int);
    void *fn = __atomic_load_n(&found, __ATOMIC_RELAXED);
    Dl_info info;
    struct link_map *map = NULL;
    if (!fn) {
        fn = next_definition("dladdr1");
        __atomic_store_n(&found, fn, __ATOMIC_RELAXED);
    }
    if (!fn) {
        return false;
    }
    if (!((dladdr1_fn *)fn)(address, &info, (void **)&map, 2 /* RTLD_DL_LINKMAP */) || !map ||
        !map->l_ld || is_vdso(map->l_name)) {
        return false;
    }
    *o = (struct object){map->l_addr, map->l_ld, map->l_name, map};
    return true;
}

bool object_of(const void *address, struct object *o)
{
    struct walk w = {keep_object, o, address};
    int saved = errno;
    bool found = address && (dl_iterate_phdr(walk_one, &w) != 0 || object_by_dladdr1(address, o));
    errno = saved;
    return found;
}

static const char *dynamic_string(const struct object *o, ElfW(Sxword) tag)
{
    const char *strings = dynamic_table(o, DT_STRTAB);
    const ElfW(Dyn) *d = dynamic_entry(o, tag);
    return strings && d ? strings + d->d_un.d_val : NULL;
}

const char *object_soname(const struct object *o)
{
    const char *soname = dynamic_string(o, DT_SONAME);
    return soname ? soname : "";
}

const char *object_run_path(const struct object *o)
{
    const char *path = dynamic_string(o, DT_RUNPATH);
    return path ? path : dynamic_string(o, DT_RPATH);
}

bool object_is_self(const struct object *o)
{
    return o->dyn == _DYNAMIC || same(object_soname(o), "libpgseal.so");
}

static bool is_definition(const struct object *o, uint32_t index, const char *name)
{
    const ElfW(Sym) *sym = (const ElfW(Sym) *)dynamic_table(o, DT_SYMTAB) + index;
    const char *strings = dynamic_table(o, DT_STRTAB);
    const ElfW(Half) *versions = dynamic_table(o, DT_VERSYM);
    unsigned type = ELF64_ST_TYPE(sym->st_info);
    return sym->st_shndx != SHN_UNDEF && sym->st_value != 0 &&
           (type == STT_FUNC || type == STT_OBJECT) && ELF64_ST_BIND(sym->st_info) != STB_LOCAL &&
           !(versions && versions[index] & 0x8000) && same(strings + sym->st_name, name);
}

/* The index of the definition in the GNU hash table (STN_UNDEF: none). */
static uint32_t gnu_lookup(const struct object *o, const uint32_t *table, const char *name)
{
    uint32_t buckets = table[0];
    uint32_t first = table[1];
    uint32_t words = table[2];
    uint32_t shift = table[3];
    uint32_t hash = 5381;
    const ElfW(Addr) *bloom = (const void *)(table + 4);
    const uint32_t *bucket = (const void *)(bloom + words);
    const uint32_t *chain = bucket + buckets;
    for (const char *c = name; *c; c++) {
        hash = hash * 33 + (unsigned char)*c;
    }
    if (!buckets || !words) {
        return STN_UNDEF;
    }
    ElfW(Addr) word = bloom[hash / __ELF_NATIVE_CLASS % words];
    if (!(word >> hash % __ELF_NATIVE_CLASS & word >> (hash >> shift) % __ELF_NATIVE_CLASS & 1)) {
        return STN_UNDEF;
    }
    for (uint32_t i = bucket[hash % buckets]; i >= first && i; i++) {
        if ((chain[i - first] | 1) == (hash | 1) && is_definition(o, i, name)) {
            return i;
        }
        if (chain[i - first] & 1) {
            break;
        }
    }
    return STN_UNDEF;
}

static uint32_t sysv_lookup(const struct object *o, const uint32_t *table, const char *name)
{
    uint32_t buckets = table[0];
    uint32_t hash = 0;
    const uint32_t *bucket = table + 2;
    const uint32_t *chain = bucket + buckets;
    for (const char *c = name; *c; c++) {
        hash = (hash << 4) + (unsigned char)*c;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
    for (uint32_t i = buckets ? bucket[hash % buckets] : STN_UNDEF; i != STN_UNDEF; i = chain[i]) {
        if (is_definition(o, i, name)) {
            return i;
        }
    }
    return STN_UNDEF;
}

void *object_symbol(const struct object *o, const char *name)
{
    const uint32_t *gnu = dynamic_table(o, DT_GNU_HASH);
    const uint32_t *sysv = dynamic_table(o, DT_HASH);
    const ElfW(Sym) *symbols = dynamic_table(o, DT_SYMTAB);
    uint32_t index = STN_UNDEF;
    if (symbols && dynamic_entry(o, DT_STRTAB)) {
        index = gnu ? gnu_lookup(o, gnu, name) : sysv ? sysv_lookup(o, sysv, name) : STN_UNDEF;
    }
    return index == STN_UNDEF ? NULL : pointer(o->base + symbols[index].st_value);
}

#if defined(__x86_64__)
#define BINDS(type)                                                                                \
    ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT || (type) == R_X86_64_64)
#elif defined(__aarch64__)
#define BINDS(type)                                                                                \
    ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT || (type) == R_AARCH64_ABS64)
#else
#error "pgseal knows x86_64 and aarch64"
#endif

bool object_each_import(const struct object *o,
                        bool (*fn)(const char *name, void *const *slot, void *data), void *data)
{
    static const struct {
        ElfW(Sxword) table, size;
    } tables[] = {{DT_JMPREL, DT_PLTRELSZ}, {DT_RELA, DT_RELASZ}};
    const ElfW(Sym) *symbols = dynamic_table(o, DT_SYMTAB);
    const char *strings = dynamic_table(o, DT_STRTAB);
    for (size_t t = 0; symbols && strings && t < sizeof tables / sizeof *tables; t++) {
        const ElfW(Rela) *rela = dynamic_table(o, tables[t].table);
        const ElfW(Dyn) *size = dynamic_entry(o, tables[t].size);
        size_t n = rela && size ? size->d_un.d_val / sizeof *rela : 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t index = ELF64_R_SYM(rela[i].r_info);
            if (index != STN_UNDEF && BINDS(ELF64_R_TYPE(rela[i].r_info)) &&
                fn(strings + symbols[index].st_name, pointer(o->base + rela[i].r_offset), data)) {
                return true;
            }
        }
    }
    return false;
}

struct handle_search {
    const ElfW(Dyn) * dyn;
    void *found;
};

/* Run for the first object alone, the main program, whose DT_DEBUG leads to the list of link maps;
 * the loader's lock is held meanwhile. */
static bool search_link_maps(const struct object *o, void *data)
{
    struct handle_search *s = data;
    const ElfW(Dyn) *d = dynamic_entry(o, DT_DEBUG);
    const struct r_debug *debug = d ? pointer(d->d_un.d_ptr) : NULL;
    for (struct link_map *m = debug ? debug->r_map : NULL; m; m = m->l_next) {
        if (m->l_ld == s->dyn) {
            s->found = m;
        }
    }
    return true;
}

void *object_handle(const struct object *o)
{
    struct handle_search s = {o->dyn, o->map};
    struct object again;
    int saved = errno;
    if (!s.found) {
        objects_each(search_link_maps, &s);
    }
    if (!s.found && object_by_dladdr1(o->dyn, &again)) { /* in a namespace of dlmopen's */
        s.found = again.map;
    }
    errno = saved;
    return s.found;
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
    if (found && !s->any) {
        s->any = found;
    }
    if (found && s->past) {
        s->after = found;
    }
    return s->after != NULL;
}

/* The head of the list of link maps, by way of the program's headers, as a debugger finds it. */
static const struct link_map *first_link_map(void)
{
    const ElfW(Phdr) *p = pointer(getauxval(AT_PHDR));
    struct object program = {.name = ""};
    size_t n = getauxval(AT_PHNUM);
    size_t i;
    for (i = 0; p && i < n; i++) {
        if (p[i].p_type == PT_PHDR) {
            program.base = (uintptr_t)p - p[i].p_vaddr;
        }
    }
    for (i = 0; p && i < n; i++) {
        if (p[i].p_type == PT_DYNAMIC) {
            program.dyn = pointer(program.base + p[i].p_vaddr);
        }
    }
    const ElfW(Dyn) *d = program.dyn ? dynamic_entry(&program, DT_DEBUG) : NULL;
    const struct r_debug *debug = d ? pointer(d->d_un.d_ptr) : NULL;
    return debug ? debug->r_map : NULL;
}

void *next_definition(const char *name)
{
    struct next_search s = {.name = name, .start = _DYNAMIC};
    /* First without a call to anything that may be interposed: ThreadSanitizer's dl_iterate_phdr
     * calls a real one that it is only just looking for, by our dlsym. What is found so, the C
     * library, was loaded at start and never goes, so no lock is needed on the way. */
    for (const struct link_map *m = first_link_map(); m; m = m->l_next) {
        struct object o = {m->l_addr, m->l_ld, m->l_name, NULL};
        if (o.dyn && !is_vdso(o.name) && search_next(&o, &s)) {
            return s.after;
        }
    }
    s = (struct next_search){.name = name, .start = _DYNAMIC};
    objects_each(search_next, &s);
    return s.after ? s.after : s.any;
}

void *definition_after(const struct object *o, const char *name)
{
    struct next_search s = {.name = name, .start = o->dyn};
    objects_each(search_next, &s);
    return s.after;
}
