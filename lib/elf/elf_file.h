/* elf: what the launcher wants to know of an ELF file; every offset in it is checked, none is
 * believed. */
#ifndef PGSEAL_LAUNCH_ELF_H
#define PGSEAL_LAUNCH_ELF_H

#include <stdbool.h>
#include <stddef.h>

enum elf_verdict {
    ELF_OK,
    ELF_NOT_ELF,     /* no magic: perhaps a script */
    ELF_BROKEN,      /* begins like ELF, and the kernel would refuse it */
    ELF_OTHER_CLASS, /* 32-bit where the launcher is 64-bit, or the other way, or another byte order
                      */
    ELF_OTHER_MACHINE, /* built for another machine */
};

struct elf {
    const unsigned char *bytes; /* the mapped file */
    size_t size;
    int class_bits; /* 32 or 64, once the magic is there */
    int machine;    /* e_machine */
    int type;       /* e_type */
};

/* Maps the file behind fd and reads its header. The mapping lives until elf_close. Class and
 * machine are compared with those that the launcher was built for, which are those of its
 * libpgseal.so. With ELF_BROKEN, ELF_OTHER_CLASS and ELF_OTHER_MACHINE only class_bits and machine
 * may be read, with ELF_NOT_ELF nothing but bytes and size. */
enum elf_verdict elf_open(struct elf *e, int fd);

/* Unmaps; harmless after a failed elf_open. */
void elf_close(struct elf *e);

/* Copies the program interpreter (PT_INTERP) into buf. Returns false if there is none: a static
 * program. Source: load_elf_binary() in Linux's fs/binfmt_elf.c. */
bool elf_interpreter(const struct elf *e, char *buf, size_t size);

/* The text of the note with owner "pgseal" and type 1 (see shim/hooks/version.c), inside the
 * mapping; NULL if the object has none, and so is no libpgseal.so. */
const char *elf_pgseal_version(const struct elf *e);

/* Whether this is a program that others name as their interpreter and that can be a command itself:
 * no interpreter of its own, and a dynamic symbol that only a dynamic linker defines. */
bool elf_is_loader(const struct elf *e);

/* Whether the object defines a symbol of libpq's (a name that begins with PQ) for others to use;
 * the first such name is copied into buf. */
bool elf_defines_pq(const struct elf *e, char *buf, size_t size);

#endif
