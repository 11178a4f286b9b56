/* source: bytes to scan, in a file or in memory, always copied and never mapped. */
#ifndef PGSEAL_CLI_SCAN_SOURCE_H
#define PGSEAL_CLI_SCAN_SOURCE_H

#include "cli/lib/util.h"

#include <stddef.h>
#include <stdint.h>

struct source {
    int fd;                  /* used where at is NULL; stays the caller's */
    const unsigned char *at; /* bytes in memory, the caller's */
    uint64_t size;
};

/* Copies up to n bytes from offset; returns how many there were (0 past the end and on a read
 * error). */
size_t source_read(const struct source *source, uint64_t offset, void *buf, size_t n);

/* Little-endian numbers out of bytes that may be unaligned. */
uint16_t little16(const unsigned char *p);
uint32_t little32(const unsigned char *p);
uint64_t little64(const unsigned char *p);

/* Looks into a zip archive's directory for drivers for Java; adds one text for each. Hostile
 * archives are no harm: at most 64 MiB of directory are read. */
void zip_look(const struct source *source, struct strings *drivers);

/* Reads the build information that the Go linker leaves, whose mark stands at offset; adds a text
 * for each PostgreSQL driver among the modules. Returns false if the mark is not followed by build
 * information. `address_offset` turns an address into an offset (or UINT64_MAX) for the layout
 * before Go 1.18. */
bool go_look(const struct source *source, uint64_t offset,
             uint64_t (*address_offset)(const void *context, uint64_t address), const void *context,
             struct strings *drivers);

#endif
