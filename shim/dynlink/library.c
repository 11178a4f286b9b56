/* library: finds and reads ELF files that are not loaded yet, as the dynamic linker would. */
#include "shim/dynlink/library.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#define MULTIARCH "aarch64-linux-gnu"
#endif

/* The bytes at a file offset, or NULL where these are not all within the file. */
static const void *at_offset(const struct library *lib, uint64_t offset, uint64_t n)
{
    return offset <= lib->size && n <= lib->size - offset ? lib->bytes + offset : NULL;
}

static const ElfW(Phdr) * program_headers(const struct library *lib, size_t *n)
{
    const ElfW(Ehdr) *e = (const void *)lib->bytes;
    *n = e->e_phnum;
    return e->e_phentsize == sizeof(ElfW(Phdr))
               ? at_offset(lib, e->e_phoff, *n * sizeof(ElfW(Phdr)))
               : NULL;
}

/* The bytes at a virtual address. */
static const void *at_address(const struct library *lib, uint64_t address, uint64_t n)
{
    size_t count = 0;
    const ElfW(Phdr) *p = program_headers(lib, &count);
    for (size_t i = 0; p && i < count; i++) {
        if (p[i].p_type == PT_LOAD && address >= p[i].p_vaddr &&
            address - p[i].p_vaddr <= p[i].p_filesz &&
            n <= p[i].p_filesz - (address - p[i].p_vaddr)) {
            return at_offset(lib, p[i].p_offset + (address - p[i].p_vaddr), n);
        }
    }
    return NULL;
}

static const ElfW(Dyn) * find_entry(const struct library *lib, ElfW(Sxword) tag)
{
    for (size_t i = 0; i < lib->ndyn; i++) {
        if (lib->dyn[i].d_tag == tag) {
            return &lib->dyn[i];
        }
    }
    return NULL;
}

static bool read_dynamic(struct library *lib)
{
    const ElfW(Ehdr) *e = at_offset(lib, 0, sizeof *e);
    size_t n = 0;
    if (!e || memcmp(e->e_ident, ELFMAG, SELFMAG) != 0 || e->e_ident[EI_CLASS] != ELFCLASS64 ||
        e->e_machine != MACHINE) {
        return false;
    }
    const ElfW(Phdr) *p = program_headers(lib, &n);
    for (size_t i = 0; p && i < n; i++) {
        if (p[i].p_type == PT_DYNAMIC && p[i].p_offset % sizeof(ElfW(Addr)) == 0) {
            size_t entries = p[i].p_filesz / sizeof(ElfW(Dyn));
            lib->dyn = at_offset(lib, p[i].p_offset, entries * sizeof(ElfW(Dyn)));
            while (lib->dyn && lib->ndyn < entries && lib->dyn[lib->ndyn].d_tag != DT_NULL) {
                lib->ndyn++;
            }
        }
    }
    const ElfW(Dyn) *strings = find_entry(lib, DT_STRTAB);
    const ElfW(Dyn) *size = find_entry(lib, DT_STRSZ);
    if (!strings || !size || size->d_un.d_val == 0) {
        return false;
    }
    lib->nstrings = size->d_un.d_val;
    lib->strings = at_address(lib, strings->d_un.d_ptr, lib->nstrings);
    return lib->strings && lib->strings[lib->nstrings - 1] == '\0';
}

bool library_open(const char *path, struct library *lib)
{
    int saved = errno;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    void *bytes = MAP_FAILED;
    *lib = (struct library){0};
    if (fd >= 0) {
        if (sys_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
            bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        }
        close(fd);
    }
    if (bytes != MAP_FAILED) {
        lib->bytes = bytes;
        lib->size = (size_t)st.st_size;
        if (!read_dynamic(lib)) {
            library_close(lib);
        }
    }
    errno = saved;
    return lib->bytes != NULL;
}

void library_close(struct library *lib)
{
    if (lib->bytes) {
        munmap((void *)(uintptr_t)lib->bytes, lib->size); // NOLINT(performance-no-int-to-ptr)
    }
    *lib = (struct library){0};
}

const char *library_string(const struct library *lib, ElfW(Xword) offset)
{
    return offset < lib->nstrings ? lib->strings + offset : "";
}

const char *library_entry(const struct library *lib, ElfW(Sxword) tag, size_t n)
{
    for (size_t i = 0; i < lib->ndyn; i++) {
        if (lib->dyn[i].d_tag == tag && n-- == 0) {
            return library_string(lib, lib->dyn[i].d_un.d_val);
        }
    }
    return NULL;
}

bool library_each_import(const struct library *lib, bool (*fn)(const char *name, void *data),
                         void *data)
{
    static const ElfW(Sxword) tags[][2] = {{DT_JMPREL, DT_PLTRELSZ}, {DT_RELA, DT_RELASZ}};
    const ElfW(Dyn) *symbols = find_entry(lib, DT_SYMTAB);
    for (size_t t = 0; symbols && t < 2; t++) {
        const ElfW(Dyn) *table = find_entry(lib, tags[t][0]);
        const ElfW(Dyn) *size = find_entry(lib, tags[t][1]);
        const ElfW(Rela) *rela =
            table && size ? at_address(lib, table->d_un.d_ptr, size->d_un.d_val) : NULL;
        for (size_t i = 0; rela && i < size->d_un.d_val / sizeof *rela; i++) {
            uint32_t index = ELF64_R_SYM(rela[i].r_info);
            const ElfW(Sym) *sym =
                index ? at_address(lib, symbols->d_un.d_ptr + index * sizeof *sym, sizeof *sym)
                      : NULL;
            if (sym && sym->st_shndx == SHN_UNDEF && fn(library_string(lib, sym->st_name), data)) {
                return true;
            }
        }
    }
    return false;
}

bool library_expand(const char *text, size_t len, const char *call_site, char *out, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, out, size);
    while (len > 0) {
        size_t token = len >= 9 && memcmp(text, "${ORIGIN}", 9) == 0 ? 9
                       : len >= 7 && memcmp(text, "$ORIGIN", 7) == 0 ? 7
                                                                     : 0;
        if (token) {
            strbuf_add(&t, call_site);
        } else if (*text == '$') {
            return false;
        } else {
            token = 1;
            strbuf_addn(&t, text, 1);
        }
        text += token;
        len -= token;
    }
    return !t.cut;
}

static bool in_directory(const char *dir, const char *name, char *path, size_t size)
{
    struct strbuf t;
    struct library lib;
    strbuf_init(&t, path, size);
    strbuf_add(&t, *dir ? dir : ".");
    strbuf_add(&t, "/");
    strbuf_add(&t, name);
    if (t.cut || !library_open(path, &lib)) {
        return false;
    }
    library_close(&lib);
    return true;
}

static bool in_list(const char *dirs, const char *call_site, const char *name, char *path,
                    size_t size)
{
    char dir[LIBRARY_PATH_MAX];
    for (const char *end; dirs && *dirs; dirs = *end ? end + 1 : end) {
        end = dirs + strcspn(dirs, ":;");
        if (library_expand(dirs, (size_t)(end - dirs), call_site, dir, sizeof dir) &&
            in_directory(dir, name, path, size)) {
            return true;
        }
    }
    return false;
}

/* The new format of ld.so.cache, which may stand behind one of the old; read as far as it holds
 * together. */
static bool in_cache(const char *name, char *path, size_t size)
{
    static const char magic[] = "glibc-ld.so.cache1.1";
    struct entry {
        int32_t flags;
        uint32_t key, value, osversion;
        uint64_t hwcap;
    };
    enum { HEADER = 48 };
    size_t len = 0;
    bool found = false;
    int fd = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
    struct stat st;
    struct library probe;
    const char *bytes = MAP_FAILED;
    if (fd < 0) {
        return false;
    }
    if (sys_fstat(fd, &st) == 0 && st.st_size > HEADER) {
        len = (size_t)st.st_size;
        bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    close(fd);
    if (bytes == MAP_FAILED) {
        return false;
    }
    const char *start = memmem(bytes, len, magic, sizeof magic - 1);
    size_t rest = start ? len - (size_t)(start - bytes) : 0;
    uint32_t n = 0;
    if (rest >= HEADER && bytes[len - 1] == '\0') {
        memcpy(&n, start + 20, sizeof n);
    }
    for (uint32_t i = 0; i < n && !found && HEADER + (i + 1) * sizeof(struct entry) <= rest; i++) {
        struct entry e;
        memcpy(&e, start + HEADER + i * sizeof e, sizeof e);
        found = e.key < rest && e.value < rest && strcmp(start + e.key, name) == 0 &&
                strbuf_copy(path, size, start + e.value) && library_open(path, &probe);
    }
    if (found) {
        library_close(&probe);
    }
    munmap((void *)(uintptr_t)bytes, len); // NOLINT(performance-no-int-to-ptr)
    return found;
}

bool library_find(const char *name, const char *dirs, const char *call_site, char *path,
                  size_t size)
{
    static const char defaults[] =
        "/lib/" MULTIARCH ":/usr/lib/" MULTIARCH ":/lib64:/usr/lib64:/lib:/usr/lib";
    int saved = errno;
    bool found = in_list(dirs, call_site, name, path, size) ||
                 (!getauxval(AT_SECURE) &&
                  in_list(getenv("LD_LIBRARY_PATH"), call_site, name, path, size)) ||
                 in_cache(name, path, size) || in_list(defaults, call_site, name, path, size);
    errno = saved;
    return found;
}
