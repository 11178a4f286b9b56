/* symbols: the dynamic symbols of an ELF object, and whether its calls to libpq can be
 * interposed. */
#include "cli/scan/elf_internal.h"

#include <stdlib.h>
#include <string.h>

enum { BOUND_MAX = 64 * 1024 * 1024 }; /* bytes of relocations */

/* ENTRY rows of the one table of hooks. */
enum hook_kind { ENTRY, CONN, CANCEL, LOADER, NAME };
#define HOOK(name, kind) {#name, kind},
static const struct {
    const char *name;
    enum hook_kind kind;
} hooks[] = {
#include "shim/hooks.def"
};
#undef HOOK

/* How many symbols the GNU hash table covers, or 0: the end of the chain that the highest bucket
 * begins. */
static uint64_t gnu_hash_count(const struct reader *r)
{
    Elf_Data *head = elf_chunk(r, r->gnu_hash, 16, ELF_T_WORD);
    if (head == NULL) {
        return 0;
    }
    uint32_t words[4];
    memcpy(words, head->d_buf, sizeof words);
    uint64_t buckets =
        r->gnu_hash + 16 + (uint64_t)words[2] * (gelf_getclass(r->elf) == ELFCLASS64 ? 8 : 4);
    Elf_Data *data = elf_chunk(r, buckets, (uint64_t)words[0] * 4, ELF_T_WORD);
    uint32_t highest = 0;
    for (uint32_t i = 0; data != NULL && i < words[0]; i++) {
        uint32_t bucket;
        memcpy(&bucket, (char *)data->d_buf + 4 * (size_t)i, sizeof bucket);
        highest = bucket > highest ? bucket : highest;
    }
    if (highest < words[1]) {
        return words[1];
    }
    uint64_t chains = buckets + (uint64_t)words[0] * 4;
    unsigned char hash[4];
    bool big = r->header.e_ident[EI_DATA] == ELFDATA2MSB;
    while (source_read(r->source, chains + (uint64_t)(highest - words[1]) * 4, hash, 4) == 4) {
        highest++;
        if ((hash[big ? 3 : 0] & 1) != 0 || highest == UINT32_MAX) {
            break;
        }
    }
    return highest;
}

/* How many dynamic symbols there are, the way the dynamic linker could know it where no section
 * says so. */
static uint64_t count_symbols(const struct reader *r, size_t entry)
{
    if (r->symbol_count != 0) {
        return r->symbol_count;
    }
    Elf_Data *hash = r->hash != UINT64_MAX ? elf_chunk(r, r->hash, 8, ELF_T_WORD) : NULL;
    if (hash != NULL) {
        uint32_t chains;
        memcpy(&chains, (char *)hash->d_buf + 4, sizeof chains);
        return chains;
    }
    uint64_t gap = r->strings > r->symbols ? (r->strings - r->symbols) / entry : 0;
    uint64_t count = r->gnu_hash != UINT64_MAX ? gnu_hash_count(r) : 0;
    return gap > count ? gap : count;
}

/* The symbols that calls and pointers are bound to through the linkage table, a bit each. */
static unsigned char *bound_symbols(const struct reader *r, uint64_t count)
{
    unsigned char *bound = xcalloc(1, (size_t)(count / 8 + 1));
    const uint64_t tables[2][2] = {{r->calls, r->calls_size},
                                   {r->relocations, r->relocations_size}};
    size_t entry = gelf_fsize(r->elf, ELF_T_RELA, 1, EV_CURRENT);
    for (size_t t = 0; t < 2 && entry != 0; t++) {
        uint64_t size = tables[t][1] < BOUND_MAX ? tables[t][1] : BOUND_MAX;
        size -= size % entry;
        Elf_Data *data = elf_chunk(r, tables[t][0], size, ELF_T_RELA);
        GElf_Rela rela;
        for (uint64_t i = 0;
             data != NULL && i < size / entry && gelf_getrela(data, (int)i, &rela) != NULL; i++) {
            uint64_t symbol = GELF_R_SYM(rela.r_info);
            if (symbol < count) {
                bound[symbol / 8] |= (unsigned char)(1u << (symbol % 8));
            }
        }
    }
    return bound;
}

/* What PQlibVersion returns: a function that loads one number and returns. */
static int read_version(const struct reader *r, uint64_t address)
{
    unsigned char code[16] = {0};
    uint64_t offset = elf_offset(&r->places, address);
    size_t n = offset != UINT64_MAX ? source_read(r->source, offset, code, sizeof code) : 0;
    if (n != sizeof code) {
        return 0;
    }
    const unsigned char *at = code;
    if (r->header.e_machine == EM_X86_64) {
        at += memcmp(at, "\xf3\x0f\x1e\xfa", 4) == 0 ? 4 : 0; /* endbr64 */
        return at[0] == 0xb8 && at[5] == 0xc3 ? (int)little32(at + 1) : 0;
    }
    if (r->header.e_machine == EM_AARCH64) {
        at += little32(at) == 0xd503245f ? 4 : 0; /* bti c */
        uint32_t low = little32(at);
        uint32_t high = little32(at + 4);
        if ((low & 0xffe0001f) == 0x52800000 && (high & 0xffe0001f) == 0x72a00000) {
            return (int)((low >> 5 & 0xffff) | (high >> 5 & 0xffff) << 16);
        }
    }
    return 0;
}

/* The way in to all others: whichever is called, one of these is defined by every libpq. */
static const char *const main_entries[] = {"PQconnectdb", "PQconnectdbParams", "PQconnectStart",
                                           "PQconnectStartParams", "PQsetdbLogin"};
enum { MAIN_ENTRIES = sizeof main_entries / sizeof *main_entries };

/* What of libpq this object defines for others. */
struct own_libpq {
    unsigned defined; /* a bit for each of main_entries */
    bool bound;       /* one of them is called through the linkage table */
};

static void look_at_own(struct own_libpq *own, const char *name, const GElf_Sym *symbol, bool bound)
{
    int binding = GELF_ST_BIND(symbol->st_info);
    if ((binding != STB_GLOBAL && binding != STB_WEAK) ||
        GELF_ST_VISIBILITY(symbol->st_other) != STV_DEFAULT) {
        return;
    }
    for (size_t i = 0; i < MAIN_ENTRIES; i++) {
        if (strcmp(name, main_entries[i]) == 0) {
            own->defined |= 1u << i;
            own->bound = own->bound || bound;
        }
    }
}

static void look_at_symbol(const char *name, bool defined, struct elf_facts *facts)
{
    if (name[0] == 'd' && name[1] == 'l') {
        if (!defined && (strcmp(name, "dlopen") == 0 || strcmp(name, "dlmopen") == 0 ||
                         strcmp(name, "dlsym") == 0 || strcmp(name, "dlvsym") == 0)) {
            facts->imports_dl = true;
        }
        return;
    }
    if (strncmp(name, "KCIConnection", 13) == 0) {
        facts->uses_kci = true;
        return;
    }
    if (name[0] != 'P' || name[1] != 'Q') {
        return;
    }
    if (defined && strcmp(name, "PQexec") == 0) {
        facts->defines_exec = true;
    }
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        if (hooks[i].kind == ENTRY && strcmp(name, hooks[i].name) == 0) {
            facts->defines_entry = facts->defines_entry || defined;
            facts->imports_entry = facts->imports_entry || !defined;
        }
    }
}

void elf_read_symbols(const struct reader *r, struct elf_facts *facts)
{
    size_t entry = gelf_fsize(r->elf, ELF_T_SYM, 1, EV_CURRENT);
    if (entry == 0 || r->symbols >= r->source->size || r->strings >= r->source->size) {
        return;
    }
    uint64_t count = count_symbols(r, entry);
    uint64_t room = (r->source->size - r->symbols) / entry;
    uint64_t texts = r->source->size - r->strings;
    count = count < room ? count : room;
    count = count < 4 * 1024 * 1024 ? count : 4 * 1024 * 1024;
    texts = texts < r->strings_size ? texts : r->strings_size;
    texts = texts < 256 * 1024 * 1024 ? texts : 256 * 1024 * 1024;
    Elf_Data *symbols = elf_chunk(r, r->symbols, count * entry, ELF_T_SYM);
    Elf_Data *names = elf_chunk(r, r->strings, texts, ELF_T_BYTE);
    if (symbols == NULL || names == NULL) {
        return;
    }
    const char *text = names->d_buf;
    unsigned char *bound = bound_symbols(r, count);
    struct own_libpq own = {0};
    GElf_Sym symbol;
    for (uint64_t i = 1; i < count && gelf_getsym(symbols, (int)i, &symbol) != NULL; i++) {
        if (symbol.st_name == 0 || symbol.st_name >= texts ||
            memchr(text + symbol.st_name, '\0', (size_t)(texts - symbol.st_name)) == NULL) {
            continue;
        }
        const char *name = text + symbol.st_name;
        look_at_symbol(name, symbol.st_shndx != SHN_UNDEF, facts);
        if (symbol.st_shndx != SHN_UNDEF && name[0] == 'P' && name[1] == 'Q') {
            look_at_own(&own, name, &symbol, (bound[i / 8] >> (i % 8) & 1) != 0);
            if (strcmp(name, "PQlibVersion") == 0) {
                facts->libpq_version = read_version(r, symbol.st_value);
            }
        }
    }
    facts->replaceable = !r->symbolic && own.bound && own.defined == (1u << MAIN_ENTRIES) - 1;
    free(bound);
}
