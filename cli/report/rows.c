/* rows: one group of the report as the JSON object of its table. */
#include "show.h"
#include "whatif.h"
#include "when.h"

#include "cli/lib/term.h"

#include <string.h>

static void set_time(json_t *row, const char *key, int64_t ms)
{
    char time[25];
    when_rfc3339(ms, time);
    json_object_set_new(row, key, json_string(time));
}

static void set_number(json_t *row, const char *key, uint64_t n)
{
    json_object_set_new(row, key, json_integer((json_int_t)n));
}

static void set_part(json_t *row, const char *key, const struct group *group, unsigned part)
{
    json_object_set_new(row, key, term_json_text(group_part(group, part)));
}

/* A list of plain strings; one that is empty says nothing. */
static void set_list(json_t *row, const char *key, struct group *group, enum list_id id)
{
    json_t *list = json_array();
    unsigned n = group_sort(group, id);
    for (unsigned i = 0; i < n; i++) {
        const struct istr *text = group->lists[id]->at[i].key;
        if (text->len > 0) {
            json_array_append_new(list, term_json_text(text->text));
        }
    }
    json_object_set_new(row, key, list);
}

static void set_asked(json_t *row, struct group *group)
{
    json_t *list = json_array();
    unsigned n = group_sort(group, ASKED);
    for (unsigned i = 0; i < n; i++) {
        const struct tally *t = &group->lists[ASKED]->at[i];
        json_t *asked = json_object();
        json_object_set_new(asked, "option", term_json_text(intern_part(t->key, 0)));
        json_object_set_new(asked, "requested", term_json_text(intern_part(t->key, 1)));
        json_object_set_new(asked, "source", term_json_text(intern_part(t->key, 2)));
        set_number(asked, "count", t->count);
        json_array_append_new(list, asked);
    }
    json_object_set_new(row, "asked", list);
}

static void set_actions(json_t *row, const struct group *group)
{
    static const enum counter counters[] = {DONE_SEALED, DONE_WOULD_SEAL, DONE_ALLOWED,
                                            DONE_REFUSED, DONE_WOULD_REFUSE};
    json_t *actions = json_object();
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        if (group->counters[counters[i]] != 0) {
            set_number(actions, action_names[i], group->counters[counters[i]]);
        }
    }
    json_object_set_new(row, "actions", actions);
}

static void set_prospect(json_t *row, const struct group *pair)
{
    struct prospect p = whatif_prospect(pair);
    if (p.verdict[0] == '\0') {
        return;
    }
    json_t *what = json_object();
    json_object_set_new(what, "verdict", json_string(p.verdict));
    json_object_set_new(what, "proved", json_boolean(p.proved));
    term_json_set(what, "reason", p.reason);
    json_object_set_new(row, "what_if", what);
}

static void fill_pair(json_t *row, const struct report *r, struct group *pair)
{
    static const struct {
        const char *key;
        enum counter counter;
    } counters[] = {{"attempts", ATTEMPTS}, {"downgrades", DOWNGRADES}, {"refused", REFUSED},
                    {"failed", FAILED},     {"violations", VIOLATIONS}, {"exempt", EXEMPT},
                    {"sockets", SOCKETS},   {"verified", VERIFIED}};
    set_part(row, "exe", pair, 0);
    set_part(row, "host", pair, 1);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        set_number(row, counters[i].key, pair->counters[counters[i].counter]);
    }
    set_time(row, "first", pair->first);
    set_time(row, "last", pair->last);
    set_list(row, "nodes", pair, NODES);
    set_asked(row, pair);
    set_actions(row, pair);
    set_list(row, "reasons", pair, REASONS);
    if (r->whatif != NULL) {
        set_prospect(row, pair);
    }
}

/* The names of a certificate, which the log has in one string, with commas. */
static json_t *split(const char *names)
{
    json_t *list = json_array();
    for (const char *at = names; *at != '\0';) {
        size_t n = strcspn(at, ",");
        if (n > 0) {
            json_array_append_new(list, json_stringn(at, n));
        }
        at += n + strspn(at + n, ", ");
    }
    return list;
}

static void set_days(json_t *row, const struct report *r, const char *end)
{
    int64_t days = 0;
    if (report_days(r, end, &days)) {
        json_object_set_new(row, "days", json_integer(days));
    }
}

static void fill_certificate(json_t *row, const struct report *r, struct group *certificate)
{
    set_part(row, "sha256", certificate, 0);
    set_part(row, "subject", certificate, 1);
    set_part(row, "issuer", certificate, 2);
    json_object_set_new(row, "names", split(group_part(certificate, 3)));
    set_part(row, "not_after", certificate, 4);
    set_days(row, r, group_part(certificate, 4));
    set_number(row, "sessions", certificate->count);
    set_list(row, "protocols", certificate, PROTOCOLS);
    set_list(row, "ciphers", certificate, CIPHERS);
    set_list(row, "roots", certificate, ROOTS);
    set_time(row, "first", certificate->first);
    set_time(row, "last", certificate->last);
    set_list(row, "nodes", certificate, NODES);
}

static void fill_exemption(json_t *row, const struct report *r, struct group *exemption)
{
    set_part(row, "exe", exemption, 0);
    set_part(row, "host", exemption, 1);
    set_part(row, "rule", exemption, 2);
    set_part(row, "reason", exemption, 3);
    if (group_part(exemption, 4)[0] != '\0') {
        set_part(row, "exempt_until", exemption, 4);
        set_days(row, r, group_part(exemption, 4));
    }
    set_number(row, "count", exemption->count);
    set_time(row, "first", exemption->first);
    set_time(row, "last", exemption->last);
    set_list(row, "nodes", exemption, NODES);
}

static void fill_cancel(json_t *row, struct group *cancel)
{
    set_part(row, "exe", cancel, 0);
    set_part(row, "host", cancel, 1);
    set_part(row, "action", cancel, 2);
    set_number(row, "count", cancel->count);
    set_time(row, "first", cancel->first);
    set_time(row, "last", cancel->last);
    set_list(row, "nodes", cancel, NODES);
    set_list(row, "reasons", cancel, REASONS);
}

static void fill_libpq(json_t *row, struct group *libpq)
{
    json_int_t version = 0;
    for (const char *c = group_part(libpq, 1); *c >= '0' && *c <= '9' && version < INT32_MAX; c++) {
        version = version * 10 + (*c - '0');
    }
    set_part(row, "path", libpq, 0);
    json_object_set_new(row, "version", json_integer(version));
    set_list(row, "openssl", libpq, OPENSSLS);
    set_number(row, "count", libpq->count);
    set_list(row, "programs", libpq, PROGRAMS);
    set_list(row, "nodes", libpq, NODES);
}

json_t *row_of(const struct report *r, enum table_id table, struct group *group)
{
    json_t *row = json_object();
    switch (table) {
    case PAIRS:
        fill_pair(row, r, group);
        break;
    case CERTIFICATES:
        fill_certificate(row, r, group);
        break;
    case EXEMPTIONS:
        fill_exemption(row, r, group);
        break;
    case CANCELS:
        fill_cancel(row, group);
        break;
    case LIBPQS:
        fill_libpq(row, group);
        break;
    default:
        set_part(row, "node", group, 0);
        set_number(row, "count", group->count);
        set_time(row, "first", group->first);
        set_time(row, "last", group->last);
        break;
    }
    return row;
}

size_t rows_shown(const struct group_table *table, size_t top)
{
    return top != 0 && top < table->n ? top : table->n;
}
