/* constants: strings in an ELF object that show libpq or another driver. */
#include "cli/scan/elf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* What is looked for stands here with '|' in places, so that pgseal does not find itself. */
enum marker {
    NAMES_LIBPQ,
    NAMES_ENTRY,
    NAMES_KCI,
    OPENSSL,
    SINCE_13,
    SINCE_14,
    SINCE_16,
    SINCE_17,
    SINCE_18,
    INSIDE_1,
    INSIDE_2,
    TOKIO,
    TOKIO_NAME,
    SQLX,
    SQLX_NAME,
    PGBOUNCER,
    GO_BUILD,
    GO_DRIVERS,
};
static const struct {
    enum marker marker;
    const char *text;
    const char *shown;
} needles[] = {
    {NAMES_LIBPQ, "libpq|so", "."},
    {NAMES_ENTRY, "PQ|connect", ""},
    {NAMES_KCI, "libkci|so", "."},
    {OPENSSL, "OpenSSL|1.", " "},
    {OPENSSL, "OpenSSL|3.", " "},
    {OPENSSL, "OpenSSL|4.", " "},
    /* Labels of options, by the version of libpq that they came with. */
    {SINCE_13, "SSL|Minimum|Protocol|Version", "-"},
    {SINCE_14, "SSL|SNI", "-"},
    {SINCE_16, "Require|Auth", "-"},
    {SINCE_17, "SSL|Negotiation", "-"},
    {SINCE_18, "OAuth|Issuer", "-"},
    {INSIDE_1, "Fallback|Application|Name", "-"},
    {INSIDE_2, "Database|Service", "-"},
    {TOKIO, "tokio|postgres-", "-"},
    {TOKIO_NAME, "tokio|postgres::", "_"},
    {SQLX, "sqlx|postgres-", "-"},
    {SQLX_NAME, "sqlx|postgres::", "_"},
    {PGBOUNCER, "server|tls|sslmode", "_"},
    {GO_BUILD, "\xff| Go buildinf:", ""},
};
static const char *const go_names[] = {
    "github.com|jackc|pgx.", "github.com|jackc|pgx/", "github.com|jackc|pgconn.",
    "github.com|lib|pq.",    "github.com|go-pg|pg/",
};

enum {
    CHUNK = 1024 * 1024,
    OVERLAP = 64,
    NEEDLE_MAX = 40,
    TOTAL_MAX = 1024 * 1024 * 1024,
    HITS_MAX = 64
};

struct search {
    const struct source *source;
    const struct elf_places *places;
    struct elf_facts *facts;
    bool inside_1, inside_2;
    enum marker since; /* SINCE_…, or less */
};

static size_t make_needle(char needle[NEEDLE_MAX], const char *text, const char *shown)
{
    size_t n = 0;
    for (; *text != '\0' && n < NEEDLE_MAX - 1; text++) {
        if (*text != '|') {
            needle[n++] = *text;
        } else if (*shown != '\0') {
            needle[n++] = *shown;
        }
    }
    needle[n] = '\0';
    return n;
}

/* The word at offset: letters, digits and what names of files and versions hold, at most 63
 * characters. */
static char *word_at(const struct source *source, uint64_t offset)
{
    char buf[64];
    size_t n = source_read(source, offset, buf, sizeof buf - 1);
    size_t len = 0;
    while (len < n && (isalnum((unsigned char)buf[len]) || strchr("._-:", buf[len]) != NULL) &&
           buf[len] != '\0') {
        len++;
    }
    return xstrndup(buf, len);
}

static uint64_t offset_of(const void *context, uint64_t address)
{
    return elf_offset(context, address);
}

static void add_rust(struct search *s, uint64_t offset, bool version)
{
    char *word = word_at(s->source, offset);
    const char *dash = strrchr(word, '-');
    if ((!version || (dash != NULL && isdigit((unsigned char)dash[1]))) && s->facts->rust.n < 8) {
        if (!version) {
            word[strcspn(word, ":")] = '\0';
        }
        char *text = xprintf("Rust crate %s", word);
        strings_add_once(&s->facts->rust, text);
        free(text);
    }
    free(word);
}

/* "OpenSSL 3.0.17 1 Jul 2025" is what it says of itself; others only mention a version. */
static bool read_openssl(struct search *s, uint64_t offset)
{
    char buf[32];
    size_t n = source_read(s->source, offset, buf, sizeof buf - 1);
    buf[n] = '\0';
    char *version = buf + sizeof "OpenSSL " - 1;
    size_t length = n > sizeof "OpenSSL " ? strcspn(version, " ") : 0;
    const char *day = version + length + strspn(version + length, " ");
    if (length == 0 || !isdigit((unsigned char)*day)) {
        return false;
    }
    if (s->facts->openssl == NULL) {
        s->facts->openssl = xstrndup(version, length);
    }
    return true;
}

/* One hit; returns whether further ones of the same needle may tell more. */
static bool hit(struct search *s, enum marker marker, uint64_t offset)
{
    switch (marker) {
    case NAMES_LIBPQ:
        if (s->facts->names_libpq == NULL) {
            s->facts->names_libpq = word_at(s->source, offset);
        }
        return false;
    case NAMES_ENTRY:
        if (s->facts->names_entry == NULL) {
            s->facts->names_entry = word_at(s->source, offset);
        }
        return false;
    case NAMES_KCI:
        s->facts->names_kci = true;
        return false;
    case SINCE_13:
    case SINCE_14:
    case SINCE_16:
    case SINCE_17:
    case SINCE_18:
        s->since = marker > s->since ? marker : s->since;
        return false;
    case OPENSSL:
        return !read_openssl(s, offset);
    case INSIDE_1:
        s->inside_1 = true;
        return false;
    case INSIDE_2:
        s->inside_2 = true;
        return false;
    case TOKIO:
    case SQLX:
        add_rust(s, offset, true);
        return true;
    case TOKIO_NAME:
    case SQLX_NAME:
        add_rust(s, offset, false);
        return false;
    case PGBOUNCER:
        s->facts->is_pgbouncer = true;
        return false;
    case GO_BUILD:
        if (go_look(s->source, offset, offset_of, s->places, &s->facts->go)) {
            s->facts->is_go = true;
        }
        return true;
    case GO_DRIVERS:
        break;
    }
    return false;
}

static void search_one(struct search *s, enum marker marker, const char *needle, size_t len,
                       const char *buf, size_t n, uint64_t offset)
{
    const char *at = buf;
    for (int hits = 0; hits < HITS_MAX; hits++) {
        at = memmem(at, n - (size_t)(at - buf), needle, len);
        if (at == NULL || !hit(s, marker, offset + (uint64_t)(at - buf))) {
            return;
        }
        at++;
    }
}

/* Built without modules, a Go program has no list of them: the names of its functions tell. */
static void search_go_names(struct search *s, const char *buf, size_t n)
{
    for (size_t i = 0; i < sizeof go_names / sizeof *go_names; i++) {
        char needle[NEEDLE_MAX];
        size_t len = make_needle(needle, go_names[i], "/");
        if (memmem(buf, n, needle, len) == NULL) {
            continue;
        }
        needle[len - 1] = '\0'; /* a dot or slash, so that no longer name is taken for it */
        char *text = xprintf("Go package %s", needle);
        strings_add_once(&s->facts->go, text);
        free(text);
    }
}

/* Calls `visit` on the constants, chunk by chunk; never much more than the file holds, even if its
 * sections overlap, and at most TOTAL_MAX bytes. */
static void each_chunk(struct search *s,
                       void (*visit)(struct search *s, const char *buf, size_t n, uint64_t offset))
{
    char *buf = xmalloc(s->source->size < CHUNK ? (size_t)s->source->size : CHUNK);
    uint64_t total = 0;
    uint64_t limit = s->source->size < TOTAL_MAX / 2 ? 2 * s->source->size : TOTAL_MAX;
    for (size_t i = 0; i < s->places->n_constants; i++) {
        const struct elf_span *span = &s->places->constants[i];
        uint64_t done = 0;
        while (done < span->size && total < limit) {
            size_t want = span->size - done < CHUNK ? (size_t)(span->size - done) : CHUNK;
            size_t n = source_read(s->source, span->offset + done, buf, want);
            if (n == 0) {
                break;
            }
            visit(s, buf, n, span->offset + done);
            total += n;
            if (n < CHUNK) {
                break;
            }
            done += n - OVERLAP;
        }
    }
    free(buf);
}

static void look_for_needles(struct search *s, const char *buf, size_t n, uint64_t offset)
{
    for (size_t i = 0; i < sizeof needles / sizeof *needles; i++) {
        char needle[NEEDLE_MAX];
        size_t len = make_needle(needle, needles[i].text, needles[i].shown);
        search_one(s, needles[i].marker, needle, len, buf, n, offset);
    }
}

static void look_for_go_names(struct search *s, const char *buf, size_t n, uint64_t offset)
{
    (void)offset;
    search_go_names(s, buf, n);
}

void elf_look_at_constants(const struct source *source, const struct elf_places *places,
                           struct elf_facts *facts)
{
    struct search s = {.source = source, .places = places, .facts = facts};
    each_chunk(&s, look_for_needles);
    facts->libpq_inside = s.inside_1 && s.inside_2;
    facts->libpq_least = s.since == SINCE_18   ? 18
                         : s.since == SINCE_17 ? 17
                         : s.since == SINCE_16 ? 16
                         : s.since == SINCE_14 ? 14
                         : s.since == SINCE_13 ? 13
                                               : 0;
    if (facts->is_go && facts->go.n == 0) {
        each_chunk(&s, look_for_go_names);
    }
}
