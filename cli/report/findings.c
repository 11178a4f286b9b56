/* findings: what needs attention: violations, plaintext cancels, what ends soon. */
#include "text_parts.h"

#include "cli/lib/util.h"
#include "when.h"

#include <stdlib.h>
#include <string.h>

/* The text of a group that is a finding, for the caller to free, or NULL. */
typedef char *find_fn(const struct report *r, struct group *group);

static char *find_violation(const struct report *r, struct group *pair)
{
    (void)r;
    if (pair->counters[VIOLATIONS] == 0) {
        return NULL;
    }
    char *name = text_pair(pair);
    char *text = xprintf("%s: %u session%s did not match what was requested", name,
                         pair->counters[VIOLATIONS], text_plural(pair->counters[VIOLATIONS]));
    free(name);
    return text;
}

static char *find_cancel(const struct report *r, struct group *cancel)
{
    (void)r;
    bool refused = strcmp(group_part(cancel, 2), "refused") == 0;
    char *name = text_pair(cancel);
    char *text = xprintf("%s: %llu cancel request%s in plaintext, %s", name,
                         (unsigned long long)cancel->count, text_plural(cancel->count),
                         refused ? "stopped" : "sent");
    free(name);
    return text;
}

static char *find_exemption(const struct report *r, struct group *exemption)
{
    int64_t days = 0;
    if (!report_days(r, group_part(exemption, 4), &days) || days >= SOON_DAYS) {
        return NULL;
    }
    char *name = text_pair(exemption);
    char *when = text_days(days);
    char *text =
        xprintf("%s: %s %s (%s)", name, group_part(exemption, 2), when, group_part(exemption, 3));
    free(name);
    free(when);
    return text;
}

static char *find_certificate(const struct report *r, struct group *certificate)
{
    int64_t days = 0;
    if (!report_days(r, group_part(certificate, 4), &days) || days >= SOON_DAYS) {
        return NULL;
    }
    char *when = text_days(days);
    char *text = xprintf("%s (%s) %s", text_or_none(group_part(certificate, 1)),
                         text_or_none(group_part(certificate, 3)), when);
    free(when);
    return text;
}

/* Prints what is found in a table; returns how much that is. */
static size_t show(const struct page *p, enum table_id id, const char *label, enum paint paint,
                   find_fn *find)
{
    const struct group_table *t = &p->r->groups.tables[id];
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        char *text = find(p->r, t->at[i]);
        if (text == NULL) {
            continue;
        }
        if (p->top == 0 || n < p->top) {
            text_field(p, 2, n == 0 ? label : "", paint, text);
        } else {
            free(text);
        }
        n++;
    }
    if (p->top != 0 && n > p->top) {
        text_field(p, 2, "", PAINT_NONE, xprintf("and %zu more; --top 0 shows all", n - p->top));
    }
    return n;
}

void text_findings(const struct page *p)
{
    text_heading(p, "Findings", 0, 0);
    size_t n = show(p, PAIRS, "violations", PAINT_RED, find_violation);
    n += show(p, CANCELS, "cancels", PAINT_YELLOW, find_cancel);
    n += show(p, EXEMPTIONS, "exemptions", PAINT_YELLOW, find_exemption);
    n += show(p, CERTIFICATES, "certs", PAINT_YELLOW, find_certificate);
    if (n == 0) {
        text_field(p, 2, "none", PAINT_GREEN,
                   xstrdup(p->r->events[EVENT_WITNESS] != 0
                               ? "no violation, no plaintext cancel, nothing that expires soon"
                               : "no violation, no plaintext cancel; certificates are logged only "
                                 "with log_level = all"));
    }
}
