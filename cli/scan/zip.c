/* zip: finds drivers for Java by the names in a zip archive's directory. */
#include "cli/scan/source.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    ENTRY_SIZE = 46,
    COMMENT_MAX = 65535,
    DIRECTORY_MAX = 64 * 1024 * 1024,
};

static const struct {
    const char *pattern;
    const char *text;
} drivers_in[] = {
    {"*org/postgresql/Driver.class", "JDBC driver (org.postgresql.Driver)"},
    {"*com/impossibl/postgres/jdbc/PGDriver.class", "JDBC driver (pgjdbc-ng)"},
    {"*io/r2dbc/postgresql/PostgresqlConnectionFactory.class",
     "R2DBC driver (io.r2dbc.postgresql)"},
    {"*io/vertx/pgclient/PgConnection.class", "Vert.x client (io.vertx.pgclient)"},
    {"*/postgresql-[0-9]*.jar", "JDBC driver inside: "},
    {"*/pgjdbc-ng-[0-9]*.jar", "JDBC driver inside: "},
    {"*/r2dbc-postgresql-[0-9]*.jar", "R2DBC driver inside: "},
    {"*/vertx-pg-client-[0-9]*.jar", "Vert.x client inside: "},
};

static void look_at_name(const char *name, struct strings *drivers)
{
    for (size_t i = 0; i < sizeof drivers_in / sizeof *drivers_in; i++) {
        if (fnmatch(drivers_in[i].pattern, name, 0) != 0) {
            continue;
        }
        size_t len = strlen(drivers_in[i].text);
        bool open = drivers_in[i].text[len - 1] == ' ';
        char *text = xprintf("%s%s", drivers_in[i].text, open ? strrchr(name, '/') + 1 : "");
        if (drivers->n < 16) {
            strings_add_once(drivers, text);
        }
        free(text);
    }
}

static void look_at_directory(const unsigned char *at, size_t n, struct strings *drivers)
{
    while (n >= ENTRY_SIZE && memcmp(at, "PK\1\2", 4) == 0) {
        size_t name = little16(at + 28);
        size_t skip = ENTRY_SIZE + name + little16(at + 30) + little16(at + 32);
        if (skip > n) {
            return;
        }
        /* All names of interest end so; most do not, and cost no copy. */
        const char *text = (const char *)at + ENTRY_SIZE;
        if (name > 4 && name < 1024 && (text[name - 1] == 's' || text[name - 1] == 'r')) {
            char copy[1024];
            memcpy(copy, text, name);
            copy[name] = '\0';
            look_at_name(copy, drivers);
        }
        at += skip;
        n -= skip;
    }
}

/* Where the directory lies: right before the end record, whatever was put before the archive. */
static bool find_directory(const struct source *source, const unsigned char *tail, size_t n,
                           uint64_t *start, uint64_t *size)
{
    for (size_t back = END_SIZE; back <= n; back++) {
        const unsigned char *end = tail + n - back;
        if (memcmp(end, "PK\5\6", 4) != 0) {
            continue;
        }
        uint64_t at = source->size - back;
        *size = little32(end + 12);
        if (*size == UINT32_MAX && back + LOCATOR_SIZE + END64_SIZE <= n) {
            const unsigned char *end64 = end - LOCATOR_SIZE - END64_SIZE;
            if (memcmp(end64, "PK\6\6", 4) != 0) {
                return false;
            }
            *size = little64(end64 + 40);
            at -= LOCATOR_SIZE + END64_SIZE;
        }
        *start = at - *size;
        return *size <= at;
    }
    return false;
}

void zip_look(const struct source *source, struct strings *drivers)
{
    size_t want = END_SIZE + COMMENT_MAX + LOCATOR_SIZE + END64_SIZE;
    if (want > source->size) {
        want = (size_t)source->size;
    }
    unsigned char *tail = xmalloc(want);
    uint64_t start = 0;
    uint64_t size = 0;
    size_t n = source_read(source, source->size - want, tail, want);
    if (n == want && find_directory(source, tail, n, &start, &size)) {
        size_t len = size < DIRECTORY_MAX ? (size_t)size : DIRECTORY_MAX;
        unsigned char *directory = xmalloc(len);
        len = source_read(source, start, directory, len);
        look_at_directory(directory, len, drivers);
        free(directory);
    }
    free(tail);
}
