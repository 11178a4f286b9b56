/* event: formats one line of the log as JSON, in one pass. Each field has reserved space, so a long
 * value cannot push another field out; the fields share the rest of the line in order. */
#include "lib/core/event/event.h"

#include "lib/core/event/json.h"
#include "lib/core/event/redact.h"
#include "lib/core/options/options.h"
#include "lib/core/text/array.h"
#include "lib/core/text/calendar.h"
#include "lib/core/text/strbuf.h"

#include <string.h>

/* The string fields, in the order of the line: name, and how many bytes between its quotes are
 * reserved. */
#define STRINGS(F)                                                                                 \
    F(node, 64)                                                                                    \
    F(event, 16)                                                                                   \
    F(action, 16)                                                                                  \
    F(mode, 8)                                                                                     \
    F(entry, 32)                                                                                   \
    F(exe, 128)                                                                                    \
    F(object, 96)                                                                                  \
    F(libpq, 96)                                                                                   \
    F(host, 192)                                                                                   \
    F(hostaddr, 64)                                                                                \
    F(port, 64)                                                                                    \
    F(dbname, 64)                                                                                  \
    F(user, 64)                                                                                    \
    F(application_name, 64)                                                                        \
    F(rule, 96)                                                                                    \
    F(exempt_until, 10)                                                                            \
    F(reason, 512)                                                                                 \
    F(protocol, 16)                                                                                \
    F(cipher, 48)                                                                                  \
    F(peer_subject, 96)                                                                            \
    F(peer_issuer, 96)                                                                             \
    F(peer_names, 96)                                                                              \
    F(peer_not_after, 32)                                                                          \
    F(peer_sha256, 64)                                                                             \
    F(verified_name, 64)                                                                           \
    F(root, 96)                                                                                    \
    F(root_sha256, 64)                                                                             \
    F(openssl, 24)                                                                                 \
    F(settings, 64)

/* Lists: the space that is reserved for all elements, and the longest string in an element. */
enum {
    CHANGES_LEAST = 480, /* one element whose strings are as long as they may be */
    CHANGE_STRING = 192,
    LIBPQS_LEAST = 160,
    HOOKS_LEAST = 64,
    ENVIRONMENT_LEAST = 48,
    PRELOADS_LEAST = 80,
    LIST_STRING = 128,
    HEAD = 64,   /* schema and time */
    NUMBER = 32, /* each of pid, uid, libpq_version, lost and bits, with its name */
    FRAME = sizeof "\"\":\"\"," - 1, /* of a field beside its name and value */
    ROOM = EVENT_LINE_MAX - 1        /* without the newline */
};

#define FIELD_ID(name, least) FIELD_##name,
enum field_id { STRINGS(FIELD_ID) FIELDS };
#undef FIELD_ID

struct field {
    char name[17];
    unsigned short at; /* in struct event */
    unsigned short least;
};

#define FIELD_ROW(name, least) {#name, offsetof(struct event, name), least},
static const struct field fields[FIELDS] = {STRINGS(FIELD_ROW)};
#undef FIELD_ROW

#define FIELD_ROOM(name, least) +(least) + (sizeof #name - 1) + FRAME
_Static_assert(2 + HEAD + 5 * NUMBER STRINGS(FIELD_ROOM) + CHANGES_LEAST + LIBPQS_LEAST +
                       HOOKS_LEAST + ENVIRONMENT_LEAST + PRELOADS_LEAST +
                       5 * (sizeof "\"libpq_copies\":[]," - 1) <=
                   ROOM,
               "all fields at their least must fit into a line");
#undef FIELD_ROOM

struct writer {
    struct json j;
    const struct event *e;
    size_t reserved;     /* for the fields that follow, with their commas */
    bool cut;            /* the five targets are hidden */
    bool hidden[FIELDS]; /* which of host to application_name are hidden */
    bool secret;         /* one of these is hidden: the reason may quote it */
};

static bool present(const char *s)
{
    return s != NULL && *s != '\0';
}

static const char *value_of(const struct event *e, enum field_id id)
{
    const char *value;
    memcpy(&value, (const char *)e + fields[id].at, sizeof value);
    return value;
}

/* The space that is reserved for a string field: its least, or less if it is shorter. */
static size_t reserve_of(const struct event *e, enum field_id id)
{
    const char *value = value_of(e, id);
    if (!present(value)) {
        return 0;
    }
    size_t least = fields[id].least;
    size_t longest = 0;
    for (size_t i = 0; value[i] != '\0' && longest < least; i++) {
        bool plain = value[i] >= ' ' && value[i] < 0x7f && value[i] != '"' && value[i] != '\\';
        longest += plain ? 1 : 6; /* \u0000 */
    }
    longest = longest > sizeof HIDDEN ? longest : sizeof HIDDEN;
    return (longest < least ? longest : least) + strlen(fields[id].name) + FRAME;
}

static size_t reserve_list(size_t n, size_t least)
{
    return n > 0 ? least + sizeof "\"libpq_copies\":[]," - 1 : 0;
}

/* How many bytes may be written next: all that are not reserved for other fields. */
static size_t room(const struct writer *w)
{
    size_t taken = w->j.len + w->reserved + 1; /* the brace at the end */
    return taken < ROOM ? ROOM - taken : 0;
}

/* Opens a field: releases its reservation, and sets how long its string may be. */
static void begin_field(struct writer *w, enum field_id id)
{
    const struct field *f = &fields[id];
    w->reserved -= reserve_of(w->e, id);
    w->j.limit = room(w) - strlen(f->name) - FRAME;
    json_key(&w->j, f->name);
}

static void field(struct writer *w, enum field_id id, bool redact)
{
    const char *value = value_of(w->e, id);
    if (present(value)) {
        begin_field(w, id);
        json_text(&w->j, redact ? HIDDEN : value);
    }
}

static void plain_fields(struct writer *w, enum field_id from, enum field_id to)
{
    for (enum field_id id = from; id <= to; id++) {
        field(w, id, false);
    }
}

static void number(struct writer *w, const char *key, int64_t value)
{
    json_key(&w->j, key);
    json_number(&w->j, value);
    w->reserved -= NUMBER;
}

static void number_if(struct writer *w, const char *key, int64_t value)
{
    if (value != 0) {
        number(w, key, value);
    }
}

static bool hides_port(const char *port)
{
    return present(port) && !redact_port_is_plain(port);
}

static void find_hidden(struct writer *w)
{
    const struct event *e = w->e;
    w->cut = e->cut || event_cut("host", e->host) || event_cut("hostaddr", e->hostaddr) ||
             event_cut("port", e->port) || event_cut("dbname", e->dbname);
    for (enum field_id id = FIELD_host; id <= FIELD_application_name; id++) {
        w->hidden[id] = (w->cut && id != FIELD_application_name) ||
                        event_redacts(value_of(e, id)) || (id == FIELD_port && hides_port(e->port));
        w->secret = w->secret || w->hidden[id];
    }
}

static void target_fields(struct writer *w)
{
    for (enum field_id id = FIELD_host; id <= FIELD_application_name; id++) {
        field(w, id, w->hidden[id]);
    }
}

static void put_json(void *to, const char *s, size_t n)
{
    json_string_add(to, s, n);
}

static void reason_field(struct writer *w)
{
    if (present(w->e->reason)) {
        begin_field(w, FIELD_reason);
        json_string_begin(&w->j);
        redact_reason(w->e->reason, w->secret, w->e->port, put_json, &w->j);
        json_string_end(&w->j);
    }
}

/* Opens a list, for which `least` bytes were reserved. Returns the offset at which its elements
 * must end. */
static size_t begin_list(struct writer *w, const char *key, size_t n, size_t least, size_t longest)
{
    w->reserved -= reserve_list(n, least);
    w->j.limit = longest;
    size_t end = w->j.len + room(w) - 1; /* its bracket */
    json_key(&w->j, key);
    json_open(&w->j, '[');
    return end;
}

/* Ends an element that began at before; removes it if it is too long for the list. */
static bool element_fits(struct writer *w, const struct json *before, size_t end)
{
    if (w->j.len > end) {
        w->j = *before;
        return false;
    }
    return true;
}

static void element_string(struct json *j, const char *key, const char *value, bool redact)
{
    if (present(value)) {
        json_key(j, key);
        json_text(j, redact ? HIDDEN : value);
    }
}

static bool is_target(const char *option)
{
    return option != NULL && (strcmp(option, "host") == 0 || strcmp(option, "hostaddr") == 0 ||
                              strcmp(option, "port") == 0 || strcmp(option, "dbname") == 0 ||
                              strcmp(option, "user") == 0);
}

static void changes_field(struct writer *w)
{
    const struct event *e = w->e;
    struct json *j = &w->j;
    if (e->nchanges == 0) {
        return;
    }
    size_t end = begin_list(w, "changes", e->nchanges, CHANGES_LEAST, CHANGE_STRING);
    for (size_t i = 0; i < e->nchanges && i < EVENT_CHANGES; i++) {
        const struct change *c = &e->changes[i];
        const struct json before = *j;
        bool redact = option_is_secret(c->option) || (w->cut && is_target(c->option));

        json_open(j, '{');
        element_string(j, "option", c->option, false);
        element_string(j, "source", c->source, false);
        element_string(j, "requested", c->requested, redact || event_redacts(c->requested));
        element_string(j, "enforced", c->enforced, redact || event_redacts(c->enforced));
        json_close(j, '}');
        if (!element_fits(w, &before, end)) {
            break;
        }
    }
    json_close(j, ']');
}

static void list_field(struct writer *w, const char *key, const char *const *list, size_t n,
                       size_t least)
{
    if (n == 0) {
        return;
    }
    size_t end = begin_list(w, key, n, least, LIST_STRING);
    for (size_t i = 0; i < n && i < EVENT_LIST; i++) {
        const struct json before = w->j;
        json_text(&w->j, list[i] != NULL ? list[i] : "");
        if (!element_fits(w, &before, end)) {
            break;
        }
    }
    json_close(&w->j, ']');
}

static void process_fields(struct writer *w)
{
    const struct event *e = w->e;
    if (e->nlibpqs > 0) {
        size_t end = begin_list(w, "libpq_copies", e->nlibpqs, LIBPQS_LEAST, LIST_STRING);
        for (size_t i = 0; i < e->nlibpqs && i < EVENT_LIST; i++) {
            const struct json before = w->j;
            json_open(&w->j, '{');
            element_string(&w->j, "path", e->libpqs[i].path, false);
            if (e->libpqs[i].version != 0) {
                json_key(&w->j, "version");
                json_number(&w->j, e->libpqs[i].version);
            }
            json_close(&w->j, '}');
            if (!element_fits(w, &before, end)) {
                break;
            }
        }
        json_close(&w->j, ']');
    }
    list_field(w, "hooks", e->hooks, e->nhooks, HOOKS_LEAST);
    list_field(w, "environment", e->environment, e->nenvironment, ENVIRONMENT_LEAST);
    list_field(w, "preloads", e->preloads, e->npreloads, PRELOADS_LEAST);
}

static void reserve(struct writer *w)
{
    const struct event *e = w->e;
    w->reserved = (2 + (size_t)(e->libpq_version != 0) + (e->lost != 0) + (e->bits != 0)) * NUMBER +
                  reserve_list(e->nchanges, CHANGES_LEAST) +
                  reserve_list(e->nlibpqs, LIBPQS_LEAST) + reserve_list(e->nhooks, HOOKS_LEAST) +
                  reserve_list(e->nenvironment, ENVIRONMENT_LEAST) +
                  reserve_list(e->npreloads, PRELOADS_LEAST);
    for (enum field_id id = 0; id < FIELDS; id++) {
        w->reserved += reserve_of(e, id);
    }
}

size_t event_format(const struct event *e, char buf[static EVENT_LINE_MAX])
{
    struct writer w = {.e = e};
    struct json *j = &w.j;
    char time[25];

    find_hidden(&w);
    reserve(&w);
    event_time(e->time_ms, time, sizeof time);
    json_init(j, buf, ROOM, sizeof time);
    json_open(j, '{');
    json_key(j, "schema");
    json_text(j, "pgseal/1");
    json_key(j, "time");
    json_text(j, time);
    plain_fields(&w, FIELD_node, FIELD_entry);
    number(&w, "pid", e->pid);
    number(&w, "uid", e->uid);
    plain_fields(&w, FIELD_exe, FIELD_libpq);
    number_if(&w, "libpq_version", e->libpq_version);
    target_fields(&w);
    changes_field(&w);
    plain_fields(&w, FIELD_rule, FIELD_exempt_until);
    reason_field(&w);
    if (e->lost != 0) {
        json_key(j, "lost");
        json_unsigned(j, e->lost);
        w.reserved -= NUMBER;
    }
    plain_fields(&w, FIELD_protocol, FIELD_cipher);
    number_if(&w, "bits", e->bits);
    plain_fields(&w, FIELD_peer_subject, FIELD_settings);
    process_fields(&w);
    json_close(j, '}');
    buf[j->len] = '\n';
    return j->len + 1;
}

void event_time(int64_t ms, char *buf, size_t size)
{
    const int64_t day_ms = 86400000;
    const int64_t first = calendar_days(1, 1, 1) * day_ms;
    const int64_t last = (calendar_days(9999, 12, 31) + 1) * day_ms - 1;
    struct strbuf t;
    int year;
    int month;
    int day;

    ms = ms < first ? first : ms > last ? last : ms;
    int64_t of_day = (ms - first) % day_ms;
    calendar_date((ms - of_day) / day_ms, &year, &month, &day);
    strbuf_init(&t, buf, size);
    strbuf_add_uint(&t, (uint64_t)year, 4);
    strbuf_add(&t, "-");
    strbuf_add_uint(&t, (uint64_t)month, 2);
    strbuf_add(&t, "-");
    strbuf_add_uint(&t, (uint64_t)day, 2);
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
