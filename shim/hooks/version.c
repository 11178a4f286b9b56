/* version: an ELF note (owner "pgseal", type 1) with pgseal's version. pgseal-run reads it to
 * recognise the object. */
#include <elf.h>
#include <stddef.h>

struct pgseal_note {
    Elf64_Nhdr header;
    char owner[8];
    char version[16];
};

_Static_assert(sizeof PGSEAL_VERSION <= sizeof((struct pgseal_note *)NULL)->version,
               "a longer version would lose its end");
extern const struct pgseal_note pgseal_note;
__attribute__((used, aligned(4), section(".note.pgseal"))) const struct pgseal_note pgseal_note = {
    .header = {.n_namesz = 7, .n_descsz = sizeof pgseal_note.version, .n_type = 1},
    .owner = "pgseal",
    .version = PGSEAL_VERSION,
};
