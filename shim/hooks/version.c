/* version: an ELF note (owner "pgseal", type 1) with pgseal's version. pgseal-run reads it to
 * recognise the object. */
#include <elf.h>

struct pgseal_note {
    Elf64_Nhdr header;
    char owner[8];
    char version[16];
};

extern const struct pgseal_note pgseal_note;
__attribute__((used, aligned(4), section(".note.pgseal"))) const struct pgseal_note pgseal_note = {
    .header = {.n_namesz = 7, .n_descsz = sizeof pgseal_note.version, .n_type = 1},
    .owner = "pgseal",
    .version = PGSEAL_VERSION,
};
