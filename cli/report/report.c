/* pgseal report: summarises the log lines of one or many machines. */
#include "report.h"

#include "cli/commands.h"
#include "cli/lib/arguments.h"
#include "cli/lib/safe.h"
#include "cli/lib/term.h"
#include "cli/lib/util.h"
#include "input.h"
#include "show.h"
#include "whatif.h"
#include "when.h"
#include "workers.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_JSON = 256,
    OPT_CSV,
    OPT_PROMETHEUS,
    OPT_HTML,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_NODE,
    OPT_HOST,
    OPT_EXE,
    OPT_EVENT,
    OPT_TOP,
    OPT_WHAT_IF,
    OPT_FAIL_ON,
    TOP_OF_TEXT = 20,
};

struct options {
    bool json, csv, prometheus;
    enum table_id csv_table;
    const char *html;
    const char *policy;
    long top; /* -1: not said */
    uint32_t fail_on;
    struct filter filter;
    int64_t now;
    char **logs;
    size_t nlogs;
};

static const struct argp_option option_table[] = {
    {"since", OPT_SINCE, "TIME", 0,
     "Only lines from TIME on: 2026-11-24, 2026-11-24T03:39Z, or 12h, 7d, 4w ago", 1},
    {"until", OPT_UNTIL, "TIME", 0, "Only lines before TIME", 1},
    {"node", OPT_NODE, "PATTERN", 0, "Only lines from machines that match PATTERN (*, ?, [a-z])",
     1},
    {"host", OPT_HOST, "PATTERN", 0, "Only connections to hosts that match PATTERN", 1},
    {"exe", OPT_EXE, "PATTERN", 0, "Only programs whose path matches PATTERN", 1},
    {"event", OPT_EVENT, "EVENT,...", 0, "Only lines of these events", 1},
    {"top", OPT_TOP, "N", 0, "At most N rows of each table; 0 is all (text: 20, else all)", 1},
    {"what-if", OPT_WHAT_IF, "FILE", 0, "Judge the logged attempts under this policy file", 2},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 3},
    {"csv", OPT_CSV, "TABLE", OPTION_ARG_OPTIONAL,
     "Print a table as CSV: pairs (the default), certificates, exemptions, plaintext_cancels, "
     "libpq, nodes",
     3},
    {"prometheus", OPT_PROMETHEUS, NULL, 0, "Print metrics for node_exporter's textfile collector",
     3},
    {"html", OPT_HTML, "FILE", 0, "Write one self-contained HTML page", 3},
    {"fail-on", OPT_FAIL_ON, "EVENT,...", 0, "Exit status 1 if one of these events is in the log",
     4},
    {0},
};

static const char doc[] =
    "Summarises pgseal's log: who asks for less, where and since when; what another policy would "
    "do; which certificates are in use.\v"
    "LOG is a file, a directory, or - for standard input; gzip and zstd are decompressed. Lines "
    "may be "
    "bare, inside the JSON of journald, docker and log shippers, or after a syslog prefix.\n"
    "Exit status: 0 the report was made, whatever it says; 1 an event of --fail-on is in the log; "
    "2 wrong usage, or "
    "a LOG that cannot be read.";

/* Bits of the events named in a list with commas. */
static uint32_t parse_events(const char *list, struct argp_state *state)
{
    uint32_t bits = 0;
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        enum event_id id = event_find(at, n);
        if (id == EVENTS) {
            argp_error(state, "there is no event \"%.*s\"", (int)n, at);
            return 0;
        }
        bits |= UINT32_C(1) << id;
        at += n;
        if (*at == '\0') {
            return bits;
        }
    }
}

static int64_t parse_time(const char *s, const struct options *options, struct argp_state *state)
{
    int64_t ms = 0;
    if (!when_option(s, options->now, &ms)) {
        argp_error(state, "\"%s\" is not a time such as 2026-11-24, 2026-11-24T03:39Z or 7d", s);
    }
    return ms;
}

static enum table_id parse_table(const char *s, struct argp_state *state)
{
    for (size_t i = 0; i < TABLES; i++) {
        if (s == NULL || strcmp(csv_names[i], s) == 0) {
            return i;
        }
    }
    argp_error(state, "there is no table \"%s\"", s);
    return PAIRS;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_CSV:
        options->csv = true;
        options->csv_table = parse_table(arg, state);
        return 0;
    case OPT_PROMETHEUS:
        options->prometheus = true;
        return 0;
    case OPT_HTML:
        options->html = arg;
        return 0;
    case OPT_SINCE:
        options->filter.since = parse_time(arg, options, state);
        return 0;
    case OPT_UNTIL:
        options->filter.until = parse_time(arg, options, state);
        return 0;
    case OPT_NODE:
        options->filter.node = arg;
        return 0;
    case OPT_HOST:
        options->filter.host = arg;
        return 0;
    case OPT_EXE:
        options->filter.exe = arg;
        return 0;
    case OPT_EVENT:
        options->filter.events |= parse_events(arg, state);
        return 0;
    case OPT_TOP:
        options->top = argument_number(state, "--top", arg, 0, INT32_MAX);
        return 0;
    case OPT_WHAT_IF:
        options->policy = arg;
        return 0;
    case OPT_FAIL_ON:
        options->fail_on |= parse_events(arg, state);
        return 0;
    case ARGP_KEY_ARGS:
        options->logs = state->argv + state->next;
        options->nlogs = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        if (options->nlogs == 0) {
            argp_error(state, "give a LOG: a file, a directory, or - for standard input");
        }
        if (options->json + options->csv + options->prometheus +
                (options->html != NULL && strcmp(options->html, "-") == 0) >
            1) {
            argp_error(state,
                       "only one of --json, --csv and --prometheus can be printed at a time");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A line as it comes from the workers. */
static void take(void *data, const char *file, uint64_t number, enum line_kind kind, json_t *event,
                 const char *reason)
{
    struct report *r = data;
    if (kind == LINE_EVENT) {
        reason = report_add(r, event);
        kind = reason != NULL ? LINE_BROKEN : kind;
    }
    if (kind == LINE_BROKEN) {
        report_broken(r, file, number, reason);
    } else if (kind == LINE_OTHER) {
        r->others++;
    }
}

/* What input hands its lines to. */
struct reading {
    struct report *report;
    struct workers *workers;
};

/* Whether this is a line as the object itself writes it, of an event that --event does not want: it
 * need not be parsed. */
static bool is_unwanted(const struct filter *f, const char *line, size_t n)
{
    static const char head[] = "{\"schema\":\"pgseal/1\",\"time\":\"";
    if (f->events == 0 || n < sizeof head || memcmp(line, head, sizeof head - 1) != 0 ||
        line[n - 1] != '}') {
        return false;
    }
    for (unsigned i = 0; i < EVENTS; i++) {
        char wanted[32];
        int len = snprintf(wanted, sizeof wanted, "\"event\":\"%s\"", event_names[i]);
        if ((f->events >> i & 1) != 0 && memmem(line, n, wanted, (size_t)len) != NULL) {
            return false;
        }
    }
    return true;
}

static void read_line(void *data, const char *file, uint64_t number, const char *line, size_t n)
{
    struct reading *reading = data;
    if (line != NULL && is_unwanted(&reading->report->filter, line, n)) {
        reading->report->left++;
    } else if (line == NULL || n > 0) {
        workers_line(reading->workers, file, number, line, n, "longer than 2 MiB");
    }
}

static void read_cut(void *data, const char *file, uint64_t number, const char *reason)
{
    struct reading *reading = data;
    workers_line(reading->workers, file, number, NULL, 0, reason);
}

static bool failing(const struct report *r, uint32_t events)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        if ((events >> i & 1) != 0 && r->events[i] != 0) {
            return true;
        }
    }
    return false;
}

/* Prints what was asked for. Returns whether all of it got out. */
static bool show(struct report *r, const struct options *options)
{
    bool good = true;
    size_t top = options->top >= 0 ? (size_t)options->top : 0;
    if (options->html != NULL) {
        char *reason = show_html(r, top, options->html);
        if (reason != NULL) {
            complain("%s", reason);
            good = false;
        }
        free(reason);
    }
    if (options->json) {
        show_json(r, top, stdout);
    } else if (options->csv) {
        show_csv(r, options->csv_table, top, stdout);
    } else if (options->prometheus) {
        show_prometheus(r, top, stdout);
    } else if (options->html == NULL) {
        show_text(r, options->top >= 0 ? top : TOP_OF_TEXT);
    }
    return good;
}

int command_report(int argc, char **argv)
{
    static const struct argp argp = {option_table, parse, "LOG...", doc, NULL, NULL, NULL};
    struct options options = {
        .top = -1, .now = when_now(), .filter = {.since = INT64_MIN, .until = INT64_MAX}};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct report r = {
        .filter = options.filter, .now = options.now, .from = INT64_MAX, .until = INT64_MIN};
    if (options.policy != NULL) {
        char *reason = NULL;
        r.whatif = whatif_open(options.policy, &reason);
        if (r.whatif == NULL) {
            complain("%s", reason);
            free(reason);
            return STATUS_USAGE;
        }
    }
    groups_init(&r.groups, GROUPS_BYTES);
    struct reading reading = {&r, workers_start(take, &r)};
    const struct input_user user = {&reading, read_line, read_cut};
    unsigned unread = input_read(options.logs, options.nlogs, isatty(STDERR_FILENO) == 1, &user);
    workers_finish(reading.workers);
    int status = !show(&r, &options) || unread > 0 ? STATUS_USAGE
                 : failing(&r, options.fail_on)    ? STATUS_FOUND
                                                   : STATUS_OK;
    for (uint64_t i = 0; i < r.broken && i < BROKEN_NAMED; i++) {
        free(r.first[i].file);
    }
    groups_free(&r.groups);
    whatif_free(r.whatif);
    return term_finish(status);
}
