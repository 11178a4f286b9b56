/* go: reads the list of modules that the Go linker leaves in a program. */
#include "cli/scan/source.h"

#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE = 32, TEXT_MAX = 4 * 1024 * 1024, SENTINEL_SIZE = 16 };

static const char *const driver_modules[] = {
    "github.com/jackc/pgx",
    "github.com/jackc/pgconn",
    "github.com/lib/pq",
    "github.com/go-pg/pg",
    "github.com/uptrace/bun/driver/pgdriver",
    "github.com/cloudflare/pq",
    "github.com/vmihailenco/pg",
    "gopkg.in/pg.v",
};

/* Whether the n bytes at path are the module itself or one of its major versions, not one that
 * merely begins so. */
static const char *driver_of(const char *path, size_t n)
{
    for (size_t i = 0; i < sizeof driver_modules / sizeof *driver_modules; i++) {
        size_t len = strlen(driver_modules[i]);
        if (n >= len && memcmp(path, driver_modules[i], len) == 0 &&
            (n == len || path[len] == '/' || driver_modules[i][len - 1] == 'v')) {
            return driver_modules[i];
        }
    }
    return NULL;
}

/* One line: "dep\tPATH\tVERSION\tSUM", or "=>\t…" for what replaces it. */
static void look_at_line(const char *line, size_t n, struct strings *drivers)
{
    const char *end = line + n;
    if (n < 4 || (memcmp(line, "dep\t", 4) != 0 && memcmp(line, "mod\t", 4) != 0 &&
                  memcmp(line, "=>\t", 3) != 0)) {
        return;
    }
    const char *path = (const char *)memchr(line, '\t', n) + 1;
    const char *tab = memchr(path, '\t', (size_t)(end - path));
    size_t len = (size_t)((tab != NULL ? tab : end) - path);
    if (driver_of(path, len) == NULL || drivers->n >= 16) {
        return;
    }
    const char *version = tab != NULL ? tab + 1 : end;
    const char *stop = memchr(version, '\t', (size_t)(end - version));
    size_t version_len = (size_t)((stop != NULL ? stop : end) - version);
    char *text = xprintf("Go module %.*s %.*s", (int)(len < 200 ? len : 200), path,
                         (int)(version_len < 100 ? version_len : 100), version);
    strings_add_once(drivers, text);
    free(text);
}

static void look_at_modules(const char *text, size_t n, struct strings *drivers)
{
    if (n <= (size_t)2 * SENTINEL_SIZE) {
        return;
    }
    const char *end = text + n - SENTINEL_SIZE;
    for (const char *line = text + SENTINEL_SIZE; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline != NULL ? newline : end;
        look_at_line(line, (size_t)(stop - line), drivers);
        line = stop + 1;
    }
}

static void read_modules(const struct source *source, uint64_t offset, uint64_t n,
                         struct strings *drivers)
{
    if (n == 0 || n > TEXT_MAX) {
        return;
    }
    char *text = xmalloc((size_t)n);
    size_t got = source_read(source, offset, text, (size_t)n);
    if (got == n) {
        look_at_modules(text, got, drivers);
    }
    free(text);
}

/* A length as Go writes it, seven bits a byte; moves *offset after it. UINT64_MAX where there is
 * none. */
static uint64_t read_length(const struct source *source, uint64_t *offset)
{
    unsigned char buf[10];
    size_t n = source_read(source, *offset, buf, sizeof buf);
    uint64_t value = 0;
    for (size_t i = 0; i < n && i < 9; i++) {
        value |= (uint64_t)(buf[i] & 0x7f) << (7 * i);
        if ((buf[i] & 0x80) == 0) {
            *offset += i + 1;
            return value;
        }
    }
    return UINT64_MAX;
}

static uint64_t word(const unsigned char *p, size_t size, bool big)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)p[big ? size - 1 - i : i] << (8 * i);
    }
    return value;
}

bool go_look(const struct source *source, uint64_t offset,
             uint64_t (*address_offset)(const void *context, uint64_t address), const void *context,
             struct strings *drivers)
{
    unsigned char header[HEADER_SIZE];
    if (source_read(source, offset, header, sizeof header) != sizeof header || header[15] > 3) {
        return false;
    }
    if ((header[15] & 2) != 0) {
        uint64_t at = offset + HEADER_SIZE;
        uint64_t version = read_length(source, &at);
        if (version > 256) {
            return false;
        }
        at += version;
        uint64_t n = read_length(source, &at);
        read_modules(source, at, n, drivers);
        return true;
    }
    /* Before Go 1.18: the addresses of two strings, each an address and a length. */
    size_t size = header[14];
    bool big = (header[15] & 1) != 0;
    if (size != 4 && size != 8) {
        return false;
    }
    unsigned char string[16];
    uint64_t at = address_offset(context, word(header + 16 + size, size, big));
    if (at == UINT64_MAX || source_read(source, at, string, 2 * size) != 2 * size) {
        return true;
    }
    uint64_t text = address_offset(context, word(string, size, big));
    if (text != UINT64_MAX) {
        read_modules(source, text, word(string + size, size, big), drivers);
    }
    return true;
}
