/* elf: what an ELF object's headers and dynamic section show about how it reaches PostgreSQL. */
#include "cli/scan/elf_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEGMENTS_MAX = 4096,
    SECTIONS_MAX = 65536,
    DYNAMIC_MAX = 65536,
    NAME_MAX_LEN = 4096,
    NEEDED_MAX = 1024
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
            facts->reason = "its program headers are truncated";
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
            facts->reason = "it is truncated";
        }
    }
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
    Elf_Data *data = elf_chunk(r, r->dynamic, size, ELF_T_DYN);
    if (data == NULL) {
        facts->reason = "its dynamic section is truncated";
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
        } else if (dyn.d_tag == DT_SYMBOLIC) {
            r->symbolic = true;
        } else if (dyn.d_tag == DT_FLAGS) {
            r->symbolic = r->symbolic || (dyn.d_un.d_val & DF_SYMBOLIC) != 0;
        } else if (dyn.d_tag == DT_JMPREL) {
            r->calls = elf_offset(&r->places, dyn.d_un.d_ptr);
        } else if (dyn.d_tag == DT_PLTRELSZ) {
            r->calls_size = dyn.d_un.d_val;
        } else if (dyn.d_tag == DT_RELA) {
            r->relocations = elf_offset(&r->places, dyn.d_un.d_ptr);
        } else if (dyn.d_tag == DT_RELASZ) {
            r->relocations_size = dyn.d_un.d_val;
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

static void read_all(struct reader *r, bool deep, struct elf_facts *facts)
{
    facts->is_elf = true;
    facts->class = gelf_getclass(r->elf) == ELFCLASS64 ? 64 : 32;
    facts->machine = r->header.e_machine;
    read_segments(r, facts);
    read_sections(r);
    read_dynamic(r, facts);
    elf_read_symbols(r, facts);
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
    r.hash = r.gnu_hash = r.calls = r.relocations = UINT64_MAX;
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
        facts->reason = "its ELF header is truncated or invalid";
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
    char *texts[] = {facts->interpreter, facts->soname,      facts->rpath,  facts->runpath,
                     facts->names_libpq, facts->names_entry, facts->openssl};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
    }
    *facts = (struct elf_facts){0};
}
