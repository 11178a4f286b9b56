/* places: where in its file an address of an ELF object stands. */
#include "cli/scan/elf.h"

uint64_t elf_offset(const struct elf_places *places, uint64_t address)
{
    for (size_t i = 0; i < places->n_loads; i++) {
        const struct elf_load *load = &places->loads[i];
        if (address >= load->address && address - load->address < load->size) {
            return load->offset + (address - load->address);
        }
    }
    return UINT64_MAX;
}
