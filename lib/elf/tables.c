/* tables: reads the tables of a loaded object: its dynamic section, symbols, hashes and
 * relocations.
 *
 * Any of them may be malformed: the dynamic linker opens a file without reading all of them. So a
 * page is read only after the kernel has said that it is readable. */
#include "lib/core/text/array.h"
#include "lib/elf/loaded.h"
#include "lib/os/sys.h"

#include <string.h>

/* The object that is read, and the last pages that were found readable: a walk through relocations,
 * symbols, names and slots returns to the same pages. */
struct view {
    const struct object *o;
    uintptr_t pages[128];
};

static const uintptr_t page_size = 4096; /* the smallest there is: pages may be larger */

/* Asks the kernel about a page that is not remembered. */
__attribute__((noinline)) static bool ask(struct view *v, uintptr_t page)
{
    if (!sys_readable(pointer(page))) {
        return false;
    }
    v->pages[page / page_size % ARRAY_LEN(v->pages)] = page;
    return true;
}

static inline bool readable(struct view *v, uintptr_t address, size_t n)
{
    uintptr_t last = address + n - 1;
    if (n == 0 || address < page_size || last < address) {
        return false;
    }
    for (uintptr_t page = address & ~(page_size - 1);; page += page_size) {
        if (v->pages[page / page_size % ARRAY_LEN(v->pages)] != page && !ask(v, page)) {
            return false;
        }
        if (last - page < page_size) {
            return true;
        }
    }
}

bool object_readable(uintptr_t address, size_t n)
{
    struct view v = {NULL, {0}};
    return readable(&v, address, n);
}

/* The address of element i of a table of elements of this size, or NULL if it cannot be read. */
static const void *element(struct view *v, uintptr_t table, size_t size, size_t i)
{
    uintptr_t address = table + size * i;
    return table != 0 && i < UINTPTR_MAX / size && readable(v, address, size) ? pointer(address)
                                                                              : NULL;
}

/* The dynamic section itself is readable: the dynamic linker has read it to its end. */
const ElfW(Dyn) * object_dynamic(const struct object *o, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *d = o->dyn; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == tag) {
            return d;
        }
    }
    return NULL;
}

/* The address of the table with this tag; 0 if there is none. glibc relocates the addresses in a
 * writable dynamic section; musl, and glibc in a read-only one, do not. */
static uintptr_t find_table(const struct view *v, ElfW(Sxword) tag)
{
    const ElfW(Dyn) *d = object_dynamic(v->o, tag);
    uintptr_t value = d != NULL ? d->d_un.d_ptr : 0;
    return d != NULL && value < v->o->base ? v->o->base + value : value;
}

/* Whether a string of the object equals s; false also if it cannot be read. strcmp is not used: a
 * sanitizer's calls the real one, which it may just be looking up with our dlsym. */
static bool string_is(struct view *v, uintptr_t at, const char *s)
{
    for (size_t i = 0;; i++) {
        const char *c = element(v, at, 1, i);
        if (c == NULL || *c != s[i]) {
            return false;
        }
        if (*c == '\0') {
            return true;
        }
    }
}

/* The string at this offset. NULL if neither its end nor `enough` bytes of it can be read. */
static const char *find_string(struct view *v, uintptr_t strings, size_t offset, size_t enough)
{
    const char *s = pointer(strings + offset);
    size_t i = 0;
    if (strings == 0 || strings + offset < strings) {
        return NULL;
    }
    if (enough != SIZE_MAX && readable(v, (uintptr_t)s, enough)) {
        return s; /* most names: one comparison of page numbers */
    }
    while (i < enough) { /* once for each page of it */
        uintptr_t at = (uintptr_t)s + i;
        size_t here = page_size - at % page_size;
        if (!readable(v, at, 1)) {
            return NULL;
        }
        for (size_t end = here < enough - i ? i + here : enough; i < end; i++) {
            if (s[i] == '\0') {
                return s;
            }
        }
    }
    return s;
}

const char *object_soname(const struct object *o)
{
    struct view v = {o, {0}};
    const ElfW(Dyn) *d = object_dynamic(o, DT_SONAME);
    const char *soname =
        d != NULL ? find_string(&v, find_table(&v, DT_STRTAB), d->d_un.d_val, SIZE_MAX) : NULL;
    return soname != NULL ? soname : "";
}

bool object_each_needed(const struct object *o, bool (*fn)(const char *file, void *data),
                        void *data)
{
    struct view v = {o, {0}};
    uintptr_t strings = find_table(&v, DT_STRTAB);
    bool stopped = false;
    for (const ElfW(Dyn) *d = o->dyn; d->d_tag != DT_NULL && !stopped; d++) {
        bool needs = d->d_tag == DT_NEEDED || d->d_tag == DT_AUXILIARY || d->d_tag == DT_FILTER;
        const char *file = needs ? find_string(&v, strings, d->d_un.d_val, SIZE_MAX) : NULL;
        stopped = file != NULL && fn(file, data);
    }
    return stopped;
}

/* The tables of a lookup by name. */
struct lookup {
    struct view v;
    uintptr_t symbols, strings, versions;
    const char *name;
};

/* The symbol with this index if the object defines it, else NULL. */
static const ElfW(Sym) * defined(struct lookup *l, uint32_t index)
{
    const ElfW(Sym) *sym = element(&l->v, l->symbols, sizeof *sym, index);
    if (sym == NULL || sym->st_shndx == SHN_UNDEF || sym->st_value == 0 ||
        ELF64_ST_BIND(sym->st_info) == STB_LOCAL ||
        (ELF64_ST_TYPE(sym->st_info) != STT_FUNC && ELF64_ST_TYPE(sym->st_info) != STT_OBJECT)) {
        return NULL;
    }
    const ElfW(Half) *version =
        l->versions != 0 ? element(&l->v, l->versions, sizeof *version, index) : NULL;
    bool hidden = version != NULL && (*version & 0x8000) != 0;
    return hidden ? NULL : sym;
}

/* The same, if it has the name that is looked for. */
static const ElfW(Sym) * definition(struct lookup *l, uint32_t index)
{
    const ElfW(Sym) *sym = defined(l, index);
    return sym != NULL && string_is(&l->v, l->strings + sym->st_name, l->name) ? sym : NULL;
}

static const ElfW(Sym) * gnu_lookup(struct lookup *l, uintptr_t table)
{
    const uint32_t *head = element(&l->v, table, 4 * sizeof *head, 0);
    uint32_t hash = 5381;
    for (const char *c = l->name; *c != '\0'; c++) {
        hash = hash * 33 + (unsigned char)*c;
    }
    if (head == NULL || head[0] == 0 || head[2] == 0) {
        return NULL;
    }
    uint32_t buckets = head[0];
    uint32_t first = head[1];
    uintptr_t bloom = table + 4 * sizeof *head;
    uintptr_t bucket = bloom + head[2] * sizeof(ElfW(Addr));
    uintptr_t chain = bucket + buckets * sizeof(uint32_t);
    const ElfW(Addr) *word =
        element(&l->v, bloom, sizeof *word, hash / __ELF_NATIVE_CLASS % head[2]);
    if (word == NULL || (*word >> hash % __ELF_NATIVE_CLASS &
                         *word >> (hash >> (head[3] & 31)) % __ELF_NATIVE_CLASS & 1) == 0) {
        return NULL;
    }
    const uint32_t *start = element(&l->v, bucket, sizeof *start, hash % buckets);
    for (uint32_t i = start != NULL ? *start : 0; i != 0 && i >= first; i++) {
        const uint32_t *link = element(&l->v, chain, sizeof *link, i - first);
        if (link == NULL) {
            break;
        }
        const ElfW(Sym) *found = (*link | 1) == (hash | 1) ? definition(l, i) : NULL;
        if (found != NULL || (*link & 1) != 0) {
            return found;
        }
    }
    return NULL;
}

static const ElfW(Sym) * sysv_lookup(struct lookup *l, uintptr_t table)
{
    const uint32_t *head = element(&l->v, table, 2 * sizeof *head, 0);
    uint32_t hash = 0;
    for (const char *c = l->name; *c != '\0'; c++) {
        hash = (hash << 4) + (unsigned char)*c;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
    }
    if (head == NULL || head[0] == 0) {
        return NULL;
    }
    uint32_t left = head[1]; /* also ends a circular chain */
    uintptr_t bucket = table + 2 * sizeof *head;
    uintptr_t chain = bucket + head[0] * sizeof(uint32_t);
    const uint32_t *link = element(&l->v, bucket, sizeof *link, hash % head[0]);
    while (link != NULL && *link != STN_UNDEF && left-- > 0) {
        const ElfW(Sym) *found = definition(l, *link);
        if (found != NULL) {
            return found;
        }
        link = element(&l->v, chain, sizeof *link, *link);
    }
    return NULL;
}

static struct lookup lookup_in(const struct object *o, const char *name)
{
    struct lookup l = {.v = {o, {0}}, .name = name};
    l.symbols = find_table(&l.v, DT_SYMTAB);
    l.strings = find_table(&l.v, DT_STRTAB);
    l.versions = find_table(&l.v, DT_VERSYM);
    return l;
}

void *object_symbol(const struct object *o, const char *name)
{
    struct lookup l = lookup_in(o, name);
    uintptr_t gnu = find_table(&l.v, DT_GNU_HASH);
    uintptr_t sysv = gnu == 0 ? find_table(&l.v, DT_HASH) : 0;
    if (l.symbols == 0 || l.strings == 0) {
        return NULL;
    }
    const ElfW(Sym) *found = gnu != 0    ? gnu_lookup(&l, gnu)
                             : sysv != 0 ? sysv_lookup(&l, sysv)
                                         : NULL;
    return found != NULL ? pointer(o->base + found->st_value) : NULL;
}

/* The number of symbols: the SysV hash table contains it; in a GNU one, it is the end of the last
 * chain. */
static size_t count_symbols(struct lookup *l)
{
    uintptr_t gnu = find_table(&l->v, DT_GNU_HASH);
    const uint32_t *head = element(&l->v, gnu, 4 * sizeof *head, 0);
    if (head == NULL) {
        head = element(&l->v, find_table(&l->v, DT_HASH), 2 * sizeof *head, 0);
        return head != NULL ? head[1] : 0;
    }
    uint32_t first = head[1];
    uintptr_t bucket = gnu + 4 * sizeof *head + head[2] * sizeof(ElfW(Addr));
    uintptr_t chain = bucket + head[0] * sizeof(uint32_t);
    uint32_t last = 0;
    for (uint32_t i = 0; i < head[0]; i++) {
        const uint32_t *start = element(&l->v, bucket, sizeof *start, i);
        if (start == NULL) {
            return 0;
        }
        last = *start > last ? *start : last;
    }
    for (const uint32_t *link; last >= first && last != 0; last++) {
        link = element(&l->v, chain, sizeof *link, last - first);
        if (link == NULL || (*link & 1) != 0) {
            break;
        }
    }
    return last != 0 ? (size_t)last + 1 : 0;
}

bool object_each_symbol(const struct object *o,
                        bool (*fn)(const char *name, void *address, void *data), void *data)
{
    struct lookup l = lookup_in(o, "");
    size_t n = l.symbols != 0 ? count_symbols(&l) : 0;
    for (size_t i = 1; i < n; i++) {
        if (element(&l.v, l.symbols, sizeof(ElfW(Sym)), i) == NULL) {
            break;
        }
        const ElfW(Sym) *sym = defined(&l, (uint32_t)i);
        const char *name =
            sym != NULL ? find_string(&l.v, l.strings, sym->st_name, SIZE_MAX) : NULL;
        if (name != NULL && fn(name, pointer(o->base + sym->st_value), data)) {
            return true;
        }
    }
    return false;
}

#if defined(__x86_64__)
#define JUMP_SLOT R_X86_64_JUMP_SLOT
#define BINDS(type) ((type) == JUMP_SLOT || (type) == R_X86_64_GLOB_DAT || (type) == R_X86_64_64)
#elif defined(__aarch64__)
#define JUMP_SLOT R_AARCH64_JUMP_SLOT
#define BINDS(type)                                                                                \
    ((type) == JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT || (type) == R_AARCH64_ABS64)
#else
#error "pgseal knows x86_64 and aarch64"
#endif

/* odd: only the relocations that are no slots. */
static bool each_import(const struct object *o, bool odd,
                        bool (*fn)(const struct import *import, void *data), void *data)
{
    static const struct {
        ElfW(Sxword) table, size;
    } tables[] = {{DT_JMPREL, DT_PLTRELSZ}, {DT_RELA, DT_RELASZ}};
    struct view v = {o, {0}};
    uintptr_t symbols = find_table(&v, DT_SYMTAB);
    uintptr_t strings = find_table(&v, DT_STRTAB);
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        uintptr_t table = find_table(&v, tables[t].table);
        const ElfW(Dyn) *size = object_dynamic(o, tables[t].size);
        size_t n = size != NULL ? size->d_un.d_val / sizeof(ElfW(Rela)) : 0;
        const ElfW(Dyn) *relative = t == 1 ? object_dynamic(o, DT_RELACOUNT) : NULL;
        const ElfW(Rela) * rela;
        for (size_t i = relative != NULL ? relative->d_un.d_val : 0;
             i < n && (rela = element(&v, table, sizeof *rela, i)) != NULL; i++) {
            struct import import = {.symbol = (uint32_t)ELF64_R_SYM(rela->r_info),
                                    .call = ELF64_R_TYPE(rela->r_info) == JUMP_SLOT};
            uintptr_t slot = o->base + rela->r_offset;
            const ElfW(Sym) * sym;
            bool is_slot = BINDS(ELF64_R_TYPE(rela->r_info)) && rela->r_addend == 0;
            if (import.symbol == STN_UNDEF || is_slot == odd ||
                (sym = element(&v, symbols, sizeof *sym, import.symbol)) == NULL ||
                (import.name = find_string(&v, strings, sym->st_name, IMPORT_NAME)) == NULL ||
                !readable(&v, slot, sizeof(void *))) {
                continue;
            }
            import.slot = pointer(slot);
            if (fn(&import, data)) {
                return true;
            }
        }
    }
    return false;
}

bool object_each_import(const struct object *o, bool (*fn)(const struct import *import, void *data),
                        void *data)
{
    return each_import(o, false, fn, data);
}

bool object_each_odd_import(const struct object *o,
                            bool (*fn)(const struct import *import, void *data), void *data)
{
    return each_import(o, true, fn, data);
}

void *import_holds(const struct import *import)
{
    void *held;
    if ((uintptr_t)import->slot % sizeof held == 0) {
        return __atomic_load_n((void **)import->slot, __ATOMIC_RELAXED);
    }
    memcpy(&held, import->slot, sizeof held);
    return held;
}

const char *object_import_version(const struct object *o, uint32_t symbol)
{
    struct view v = {o, {0}};
    const ElfW(Half) *index = element(&v, find_table(&v, DT_VERSYM), sizeof *index, symbol);
    const ElfW(Dyn) *count = object_dynamic(o, DT_VERNEEDNUM);
    uintptr_t at = find_table(&v, DT_VERNEED);
    for (size_t i = 0; index != NULL && count != NULL && at != 0 && i < count->d_un.d_val; i++) {
        const ElfW(Verneed) *need = element(&v, at, sizeof *need, 0);
        uintptr_t aux = need != NULL ? at + need->vn_aux : 0;
        for (size_t j = 0; need != NULL && j < need->vn_cnt; j++) {
            const ElfW(Vernaux) *version = element(&v, aux, sizeof *version, 0);
            if (version == NULL || version->vna_other == (*index & 0x7fff)) {
                return version != NULL
                           ? find_string(&v, find_table(&v, DT_STRTAB), version->vna_name, SIZE_MAX)
                           : NULL;
            }
            aux += version->vna_next;
        }
        at = need != NULL && need->vn_next != 0 ? at + need->vn_next : 0;
    }
    return NULL;
}
