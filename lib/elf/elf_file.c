/* elf_file: reads headers, PT_INTERP, notes and dynamic symbols of one mapped ELF file of the
 * launcher's own class. */
#include "lib/elf/elf_file.h"

#include "lib/core/text/strbuf.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define NATIVE_CLASS (__ELF_NATIVE_CLASS == 64 ? ELFCLASS64 : ELFCLASS32)
#define NATIVE_DATA (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)
#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#elif defined(__i386__)
#define NATIVE_MACHINE EM_386
#elif defined(__arm__)
#define NATIVE_MACHINE EM_ARM
#elif defined(__powerpc64__)
#define NATIVE_MACHINE EM_PPC64
#elif defined(__s390x__)
#define NATIVE_MACHINE EM_S390
#elif defined(__riscv)
#define NATIVE_MACHINE EM_RISCV
#else
#error "elf_file.c: name this machine's EM_ constant"
#endif

/* The kernel takes no larger table of program headers (elf_read_phdrs). */
enum { PHDRS_MAX_BYTES = 65536 };

/* n bytes at offset, or NULL if the file does not hold them. */
static const unsigned char *at(const struct elf *e, uint64_t offset, uint64_t n)
{
    if (offset > e->size || n > e->size - offset) {
        return NULL;
    }
    return e->bytes + offset;
}

static void header(const struct elf *e, ElfW(Ehdr) * h)
{
    memcpy(h, e->bytes, sizeof *h);
}

/* Copies program header i; returns false after the last one. */
static bool program_header(const struct elf *e, size_t i, ElfW(Phdr) * p)
{
    ElfW(Ehdr) h;
    header(e, &h);
    const unsigned char *bytes = i < h.e_phnum ? at(e, h.e_phoff + i * sizeof *p, sizeof *p) : NULL;
    if (bytes == NULL) {
        return false;
    }
    memcpy(p, bytes, sizeof *p);
    return true;
}

/* Copies the first program header of this type; returns false if there is none. */
static bool find_header(const struct elf *e, ElfW(Word) type, ElfW(Phdr) * p)
{
    for (size_t i = 0; program_header(e, i, p); i++) {
        if (p->p_type == type) {
            return true;
        }
    }
    return false;
}

enum elf_verdict elf_open(struct elf *e, int fd)
{
    *e = (struct elf){0};
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0) {
        return ELF_NOT_ELF;
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        return ELF_NOT_ELF;
    }
    e->bytes = map;
    e->size = (size_t)st.st_size;
    if (e->size < SELFMAG || memcmp(e->bytes, ELFMAG, SELFMAG) != 0) {
        return ELF_NOT_ELF;
    }
    /* e_type and e_machine lie at the same place in both classes. */
    if (e->size < sizeof(Elf32_Ehdr)) {
        return ELF_BROKEN;
    }
    bool big = e->bytes[EI_DATA] == ELFDATA2MSB;
    e->class_bits = e->bytes[EI_CLASS] == ELFCLASS32 ? 32 : 64;
    e->type = e->bytes[16 + (big ? 1 : 0)] | e->bytes[16 + (big ? 0 : 1)] << 8;
    e->machine = e->bytes[18 + (big ? 1 : 0)] | e->bytes[18 + (big ? 0 : 1)] << 8;
    if (e->bytes[EI_CLASS] != ELFCLASS32 && e->bytes[EI_CLASS] != ELFCLASS64) {
        return ELF_BROKEN;
    }
    if (e->bytes[EI_CLASS] != NATIVE_CLASS) {
        return ELF_OTHER_CLASS;
    }
    if (e->machine != NATIVE_MACHINE || e->bytes[EI_DATA] != NATIVE_DATA) {
        return ELF_OTHER_MACHINE;
    }
    ElfW(Ehdr) h;
    if (e->size < sizeof h) {
        return ELF_BROKEN;
    }
    header(e, &h);
    uint64_t table = (uint64_t)h.e_phnum * sizeof(ElfW(Phdr));
    if ((h.e_type != ET_EXEC && h.e_type != ET_DYN) || h.e_phentsize != sizeof(ElfW(Phdr)) ||
        table == 0 || table > PHDRS_MAX_BYTES || at(e, h.e_phoff, table) == NULL) {
        return ELF_BROKEN;
    }
    return ELF_OK;
}

void elf_close(struct elf *e)
{
    if (e->bytes != NULL) {
        munmap((void *)(uintptr_t)e->bytes, e->size);
    }
    *e = (struct elf){0};
}

bool elf_interpreter(const struct elf *e, char *buf, size_t size)
{
    ElfW(Phdr) p;
    const unsigned char *text =
        find_header(e, PT_INTERP, &p) ? at(e, p.p_offset, p.p_filesz) : NULL;
    if (text == NULL || p.p_filesz < 2 || p.p_filesz > size || text[p.p_filesz - 1] != '\0') {
        return false;
    }
    memcpy(buf, text, p.p_filesz);
    return true;
}

static uint64_t round_up(uint64_t n, uint64_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* Looks for pgseal's note among those of one PT_NOTE segment. */
static const char *find_note(const unsigned char *notes, uint64_t size, uint64_t align)
{
    static const char owner[] = "pgseal";
    uint64_t position = 0;
    while (position <= size && size - position >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) n;
        memcpy(&n, notes + position, sizeof n);
        uint64_t name = position + sizeof n;
        uint64_t text = round_up(name + n.n_namesz, align);
        uint64_t end = text + n.n_descsz;
        if (end > size) {
            return NULL;
        }
        if (n.n_type == 1 && n.n_namesz == sizeof owner &&
            memcmp(notes + name, owner, sizeof owner) == 0 && n.n_descsz > 0 &&
            memchr(notes + text, '\0', n.n_descsz) != NULL) {
            return (const char *)(notes + text);
        }
        position = round_up(end, align);
    }
    return NULL;
}

const char *elf_pgseal_version(const struct elf *e)
{
    ElfW(Phdr) p;
    for (size_t i = 0; program_header(e, i, &p); i++) {
        const unsigned char *notes = p.p_type == PT_NOTE ? at(e, p.p_offset, p.p_filesz) : NULL;
        if (notes == NULL) {
            continue;
        }
        const char *version = find_note(notes, p.p_filesz, p.p_align == 8 ? 8 : 4);
        if (version != NULL) {
            return version;
        }
    }
    return NULL;
}

/* Copies section header i; returns false if there is none. */
static bool section_header(const struct elf *e, size_t i, ElfW(Shdr) * s)
{
    ElfW(Ehdr) h;
    header(e, &h);
    if (h.e_shentsize != sizeof *s || i >= h.e_shnum) {
        return false;
    }
    const unsigned char *bytes = at(e, h.e_shoff + i * sizeof *s, sizeof *s);
    if (bytes == NULL) {
        return false;
    }
    memcpy(s, bytes, sizeof *s);
    return true;
}

/* Whether symbol s, whose name is among the size bytes at names, is defined for others under this
 * name; with prefix, under one that begins so. */
static bool is_defined(const ElfW(Sym) * s, const unsigned char *names, uint64_t size,
                       const char *name, bool prefix)
{
    int binding = s->st_info >> 4;
    size_t n = strlen(name) + (prefix ? 0 : 1);
    return s->st_shndx != SHN_UNDEF && (binding == STB_GLOBAL || binding == STB_WEAK) &&
           s->st_name < size && size - s->st_name > n && memcmp(names + s->st_name, name, n) == 0 &&
           memchr(names + s->st_name, '\0', size - s->st_name) != NULL;
}

/* The name of the first dynamic symbol for which is_defined is true, in the mapping, or NULL. */
static const char *find_defined(const struct elf *e, const char *name, bool prefix)
{
    ElfW(Shdr) table;
    ElfW(Shdr) strings;
    for (size_t i = 0; section_header(e, i, &table); i++) {
        if (table.sh_type != SHT_DYNSYM || !section_header(e, table.sh_link, &strings)) {
            continue;
        }
        const unsigned char *symbols = at(e, table.sh_offset, table.sh_size);
        const unsigned char *names = at(e, strings.sh_offset, strings.sh_size);
        if (symbols == NULL || names == NULL) {
            return NULL;
        }
        for (uint64_t n = 0; n + sizeof(ElfW(Sym)) <= table.sh_size; n += sizeof(ElfW(Sym))) {
            ElfW(Sym) symbol;
            memcpy(&symbol, symbols + n, sizeof symbol);
            if (is_defined(&symbol, names, strings.sh_size, name, prefix)) {
                return (const char *)names + symbol.st_name;
            }
        }
    }
    return NULL;
}

bool elf_is_loader(const struct elf *e)
{
    ElfW(Phdr) p;
    return e->type == ET_DYN && !find_header(e, PT_INTERP, &p) &&
           find_defined(e, "__tls_get_addr", false) != NULL;
}

bool elf_defines_pq(const struct elf *e, char *buf, size_t size)
{
    const char *name = find_defined(e, "PQ", true);
    return name != NULL && strbuf_copy(buf, size, name);
}
