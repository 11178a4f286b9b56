/* places: the file offset of an address in an ELF object, and the bytes there. */
#include "cli/scan/elf_internal.h"

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

Elf_Data *elf_chunk(const struct reader *r, uint64_t offset, uint64_t size, Elf_Type type)
{
    if (offset >= r->source->size || size > r->source->size - offset || offset > INT64_MAX ||
        size == 0) {
        return NULL;
    }
    return elf_getdata_rawchunk(r->elf, (int64_t)offset, (size_t)size, type);
}
