/* scan_elf: what an ELF object's headers and dynamic section tell of how it reaches PostgreSQL. */
#include "cli/scan/elf.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEGMENTS_MAX = 4096,
    SECTIONS_MAX = 65536,
    DYNAMIC_MAX = 65536,
    NAME_MAX_LEN = 4096,
    NEEDED_MAX = 1024
};

/* DOOR rows of the one table of hooks. */
enum hook_kind { ENTRY, CONN, CANCEL, LOADER, NAME };
#define HOOK(name, kind) {#name, kind},
static const struct {
    const char *name;
    enum hook_kind kind;
} hooks[] = {
#include "shim/hooks.def"
};
#undef HOOK

struct reader {
    const struct source *source;
    Elf *elf;
    GElf_Ehdr header;
    struct elf_places places;
    uint64_t dynamic, dynamic_size;
    uint64_t strings, strings_size;
    uint64_t symbols;
    uint64_t hash, gnu_hash;
    uint64_t symbol_count;
    uint64_t flags_1;
};

static char *text_at(const struct source *source, uint64_t offset, size_t max)
{
    char buf[NAME_MAX_LEN];
    size_t n = source_read(source, offset, buf, max < sizeof buf ? max : sizeof buf);
    return memchr(buf, '\0', n) != NULL ? xstrdup(buf) : NULL;
}

static void read_segments(struct reader *r, struct elf_facts *facts)
{
    size_t n = 0;
    if (elf_getphdrnum(r->elf, &n) != 0) {
        n = 0;
    }
    n = n < SEGMENTS_MAX ? n : SEGMENTS_MAX;
    r->places.loads = xcalloc(n, sizeof *r->places.loads);
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(r->elf, (int)i, &segment) == NULL) {
            facts->problem = "its program headers are cut";
            break;
        }
        if (segment.p_type == PT_LOAD) {
            r->places.loads[r->places.n_loads++] = (struct elf_load){
                segment.p_vaddr, segment.p_offset, segment.p_filesz, (segment.p_flags & PF_X) != 0};
        }
        if (segment.p_type == PT_INTERP && facts->interpreter == NULL) {
            facts->interpreter = text_at(r->source, segment.p_offset, segment.p_filesz);
        }
        if (segment.p_type == PT_DYNAMIC) {
            r->dynamic = segment.p_offset;
            r->dynamic_size = segment.p_filesz;
        }
        if (segment.p_filesz != 0 && (segment.p_offset > r->source->size ||
                                      segment.p_filesz > r->source->size - segment.p_offset)) {
            facts->problem = "it is cut";
        }
    }
}

/* A piece of the file as libelf reads it for the class and byte order at hand, or NULL. */
static Elf_Data *chunk(const struct reader *r, uint64_t offset, uint64_t size, Elf_Type type)
{
    if (offset >= r->source->size || size > r->source->size - offset || offset > INT64_MAX ||
        size == 0) {
        return NULL;
    }
    return elf_getdata_rawchunk(r->elf, (int64_t)offset, (size_t)size, type);
}

static char *dynamic_text(const struct reader *r, uint64_t at)
{
    if (at >= r->strings_size) {
        return NULL;
    }
    uint64_t left = r->strings_size - at;
    return text_at(r->source, r->strings + at, left < NAME_MAX_LEN ? (size_t)left : NAME_MAX_LEN);
}

static void set_text(char **to, char *text)
{
    free(*to);
    *to = text;
}

static void read_dynamic(struct reader *r, struct elf_facts *facts)
{
    size_t entry = gelf_fsize(r->elf, ELF_T_DYN, 1, EV_CURRENT);
    uint64_t size = r->dynamic_size;
    if (entry == 0 || size < entry) {
        return;
    }
    if (r->dynamic < r->source->size && size > r->source->size - r->dynamic) {
        size = r->source->size - r->dynamic;
    }
    size = size / entry > DYNAMIC_MAX ? (uint64_t)DYNAMIC_MAX * entry : size - size % entry;
    Elf_Data *data = chunk(r, r->dynamic, size, ELF_T_DYN);
    if (data == NULL) {
        facts->problem = "its dynamic section is cut";
        return;
    }
    GElf_Dyn dyn;
    int n = (int)(size / entry);
    for (int i = 0; i < n && gelf_getdyn(data, i, &dyn) != NULL && dyn.d_tag != DT_NULL; i++) {
        if (dyn.d_tag == DT_STRTAB) {
            r->strings = elf_offset(&r->places, dyn.d_un.d_ptr);
        } else if (dyn.d_tag == DT_STRSZ) {
            r->strings_size = dyn.d_un.d_val;
        } else if (dyn.d_tag == DT_SYMTAB) {
            r->symbols = elf_offset(&r->places, dyn.d_un.d_ptr);
        } else if (dyn.d_tag == DT_HASH) {
            r->hash = elf_offset(&r->places, dyn.d_un.d_ptr);
        } else if (dyn.d_tag == DT_GNU_HASH) {
            r->gnu_hash = elf_offset(&r->places, dyn.d_un.d_ptr);
        } else if (dyn.d_tag == DT_FLAGS_1) {
            r->flags_1 = dyn.d_un.d_val;
        }
    }
    for (int i = 0; i < n && gelf_getdyn(data, i, &dyn) != NULL && dyn.d_tag != DT_NULL; i++) {
        if (dyn.d_tag == DT_NEEDED && facts->needed.n < NEEDED_MAX) {
            char *name = dynamic_text(r, dyn.d_un.d_val);
            if (name != NULL) {
                strings_take(&facts->needed, name);
            }
        } else if (dyn.d_tag == DT_SONAME) {
            set_text(&facts->soname, dynamic_text(r, dyn.d_un.d_val));
        } else if (dyn.d_tag == DT_RPATH) {
            set_text(&facts->rpath, dynamic_text(r, dyn.d_un.d_val));
        } else if (dyn.d_tag == DT_RUNPATH) {
            set_text(&facts->runpath, dynamic_text(r, dyn.d_un.d_val));
        }
    }
}

static bool section_has_constants(const GElf_Shdr *section)
{
    return section->sh_type == SHT_PROGBITS && (section->sh_flags & SHF_ALLOC) != 0 &&
           (section->sh_flags & SHF_EXECINSTR) == 0;
}

/* Where texts may stand: by the sections; where there are none, by the segments that hold no code;
 * else everywhere. */
static void read_sections(struct reader *r)
{
    size_t n = 0;
    if (elf_getshdrnum(r->elf, &n) != 0) {
        n = 0;
    }
    n = n < SECTIONS_MAX ? n : SECTIONS_MAX;
    r->places.constants = xcalloc(n + r->places.n_loads + 1, sizeof *r->places.constants);
    for (size_t i = 1; i < n; i++) {
        GElf_Shdr section;
        Elf_Scn *scn = elf_getscn(r->elf, i);
        if (scn == NULL || gelf_getshdr(scn, &section) == NULL) {
            break;
        }
        if (section.sh_type == SHT_DYNSYM && section.sh_entsize != 0) {
            r->symbol_count = section.sh_size / section.sh_entsize;
        }
        if (section_has_constants(&section)) {
            r->places.constants[r->places.n_constants++] =
                (struct elf_span){section.sh_offset, section.sh_size};
        }
    }
    for (size_t i = 0; r->places.n_constants == 0 && i < r->places.n_loads; i++) {
        const struct elf_load *load = &r->places.loads[i];
        if (!load->executable) {
            r->places.constants[r->places.n_constants++] =
                (struct elf_span){load->offset, load->size};
        }
    }
    if (n == 0 || r->places.n_constants == 0) {
        r->places.constants[0] = (struct elf_span){0, r->source->size};
        r->places.n_constants = 1;
    }
}

/* How many symbols the GNU hash table covers, or 0: the end of the chain that the highest bucket
 * begins. */
static uint64_t gnu_hash_count(const struct reader *r)
{
    Elf_Data *head = chunk(r, r->gnu_hash, 16, ELF_T_WORD);
    if (head == NULL) {
        return 0;
    }
    uint32_t words[4];
    memcpy(words, head->d_buf, sizeof words);
    uint64_t buckets =
        r->gnu_hash + 16 + (uint64_t)words[2] * (gelf_getclass(r->elf) == ELFCLASS64 ? 8 : 4);
    Elf_Data *data = chunk(r, buckets, (uint64_t)words[0] * 4, ELF_T_WORD);
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
    Elf_Data *hash = r->hash != UINT64_MAX ? chunk(r, r->hash, 8, ELF_T_WORD) : NULL;
    if (hash != NULL) {
        uint32_t chains;
        memcpy(&chains, (char *)hash->d_buf + 4, sizeof chains);
        return chains;
    }
    uint64_t gap = r->strings > r->symbols ? (r->strings - r->symbols) / entry : 0;
    uint64_t count = r->gnu_hash != UINT64_MAX ? gnu_hash_count(r) : 0;
    return gap > count ? gap : count;
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

static void read_symbols(const struct reader *r, struct elf_facts *facts)
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
    Elf_Data *symbols = chunk(r, r->symbols, count * entry, ELF_T_SYM);
    Elf_Data *names = chunk(r, r->strings, texts, ELF_T_BYTE);
    if (symbols == NULL || names == NULL) {
        return;
    }
    const char *text = names->d_buf;
    GElf_Sym symbol;
    for (uint64_t i = 1; i < count && gelf_getsym(symbols, (int)i, &symbol) != NULL; i++) {
        if (symbol.st_name != 0 && symbol.st_name < texts &&
            memchr(text + symbol.st_name, '\0', (size_t)(texts - symbol.st_name)) != NULL) {
            look_at_symbol(text + symbol.st_name, symbol.st_shndx != SHN_UNDEF, facts);
        }
    }
}

static void read_all(struct reader *r, bool deep, struct elf_facts *facts)
{
    facts->is_elf = true;
    facts->class = gelf_getclass(r->elf) == ELFCLASS64 ? 64 : 32;
    facts->machine = r->header.e_machine;
    read_segments(r, facts);
    read_sections(r);
    read_dynamic(r, facts);
    read_symbols(r, facts);
    bool executable =
        r->header.e_type == ET_EXEC ||
        (r->header.e_type == ET_DYN && ((r->flags_1 & DF_1_PIE) != 0 || r->dynamic_size == 0));
    facts->is_static = executable && facts->interpreter == NULL;
    /* Some libraries can be run, and have an interpreter too: a soname tells. */
    facts->is_program = executable || (facts->interpreter != NULL && facts->soname == NULL);
    if (deep) {
        elf_look_at_constants(r->source, &r->places, facts);
    }
}

void elf_look(const struct source *source, bool deep, struct elf_facts *facts)
{
    *facts = (struct elf_facts){0};
    unsigned char magic[EI_NIDENT];
    if (source_read(source, 0, magic, sizeof magic) != sizeof magic ||
        memcmp(magic, ELFMAG, SELFMAG) != 0) {
        return;
    }
    elf_version(EV_CURRENT);
    struct reader r = {.source = source, .strings = UINT64_MAX, .symbols = UINT64_MAX};
    r.hash = r.gnu_hash = UINT64_MAX;
    if (source->at != NULL) {
        union {
            const unsigned char *in;
            char *out; /* libelf only reads, though its type says otherwise */
        } image = {.in = source->at};
        r.elf = elf_memory(image.out, (size_t)source->size);
    } else {
        r.elf = elf_begin(source->fd, ELF_C_READ, NULL);
    }
    if (r.elf != NULL && elf_kind(r.elf) == ELF_K_ELF && gelf_getehdr(r.elf, &r.header) != NULL) {
        read_all(&r, deep, facts);
    } else {
        facts->is_elf = true;
        facts->problem = "its ELF header is cut or makes no sense";
    }
    elf_end(r.elf);
    free(r.places.loads);
    free(r.places.constants);
}

const char *elf_machine_name(unsigned machine, int class)
{
    switch (machine) {
    case EM_X86_64:
        return class == 64 ? "x86_64" : "x32";
    case EM_386:
        return "i386";
    case EM_AARCH64:
        return "aarch64";
    case EM_ARM:
        return "arm";
    case EM_RISCV:
        return "riscv";
    case EM_PPC64:
        return "ppc64";
    case EM_S390:
        return "s390";
    default:
        return "another machine";
    }
}

void elf_facts_free(struct elf_facts *facts)
{
    strings_free(&facts->needed);
    strings_free(&facts->go);
    strings_free(&facts->rust);
    char *texts[] = {facts->interpreter, facts->soname,      facts->rpath,
                     facts->runpath,     facts->names_libpq, facts->names_entry};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
    }
    *facts = (struct elf_facts){0};
}
