/* json: the report as JSON, row by row: it is never in memory as a whole. */
#include "show.h"
#include "whatif.h"
#include "when.h"

#include "cli/lib/term.h"

#include <string.h>

enum { COMPACT = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY };

struct writer {
    FILE *to;
    bool page; /* <, > and & stand as \u003c…: they are in strings only */
    bool more; /* a comma is due */
};

static int write_some(const char *s, size_t n, void *data)
{
    const struct writer *w = data;
    for (size_t i = 0; i < n; i++) {
        bool markup = s[i] == '<' || s[i] == '>' || s[i] == '&';
        if (s[i] == 0x7f || (w->page && markup)) {
            fprintf(w->to, "\\u%04x", (unsigned)s[i]);
        } else {
            fputc(s[i], w->to);
        }
    }
    return ferror(w->to) != 0 ? -1 : 0;
}

/* Writes a value and drops it. */
static void value(struct writer *w, json_t *json)
{
    json_dump_callback(json, write_some, w, COMPACT);
    json_decref(json);
}

static void key(struct writer *w, const char *name)
{
    fprintf(w->to, "%s\n  \"%s\": ", w->more ? "," : "", name);
    w->more = true;
}

static void member(struct writer *w, const char *name, json_t *json)
{
    key(w, name);
    value(w, json);
}

static void number(struct writer *w, const char *name, uint64_t n)
{
    member(w, name, json_integer((json_int_t)n));
}

static json_t *time_of(int64_t ms)
{
    char time[25];
    when_rfc3339(ms, time);
    return json_string(time);
}

static json_t *broken_lines(const struct report *r)
{
    json_t *list = json_array();
    for (uint64_t i = 0; i < r->broken && i < BROKEN_NAMED; i++) {
        json_t *line = json_object();
        json_object_set_new(line, "file", term_json_text(r->first[i].file));
        json_object_set_new(line, "line", json_integer((json_int_t)r->first[i].line));
        json_object_set_new(line, "reason", json_string(r->first[i].reason));
        json_array_append_new(list, line);
    }
    return list;
}

static json_t *counted(const char *const *names, const uint64_t *counts, size_t n)
{
    json_t *object = json_object();
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(object, names[i], json_integer((json_int_t)counts[i]));
    }
    return object;
}

/* The first row names the columns. */
static json_t *timeline(const struct timeline *t)
{
    json_t *object = json_object();
    json_t *spans = json_array();
    for (size_t i = 0; t->width != 0 && i < TIMELINE_SPANS; i++) {
        if (!timeline_used(t, i)) {
            continue;
        }
        json_t *span = json_object();
        json_object_set_new(span, "start", time_of(t->origin + (int64_t)i * t->width));
        for (size_t k = 0; k < ACTIONS; k++) {
            if (t->spans[i][k] != 0) {
                json_object_set_new(span, action_names[k], json_integer(t->spans[i][k]));
            }
        }
        json_array_append_new(spans, span);
    }
    json_object_set_new(object, "seconds", json_integer(t->width / 1000));
    json_object_set_new(object, "spans", spans);
    return object;
}

static json_t *what_if(const struct report *r)
{
    json_t *object = json_object();
    json_t *missing = json_array();
    const char *path = NULL;
    term_json_set(object, "policy", whatif_name(r->whatif));
    for (size_t i = 0; (path = whatif_missing(r->whatif, i)) != NULL; i++) {
        json_array_append_new(missing, term_json_text(path));
    }
    json_object_set_new(object, "files_not_here", missing);
    for (size_t i = 0; i < r->groups.tables[PAIRS].n; i++) {
        struct prospect p = whatif_prospect(r->groups.tables[PAIRS].at[i]);
        if (p.verdict[0] != '\0') {
            json_int_t n = json_integer_value(json_object_get(object, p.verdict));
            json_object_set_new(object, p.verdict, json_integer(n + 1));
        }
    }
    return object;
}

static void table(struct writer *w, struct report *r, enum table_id id, const char *name,
                  size_t top)
{
    struct group_table *t = &r->groups.tables[id];
    groups_sort(t);
    size_t n = rows_shown(t, top);
    key(w, name);
    fputc('[', w->to);
    for (size_t i = 0; i < n; i++) {
        fputs(i > 0 ? ",\n    " : "\n    ", w->to);
        value(w, row_of(r, id, t->at[i]));
    }
    fputs(n > 0 ? "\n  ]" : "]", w->to);
}

static void write_report(struct writer *w, struct report *r, size_t top)
{
    static const char *const names[TABLES] = {
        [PAIRS] = "pairs",           [CERTIFICATES] = "certificates",
        [EXEMPTIONS] = "exemptions", [CANCELS] = "plaintext_cancels",
        [LIBPQS] = "libpq",          [MACHINES] = "nodes"};
    uint64_t merged[TABLES];
    for (size_t i = 0; i < TABLES; i++) {
        merged[i] = r->groups.tables[i].merged;
    }
    fputc('{', w->to);
    member(w, "schema", json_string("pgseal-report/1"));
    member(w, "made", time_of(r->now));
    number(w, "lines", r->lines);
    number(w, "broken", r->broken);
    member(w, "broken_lines", broken_lines(r));
    number(w, "other_lines", r->others);
    number(w, "filtered", r->left);
    number(w, "lost", r->lost);
    member(w, "from", r->lines != 0 ? time_of(r->from) : json_null());
    member(w, "until", r->lines != 0 ? time_of(r->until) : json_null());
    member(w, "events", counted(event_names, r->events, EVENTS));
    member(w, "actions", counted(action_names, r->actions, ACTIONS));
    member(w, "timeline", timeline(&r->timeline));
    member(w, "merged", counted(names, merged, TABLES));
    if (r->whatif != NULL) {
        member(w, "what_if", what_if(r));
    }
    for (size_t i = 0; i < TABLES; i++) {
        table(w, r, i, names[i], top);
    }
    fputs("\n}\n", w->to);
}

void show_json(struct report *r, size_t top, FILE *to)
{
    struct writer w = {.to = to};
    write_report(&w, r, top);
}

void show_json_for_page(struct report *r, size_t top, FILE *to)
{
    struct writer w = {.to = to, .page = true};
    write_report(&w, r, top);
}
