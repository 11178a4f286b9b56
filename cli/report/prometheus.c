/* prometheus: the report in Prometheus's text format, for node_exporter's textfile collector. */
#include "show.h"
#include "whatif.h"
#include "when.h"

#include "cli/lib/safe.h"
#include "cli/lib/term.h"

#include <stdlib.h>
#include <string.h>

static void family(FILE *to, const char *name, const char *help)
{
    fprintf(to, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A label's value in quotes. A backslash of the log's becomes \x5c, so that nothing it holds can
 * look like what term_safe made, and no two series become the same. */
static void label(FILE *to, const char *name, const char *value)
{
    char *safe = term_safe(value);
    const char *raw = value;
    fprintf(to, "%s=\"", name);
    for (const char *c = safe; *c != '\0'; c++) {
        if (*c == '\\' && *raw == '\\') {
            fputs("\\\\x5c", to);
        } else if (*c == '\\') {
            fputs("\\\\", to);
            for (unsigned i = 0; i < 3; i++) {
                fputc(*++c, to); /* xNN */
            }
        } else if (*c == '"') {
            fputs("\\\"", to);
        } else {
            fputc(*c, to);
        }
        raw++;
    }
    fputc('"', to);
    free(safe);
}

static void one(FILE *to, const char *name, const char *help, uint64_t value)
{
    family(to, name, help);
    fprintf(to, "%s %llu\n", name, (unsigned long long)value);
}

static void pairs(struct report *r, size_t n, FILE *to)
{
    static const struct {
        const char *name, *help;
        enum counter counter;
    } counters[] = {
        {"pgseal_attempts", "Connection attempts in the log.", ATTEMPTS},
        {"pgseal_downgrades", "Attempts that asked for less than the policy requires.", DOWNGRADES},
        {"pgseal_refused", "Attempts that were refused, or would be in audit mode.", REFUSED},
        {"pgseal_failed", "Sealed connections that failed before authentication.", FAILED},
        {"pgseal_violations", "Sessions that did not match what was requested.", VIOLATIONS},
        {"pgseal_exempt", "Attempts that an exemption let through.", EXEMPT},
    };
    for (size_t k = 0; k < sizeof counters / sizeof *counters; k++) {
        family(to, counters[k].name, counters[k].help);
        for (size_t i = 0; i < n; i++) {
            const struct group *pair = r->groups.tables[PAIRS].at[i];
            fprintf(to, "%s{", counters[k].name);
            label(to, "exe", group_part(pair, 0));
            fputc(',', to);
            label(to, "host", group_part(pair, 1));
            fprintf(to, "} %u\n", pair->counters[counters[k].counter]);
        }
    }
}

/* What ends on a day: certificates and exemptions. */
static void ends(struct report *r, size_t top, FILE *to)
{
    const struct group_table *t = &r->groups.tables[CERTIFICATES];
    int64_t ms = 0;
    family(to, "pgseal_certificate_not_after_seconds",
           "Expiry of a certificate that was seen, as Unix time.");
    for (size_t i = 0; i < rows_shown(t, top); i++) {
        if (!when_parse(group_part(t->at[i], 4), &ms)) {
            continue;
        }
        fputs("pgseal_certificate_not_after_seconds{", to);
        /* All that makes it another group, so that each series is there once. */
        static const char *const names[] = {"sha256", "subject", "issuer", "names", "not_after"};
        for (unsigned k = 0; k < 5; k++) {
            fputs(k > 0 ? "," : "", to);
            label(to, names[k], group_part(t->at[i], k));
        }
        fprintf(to, "} %lld\n", (long long)(ms / 1000));
    }
    t = &r->groups.tables[EXEMPTIONS];
    family(to, "pgseal_exemption_uses", "How often an exemption was used.");
    for (size_t i = 0; i < rows_shown(t, top); i++) {
        static const char *const names[] = {"exe", "host", "rule", "reason", "until"};
        fputs("pgseal_exemption_uses{", to);
        for (unsigned k = 0; k < 5; k++) {
            fputs(k > 0 ? "," : "", to);
            label(to, names[k], group_part(t->at[i], k));
        }
        fprintf(to, "} %llu\n", (unsigned long long)t->at[i]->count);
    }
}

void show_prometheus(struct report *r, size_t top, FILE *to)
{
    for (size_t i = 0; i < TABLES; i++) {
        groups_sort(&r->groups.tables[i]);
    }
    one(to, "pgseal_log_lines", "Lines of pgseal's log that were read.", r->lines);
    one(to, "pgseal_log_broken_lines", "Lines that could not be parsed.", r->broken);
    one(to, "pgseal_log_lost_lines", "Lines that the logs report as lost.", r->lost);
    one(to, "pgseal_report_timestamp_seconds", "When this report was made, as Unix time.",
        (uint64_t)(r->now / 1000));
    if (r->lines != 0) {
        one(to, "pgseal_log_last_timestamp_seconds", "The time of the last line, as Unix time.",
            (uint64_t)(r->until > 0 ? r->until / 1000 : 0));
    }
    family(to, "pgseal_events", "Lines by event.");
    for (size_t i = 0; i < EVENTS; i++) {
        fprintf(to, "pgseal_events{event=\"%s\"} %llu\n", event_names[i],
                (unsigned long long)r->events[i]);
    }
    family(to, "pgseal_actions", "Attempts by action, and failed or stopped sessions.");
    for (size_t i = 0; i < ACTIONS; i++) {
        fprintf(to, "pgseal_actions{action=\"%s\"} %llu\n", action_names[i],
                (unsigned long long)r->actions[i]);
    }
    pairs(r, rows_shown(&r->groups.tables[PAIRS], top), to);
    ends(r, top, to);
}
