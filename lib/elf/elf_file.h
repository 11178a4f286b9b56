/* elf_file: what the launcher needs to know about an ELF file. Every offset in the file is checked
 * before it is used. The mapping belongs to struct elf, from elf_open to elf_close. */
#ifndef PGSEAL_ELF_FILE_H
#define PGSEAL_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum elf_verdict {
    ELF_OK,
    ELF_NOT_ELF,       /* no magic: perhaps a script */
    ELF_BROKEN,        /* begins like ELF, but the kernel would reject it */
    ELF_OTHER_CLASS,   /* another word size or byte order than the launcher's */
    ELF_OTHER_MACHINE, /* built for another machine */
};

struct elf {
    const unsigned char *bytes; /* the mapped file */
    size_t size;
    int class_bits; /* 32 or 64; not set for ELF_NOT_ELF */
    int machine;    /* e_machine */
    int type;       /* e_type */
};

/* Maps the file open at fd and reads its header. Class and machine are compared with the launcher's
 * own, which are those of its libpgseal.so. After ELF_BROKEN, ELF_OTHER_CLASS and ELF_OTHER_MACHINE
 * only class_bits and machine are valid; after ELF_NOT_ELF only bytes and size. The caller calls
 * elf_close in each case. */
enum elf_verdict elf_open(struct elf *e, int fd);

/* Unmaps the file; does nothing if elf_open mapped none. */
void elf_close(struct elf *e);

/* Copies the path of the program interpreter (PT_INTERP) into buf. Returns false if there is none:
 * a static program. Source: load_elf_binary() in Linux's fs/binfmt_elf.c. */
bool elf_interpreter(const struct elf *e, char *buf, size_t size);

/* The version in the note with owner "pgseal" and type 1 (shim/hooks/version.c), a pointer into the
 * mapping. NULL if there is none: the file is no libpgseal.so. */
const char *elf_pgseal_version(const struct elf *e);

/* Whether this is a dynamic linker: it has no interpreter, and defines a dynamic symbol that only
 * dynamic linkers define. */
bool elf_is_loader(const struct elf *e);

/* Whether the object exports a symbol whose name begins with PQ. The first such name is copied into
 * buf. */
bool elf_defines_pq(const struct elf *e, char *buf, size_t size);

#endif
