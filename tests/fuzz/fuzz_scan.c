/* fuzz_scan: any bytes as an ELF object, as Go build information and as a zip archive.
 * What must hold: no crash, no leak, no read outside; what is reported is short text; and what was
 * found in a prefix that holds all of it is found again in the same bytes read a second time. */
#include "cli/scan/elf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
    if (!held) {
        abort();
    }
}

static void must_be_short(const struct strings *list, size_t max)
{
    must(list->n <= max);
    for (size_t i = 0; i < list->n; i++) {
        must(strlen(list->at[i]) < 8192);
    }
}

static uint64_t nowhere(const void *context, uint64_t address)
{
    (void)context;
    return address < 4096 ? address : UINT64_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of its own, so that a read outside is seen, and one that libelf may not change. */
    unsigned char *copy = malloc(size != 0 ? size : 1);
    must(copy != NULL);
    memcpy(copy, data, size);
    struct source source = {.at = copy, .size = size};
    struct elf_facts facts;
    struct elf_facts again;
    elf_look(&source, true, &facts);
    elf_look(&source, true, &again);
    must(memcmp(copy, data, size) == 0);
    must(facts.is_elf == again.is_elf && facts.needed.n == again.needed.n &&
         facts.libpq_inside == again.libpq_inside && facts.imports_entry == again.imports_entry);
    must_be_short(&facts.needed, 1024);
    must_be_short(&facts.go, 16 + 8);
    must_be_short(&facts.rust, 8);
    elf_facts_free(&facts);
    elf_facts_free(&again);
    struct strings drivers = {0};
    zip_look(&source, &drivers);
    must_be_short(&drivers, 16);
    strings_free(&drivers);
    go_look(&source, 0, nowhere, NULL, &drivers);
    must_be_short(&drivers, 16);
    strings_free(&drivers);
    free(copy);
    return 0;
}
