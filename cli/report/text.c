/* text: the report for people: first what needs attention, then who asked for what. */
#include "show.h"
#include "text_parts.h"
#include "whatif.h"
#include "when.h"

#include "cli/lib/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLURAL(n) (unsigned long long)(n), text_plural(n)

enum { ASKED_SHOWN = 8, REASONS_SHOWN = 5 };

static void show_broken(const struct page *p)
{
    const struct report *r = p->r;
    char *text = xprintf("%llu line%s cannot be parsed:", PLURAL(r->broken));
    for (uint64_t i = 0; i < r->broken && i < BROKEN_NAMED; i++) {
        text_append(&text, i > 0 ? ", " : " ",
                    xprintf("%s:%llu (%s)", r->first[i].file, (unsigned long long)r->first[i].line,
                            r->first[i].reason));
    }
    if (r->broken > BROKEN_NAMED) {
        text_append(&text, " ", xstrdup("and others"));
    }
    text_field(p, 0, "Broken", PAINT_YELLOW, text);
}

static void show_merged(const struct page *p)
{
    static const char *const names[TABLES] = {
        [PAIRS] = "programs × hosts", [CERTIFICATES] = "certificates",
        [EXEMPTIONS] = "exemptions",  [CANCELS] = "plaintext cancels",
        [LIBPQS] = "libpq copies",    [MACHINES] = "machines"};
    for (size_t i = 0; i < TABLES; i++) {
        const struct group_table *t = &p->r->groups.tables[i];
        if (t->merged != 0) {
            text_field(
                p, 0, "Memory", PAINT_YELLOW,
                xprintf(
                    "too many %s to list separately: the least frequent are combined as \"other\"",
                    names[i]));
        }
    }
}

static void show_head(const struct page *p)
{
    const struct report *r = p->r;
    size_t nodes = r->groups.tables[MACHINES].n;
    text_field(p, 0, "Lines", PAINT_NONE,
               xprintf("%llu of pgseal's log, from %zu machine%s", (unsigned long long)r->lines,
                       nodes, text_plural(nodes)));
    if (r->lines != 0) {
        char *span = text_span(r->from, r->until);
        text_field(p, 0, "Time", PAINT_NONE, xprintf("%s UTC", span));
        free(span);
    }
    if (r->left != 0 || r->others != 0) {
        text_field(p, 0, "Left out", PAINT_NONE,
                   xprintf("%llu by the filters, %llu line%s of other programs",
                           (unsigned long long)r->left, PLURAL(r->others)));
    }
    if (r->broken != 0) {
        show_broken(p);
    }
    if (r->lost != 0) {
        text_field(p, 0, "Lost", PAINT_YELLOW,
                   xprintf("%llu line%s could not be written to a log", PLURAL(r->lost)));
    }
    show_merged(p);
}

static void show_asked(const struct page *p, struct group *pair)
{
    unsigned n = group_sort(pair, ASKED);
    for (unsigned i = 0; i < n && i < ASKED_SHOWN; i++) {
        const struct tally *t = &pair->lists[ASKED]->at[i];
        const char *source = intern_part(t->key, 2);
        char *text = source[0] == '\0'
                         ? xprintf("other values, %llu×", (unsigned long long)t->count)
                         : xprintf("%s=%s (%s, %llu×)", intern_part(t->key, 0),
                                   intern_part(t->key, 1), source, (unsigned long long)t->count);
        text_field(p, 2, i == 0 ? "asked" : "", PAINT_NONE, text);
    }
    if (n > ASKED_SHOWN) {
        text_field(p, 2, "", PAINT_NONE, xprintf("and %u more", n - ASKED_SHOWN));
    }
}

static char *done(const struct group *pair)
{
    static const struct {
        enum counter counter;
        const char *word;
    } words[] = {{DONE_SEALED, "sealed"},
                 {DONE_WOULD_SEAL, "would-seal"},
                 {DONE_ALLOWED, "allowed"},
                 {DONE_REFUSED, "refused"},
                 {DONE_WOULD_REFUSE, "would-refuse"},
                 {FAILED, "failed"},
                 {VIOLATIONS, "violations"},
                 {VERIFIED, "verified"}};
    char *text = xstrdup("");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (pair->counters[words[i].counter] != 0) {
            text_append(&text, ", ",
                        xprintf("%u %s", pair->counters[words[i].counter], words[i].word));
        }
    }
    return text;
}

static enum paint paint_of(const struct group *pair)
{
    return pair->counters[VIOLATIONS] != 0 || pair->counters[REFUSED] != 0 ||
                   pair->counters[FAILED] != 0
               ? PAINT_RED
           : pair->counters[DOWNGRADES] != 0 || pair->counters[EXEMPT] != 0 ? PAINT_YELLOW
                                                                            : PAINT_GREEN;
}

static void show_pair(const struct page *p, struct group *pair)
{
    char *name = text_pair(pair);
    term_field(&p->out, 0, "", 0, paint_of(pair), name);
    free(name);
    char *span = text_span(pair->first, pair->last);
    char *nodes = text_names(pair, NODES);
    unsigned attempts = pair->counters[ATTEMPTS];
    unsigned downgrades = pair->counters[DOWNGRADES];
    /* What pgseal-run changed is not an attempt. */
    text_field(p, 2, "attempts", PAINT_NONE,
               downgrades == 0         ? xprintf("%u", attempts)
               : downgrades > attempts ? xprintf("%u; asked for less %u×", attempts, downgrades)
                                       : xprintf("%u, %u asked for less", attempts, downgrades));
    text_field(p, 2, "seen", PAINT_NONE, xprintf("%s on %s", span, nodes));
    free(span);
    free(nodes);
    show_asked(p, pair);
    bool connected = attempts > 0 || downgrades == 0;
    if (connected) {
        text_field(p, 2, "done", PAINT_NONE, done(pair));
    }
    if (p->r->whatif != NULL && connected) {
        struct prospect what = whatif_prospect(pair);
        bool bad = strcmp(what.verdict, "refused") == 0 || strcmp(what.verdict, "breaks") == 0;
        text_field(p, 2, "what if", bad ? PAINT_RED : PAINT_NONE,
                   xprintf("%s%s%s%s", text_or_none(what.verdict),
                           what.proved ? ", and the log has a verified session" : "",
                           what.reason[0] != '\0' ? ": " : "", what.reason));
    }
    unsigned n = group_sort(pair, REASONS);
    for (unsigned i = 0; i < n && i < REASONS_SHOWN; i++) {
        text_field(p, 2, i == 0 ? "reasons" : "", PAINT_NONE,
                   xstrdup(pair->lists[REASONS]->at[i].key->text));
    }
}

static void show_pairs(const struct page *p)
{
    struct group_table *t = &p->r->groups.tables[PAIRS];
    size_t n = rows_shown(t, p->top);
    if (n > 0) {
        text_heading(p, "Programs and hosts", n, t->n);
    }
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            fputc('\n', p->out.file);
        }
        show_pair(p, t->at[i]);
    }
}

static void show_whatif(const struct page *p)
{
    static const struct {
        const char *verdict;
        enum paint paint;
        const char *text;
    } verdicts[] = {
        {"refused", PAINT_RED, "would be refused"},
        {"breaks", PAINT_RED, "would be sealed, and all sealed connections so far failed"},
        {"sealed", PAINT_GREEN, "would be sealed"},
        {"allowed", PAINT_YELLOW, "would be exempt"},
        {"would-seal", PAINT_NONE, "would only be audited: mode = audit"},
        {"would-refuse", PAINT_YELLOW,
         "would only be audited, and would be refused when enforced"}};
    text_heading(p, "Under the other policy, programs × hosts", 0, 0);
    for (size_t k = 0; k < sizeof verdicts / sizeof *verdicts; k++) {
        size_t n = 0;
        size_t proved = 0;
        for (size_t i = 0; i < p->r->groups.tables[PAIRS].n; i++) {
            struct prospect what = whatif_prospect(p->r->groups.tables[PAIRS].at[i]);
            if (strcmp(what.verdict, verdicts[k].verdict) == 0) {
                n++;
                proved += what.proved;
            }
        }
        if (n > 0) {
            char *more = proved > 0 ? xprintf("; the log has a verified session for %zu", proved)
                                    : xstrdup("");
            text_field(p, 2, verdicts[k].verdict, verdicts[k].paint,
                       xprintf("%zu %s%s", n, verdicts[k].text, more));
            free(more);
        }
    }
    const char *path = NULL;
    for (size_t i = 0; (path = whatif_missing(p->r->whatif, i)) != NULL; i++) {
        text_field(p, 2, "not here", PAINT_YELLOW,
                   xprintf("%s is not on this machine and was assumed to be valid", path));
    }
}

static void show_certificates(const struct page *p)
{
    struct group_table *t = &p->r->groups.tables[CERTIFICATES];
    size_t n = rows_shown(t, p->top);
    if (n == 0) {
        return;
    }
    text_heading(p, "Certificates", n, t->n);
    for (size_t i = 0; i < n; i++) {
        struct group *c = t->at[i];
        int64_t days = 0;
        bool known = report_days(p->r, group_part(c, 4), &days);
        char *when = known ? text_days(days) : xstrdup("");
        char *protocols = text_names(c, PROTOCOLS);
        char *ciphers = text_names(c, CIPHERS);
        char *roots = text_names(c, ROOTS);
        term_field(&p->out, 0, "", 0, known && days < SOON_DAYS ? PAINT_YELLOW : PAINT_NONE,
                   text_or_none(group_part(c, 1)));
        text_field(p, 2, "names", PAINT_NONE, xstrdup(text_or_none(group_part(c, 3))));
        text_field(p, 2, "issuer", PAINT_NONE, xstrdup(group_part(c, 2)));
        text_field(p, 2, "until", PAINT_NONE, xprintf("%s, %s", group_part(c, 4), when));
        text_field(p, 2, "sessions", PAINT_NONE,
                   xprintf("%llu, %s, %s, verified against %s", (unsigned long long)c->count,
                           protocols, ciphers, roots));
        text_field(p, 2, "sha256", PAINT_DIM, xstrdup(group_part(c, 0)));
        free(when);
        free(protocols);
        free(ciphers);
        free(roots);
    }
}

static void show_exemptions(const struct page *p)
{
    struct group_table *t = &p->r->groups.tables[EXEMPTIONS];
    size_t n = rows_shown(t, p->top);
    if (n > 0) {
        text_heading(p, "Exemptions used", n, t->n);
    }
    for (size_t i = 0; i < n; i++) {
        struct group *e = t->at[i];
        char *name = text_pair(e);
        const char *until = group_part(e, 4);
        char *end = until[0] != '\0' ? xprintf(", until %s", until) : xstrdup("");
        term_field(&p->out, 0, "", 0, PAINT_NONE, name);
        text_field(p, 2, "exempt", PAINT_NONE,
                   xprintf("%llu×, %s%s: %s", (unsigned long long)e->count, group_part(e, 2), end,
                           group_part(e, 3)));
        free(end);
        free(name);
    }
}

static void show_libpqs(const struct page *p)
{
    struct group_table *t = &p->r->groups.tables[LIBPQS];
    size_t n = rows_shown(t, p->top);
    if (n > 0) {
        text_heading(p, "libpq and OpenSSL", n, t->n);
    }
    for (size_t i = 0; i < n; i++) {
        struct group *l = t->at[i];
        long version = strtol(group_part(l, 1), NULL, 10);
        char *number = version >= 100000
                           ? xprintf("libpq %ld.%ld", version / 10000, version % 10000)
                           : xstrdup("libpq");
        char *programs = text_names(l, PROGRAMS);
        char *openssl = text_names(l, OPENSSLS);
        text_field(p, 0, number, PAINT_NONE,
                   xprintf("%s%s%s, used by %s", group_part(l, 0),
                           openssl[0] != '\0' ? ", OpenSSL " : "", openssl, programs));
        free(openssl);
        free(programs);
        free(number);
    }
}

void show_text(struct report *r, size_t top)
{
    struct page p = {.r = r, .out = term_start(stdout), .top = top};
    for (size_t i = 0; i < TABLES; i++) {
        groups_sort(&r->groups.tables[i]);
    }
    show_head(&p);
    if (r->lines == 0) {
        return;
    }
    text_findings(&p);
    if (r->whatif != NULL) {
        show_whatif(&p);
    }
    show_pairs(&p);
    show_certificates(&p);
    show_exemptions(&p);
    show_libpqs(&p);
}
