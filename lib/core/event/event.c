/* event: one line of the log, from facts to JSON. */
#include "lib/core/event/event.h"

#include "lib/core/event/json.h"
#include "lib/core/event/redact.h"
#include "lib/core/options/options.h"
#include "lib/core/text/strbuf.h"

/* Where a line is too long, no value is cut below this (a SHA-256 in hex stays whole) before list
 * elements are dropped: all of an event's single values together fit a line at this length. */
enum { VALUE_MIN = 64 };

static bool present(const char *s)
{
    return s != NULL && *s != '\0';
}

/* A value that is shown as it is: ours, or a path. */
static void field(struct json *j, const char *key, const char *value)
{
    if (present(value)) {
        json_key(j, key);
        json_text(j, value);
    }
}

/* A value that may not be shown where hide says so. */
static void redacted(struct json *j, const char *key, const char *value, bool redact)
{
    field(j, key, present(value) && redact ? HIDDEN : value);
}

static void number(struct json *j, const char *key, int64_t value)
{
    if (value != 0) {
        json_key(j, key);
        json_number(j, value);
    }
}

static bool hides_port(const char *port)
{
    return present(port) && !redact_port_is_plain(port);
}

/* Which values may not be shown, looked up once for all the attempts to make a line fit. */
struct hidden {
    bool host, hostaddr, port, dbname, user, application_name;
    bool all_five;               /* a secret may be spread over the first five */
    bool changes[EVENT_CHANGES]; /* what was requested */
};

static void find_hidden(struct hidden *h, const struct event *e)
{
    h->host = event_redacts(e->host);
    h->hostaddr = event_redacts(e->hostaddr);
    h->port = hides_port(e->port);
    h->dbname = event_redacts(e->dbname);
    h->user = event_redacts(e->user);
    h->application_name = event_redacts(e->application_name);
    h->all_five =
        e->connection_from_uri && (h->host || h->hostaddr || h->port || h->dbname || h->user);
    for (size_t i = 0; i < e->nchanges && i < EVENT_CHANGES; i++) {
        h->changes[i] = event_redacts(e->changes[i].requested);
    }
}

static void put_json(void *to, const char *s, size_t n)
{
    json_string_add(to, s, n);
}

static void reason_field(struct json *j, const struct event *e, bool all)
{
    if (!present(e->reason)) {
        return;
    }
    json_key(j, "reason");
    json_string_begin(j);
    redact_reason(e->reason, !all ? NULL : e->port != NULL ? e->port : "", put_json, j);
    json_string_end(j);
}

static void connection_fields(struct json *j, const struct event *e, const struct hidden *h)
{
    redacted(j, "host", e->host, h->all_five || h->host);
    redacted(j, "hostaddr", e->hostaddr, h->all_five || h->hostaddr);
    redacted(j, "port", e->port, h->all_five || h->port);
    redacted(j, "dbname", e->dbname, h->all_five || h->dbname);
    redacted(j, "user", e->user, h->all_five || h->user);
    redacted(j, "application_name", e->application_name, h->application_name);
}

static void changes_field(struct json *j, const struct event *e, const struct hidden *h,
                          size_t items)
{
    if (e->nchanges == 0 || items == 0) {
        return;
    }
    json_key(j, "changes");
    json_open(j, '[');
    for (size_t i = 0; i < e->nchanges && i < items; i++) {
        const struct change *c = &e->changes[i];
        bool secret = c->option != NULL && option_is_secret(c->option);

        json_open(j, '{');
        field(j, "option", c->option);
        field(j, "source", c->source);
        redacted(j, "requested", c->requested, secret || h->changes[i]);
        redacted(j, "enforced", c->enforced, secret);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void witness_fields(struct json *j, const struct event *e)
{
    field(j, "protocol", e->protocol);
    field(j, "cipher", e->cipher);
    number(j, "bits", e->bits);
    field(j, "peer_subject", e->peer_subject);
    field(j, "peer_issuer", e->peer_issuer);
    field(j, "peer_names", e->peer_names);
    field(j, "peer_not_after", e->peer_not_after);
    field(j, "peer_sha256", e->peer_sha256);
    field(j, "verified_name", e->verified_name);
    field(j, "root", e->root);
    field(j, "root_sha256", e->root_sha256);
}

static void list_field(struct json *j, const char *key, const char *const *list, size_t n,
                       size_t items)
{
    if (n == 0 || items == 0) {
        return;
    }
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < n && i < items && i < EVENT_LIST; i++) {
        json_text(j, list[i] != NULL ? list[i] : "");
    }
    json_close(j, ']');
}

static void process_fields(struct json *j, const struct event *e, size_t items)
{
    field(j, "settings", e->settings);
    if (e->nlibpqs > 0 && items > 0) {
        json_key(j, "libpq_copies");
        json_open(j, '[');
        for (size_t i = 0; i < e->nlibpqs && i < items && i < EVENT_LIST; i++) {
            json_open(j, '{');
            field(j, "path", e->libpqs[i].path);
            number(j, "version", e->libpqs[i].version);
            json_close(j, '}');
        }
        json_close(j, ']');
    }
    list_field(j, "hooks", e->hooks, e->nhooks, items);
    list_field(j, "environment", e->environment, e->nenvironment, items);
    list_field(j, "preloads", e->preloads, e->npreloads, items);
}

/* Writes the object with values of at most limit bytes and lists of at most items elements; returns
 * what that takes, which may be more than size. */
static size_t write_object(const struct event *e, const struct hidden *h, char *buf, size_t size,
                           size_t limit, size_t items)
{
    struct json j;
    char time[25];

    event_time(e->time_ms, time, sizeof time);
    json_init(&j, buf, size, limit);
    json_open(&j, '{');
    field(&j, "schema", "pgseal/1");
    field(&j, "time", time);
    field(&j, "node", e->node);
    field(&j, "event", e->event);
    field(&j, "action", e->action);
    field(&j, "mode", e->mode);
    field(&j, "entry", e->entry);
    json_key(&j, "pid");
    json_number(&j, e->pid);
    json_key(&j, "uid");
    json_unsigned(&j, e->uid);
    field(&j, "exe", e->exe);
    field(&j, "object", e->object);
    field(&j, "libpq", e->libpq);
    number(&j, "libpq_version", e->libpq_version);
    connection_fields(&j, e, h);
    changes_field(&j, e, h, items);
    field(&j, "rule", e->rule);
    reason_field(&j, e, h->all_five);
    if (e->lost != 0) {
        json_key(&j, "lost");
        json_unsigned(&j, e->lost);
    }
    witness_fields(&j, e);
    process_fields(&j, e, items);
    json_close(&j, '}');
    return j.len;
}

static bool fits(const struct event *e, const struct hidden *h, char *buf, size_t limit,
                 size_t items)
{
    return write_object(e, h, buf, EVENT_LINE_MAX - 1, limit, items) <= EVENT_LINE_MAX - 1;
}

/* How many list elements fit where no value is longer than VALUE_MIN. */
static size_t most_items(const struct event *e, const struct hidden *h, char *buf)
{
    size_t low = 0;
    size_t high = EVENT_CHANGES + 1;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        *(fits(e, h, buf, VALUE_MIN, middle) ? &low : &high) = middle;
    }
    return low;
}

/* The length to which the longest values must be cut. */
static size_t most_bytes(const struct event *e, const struct hidden *h, char *buf, size_t items)
{
    size_t low = VALUE_MIN;
    size_t high = EVENT_LINE_MAX;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        *(fits(e, h, buf, middle, items) ? &low : &high) = middle;
    }
    return low;
}

size_t event_format(const struct event *e, char *buf, size_t size)
{
    const size_t room = EVENT_LINE_MAX - 1;
    size_t limit = EVENT_LINE_MAX;
    size_t items = EVENT_CHANGES;
    size_t len;
    struct hidden h;

    if (size < EVENT_LINE_MAX) {
        return 0;
    }
    find_hidden(&h, e);
    len = write_object(e, &h, buf, room, limit, items);
    if (len > room) {
        items = most_items(e, &h, buf);
        limit = most_bytes(e, &h, buf, items);
        len = write_object(e, &h, buf, room, limit, items);
    }
    buf[len] = '\n';
    return len + 1;
}

void event_time(int64_t ms, char *buf, size_t size)
{
    const int64_t first = -62135596800000;
    const int64_t last = 253402300799999; /* the years 1 and 9999 */
    const int64_t day_ms = 86400000;
    int64_t days;
    int64_t of_day;
    int64_t era;
    int64_t of_era;
    int64_t year;
    int64_t of_year;
    int64_t month;
    struct strbuf t;

    ms = ms < first ? first : ms > last ? last : ms;
    days = (ms - first) / day_ms +
           306; /* since 0000-03-01: years that begin in March end with the leap day */
    of_day = (ms - first) % day_ms;
    era = days / 146097;
    of_era = days % 146097;
    year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    of_year = of_era - (365 * year + year / 4 - year / 100);
    month = (5 * of_year + 2) / 153; /* from March */
    year += era * 400 + (month >= 10);
    strbuf_init(&t, buf, size);
    strbuf_add_uint(&t, (uint64_t)year, 4);
    strbuf_add(&t, "-");
    strbuf_add_uint(&t, (uint64_t)(month < 10 ? month + 3 : month - 9), 2);
    strbuf_add(&t, "-");
    strbuf_add_uint(&t, (uint64_t)(of_year - (153 * month + 2) / 5 + 1), 2);
    strbuf_add(&t, "T");
    strbuf_add_uint(&t, (uint64_t)(of_day / 3600000), 2);
    strbuf_add(&t, ":");
    strbuf_add_uint(&t, (uint64_t)(of_day / 60000 % 60), 2);
    strbuf_add(&t, ":");
    strbuf_add_uint(&t, (uint64_t)(of_day / 1000 % 60), 2);
    strbuf_add(&t, ".");
    strbuf_add_uint(&t, (uint64_t)(of_day % 1000), 3);
    strbuf_add(&t, "Z");
}
