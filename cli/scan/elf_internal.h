/* elf_internal: what the files that read one ELF object share. */
#ifndef PGSEAL_CLI_SCAN_ELF_INTERNAL_H
#define PGSEAL_CLI_SCAN_ELF_INTERNAL_H

#include "cli/scan/elf.h"

#include <gelf.h>
#include <libelf.h>

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
    bool symbolic;                          /* DT_SYMBOLIC: its own definitions come first */
    uint64_t calls, calls_size;             /* DT_JMPREL */
    uint64_t relocations, relocations_size; /* DT_RELA */
};

/* A piece of the file as libelf reads it for the class and byte order at hand, or NULL. */
Elf_Data *elf_chunk(const struct reader *r, uint64_t offset, uint64_t size, Elf_Type type);

/* The dynamic symbols: what it imports, what it defines, whether a preloaded object comes before
 * what it defines, and which version of libpq that is. */
void elf_read_symbols(const struct reader *r, struct elf_facts *facts);

#endif
