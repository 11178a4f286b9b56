/* show: the table and the JSON. */
#include "cli/impostor/impostor.h"
#include "cli/lib/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_SHOWN = 10 };

/* "user, password", or "-". The caller frees. */
static char *told_list(const struct result *r)
{
    char *list = xstrdup("");
    for (unsigned i = 0; i < TOLD_KINDS; i++) {
        if (((r->told[0] | r->told[1]) >> i & 1) != 0) {
            char *more = xprintf("%s%s%s", list, list[0] != '\0' ? ", " : "", told_names[i]);
            free(list);
            list = more;
        }
    }
    if (list[0] == '\0') {
        free(list);
        list = xstrdup("-");
    }
    return list;
}

static void show_table(const struct out *out, const struct result results[TRIALS])
{
    static const enum paint paints[] = {PAINT_NONE, PAINT_GREEN, PAINT_RED, PAINT_YELLOW,
                                        PAINT_YELLOW};
    struct table table = {.columns = 6,
                          .head = {"Verdict", "Trial", "Told", "How", "Exit", "Seconds"}};
    for (size_t i = 0; i < TRIALS; i++) {
        const struct result *r = &results[i];
        if (r->verdict != VERDICT_NOT_RUN) {
            char *told = told_list(r);
            char *status = xprintf("%d", r->exit);
            char *seconds = xprintf("%.1f", r->seconds);
            const char *cells[] = {
                verdict_names[r->verdict], trials[i].name, told, how_of(r), status, seconds};
            table_row(&table, paints[r->verdict], cells);
            free(told);
            free(status);
            free(seconds);
        }
    }
    table_print(out, &table);
}

static void show_values(const struct out *out, const struct result results[TRIALS])
{
    struct table table = {.columns = 4, .head = {"Trial", "How", "Told", "Value"}};
    for (size_t i = 0; i < TRIALS; i++) {
        for (size_t k = 0; k < results[i].nvalues; k++) {
            const struct event *event = &results[i].values[k];
            const char *cells[] = {trials[i].name, event->tls ? "tls" : "clear",
                                   told_names[event->what], event->text};
            table_row(&table, PAINT_NONE, cells);
        }
    }
    if (table.rows > 0) {
        fputc('\n', out->file);
        table_print(out, &table);
    }
}

static void line(const struct out *out, enum paint paint, char *text)
{
    term_field(out, 0, "", 0, paint, text);
    free(text);
}

/* The end of what COMMAND printed, made safe line by line. */
static void show_tail(const struct out *out, const struct result *r)
{
    size_t from = r->tail_n;
    for (unsigned lines = 0; from > 0; from--) {
        if (r->tail[from - 1] == '\n' && from != r->tail_n && ++lines == LINES_SHOWN) {
            break;
        }
    }
    while (from < r->tail_n) {
        const char *end = memchr(r->tail + from, '\n', r->tail_n - from);
        size_t n = end != NULL ? (size_t)(end - r->tail) - from : r->tail_n - from;
        char *text = xstrndup(r->tail + from, n);
        term_field(out, 2, "|", 4, PAINT_DIM, text);
        free(text);
        from += n + 1;
    }
}

static void show_control(const struct out *out, const struct impostor *im, const struct result *r)
{
    if (r->verdict == VERDICT_TOLD) {
        line(out, PAINT_RED,
             xprintf("%s talked to the genuine server in clear: the network can read it.",
                     im->command[0]));
    } else if (r->verdict != VERDICT_OK) {
        line(out, PAINT_YELLOW,
             xprintf("The control failed: %s did not log in to the genuine server%s%s.",
                     im->command[0], r->reason != NULL ? ": " : "",
                     r->reason != NULL ? r->reason : ""));
        line(out, PAINT_NONE,
             xstrdup("Without the control, the other trials prove nothing. COMMAND must connect to "
                     "PGHOST "
                     "and PGPORT (or {host}, {port}, {url}), as PGUSER with PGPASSWORD, and trust "
                     "PGSSLROOTCERT ({root})."));
        if (r->tail_n != 0) {
            line(out, PAINT_NONE, xstrdup("What it printed last:"));
            show_tail(out, r);
        }
    }
}

/* Names the impostors with that verdict, behind `what`; with VERDICT_OK those that no connection
 * came to. Returns how many impostors were run. */
static size_t show_names(const struct out *out, enum paint paint, const char *what,
                         const struct result results[TRIALS], enum verdict verdict)
{
    char *text = xstrdup(what);
    const char *before = ": ";
    size_t run = 0;
    for (size_t i = TRIAL_GENUINE + 1; i < TRIALS; i++) {
        const struct result *r = &results[i];
        run += r->verdict != VERDICT_NOT_RUN;
        if (r->verdict == verdict && (verdict != VERDICT_OK || r->connections == 0)) {
            char *more = xprintf("%s%s%s", text, before, trials[i].name);
            free(text);
            text = more;
            before = ", ";
        }
    }
    if (before[0] == ',') {
        term_field(out, 0, "", 0, paint, text);
    }
    free(text);
    return run;
}

void impostor_show(const struct impostor *im, const struct result results[TRIALS], bool show)
{
    struct out out = term_start(stdout);
    show_table(&out, results);
    if (show) {
        show_values(&out, results);
    }
    fputc('\n', stdout);
    show_control(&out, im, &results[TRIAL_GENUINE]);
    show_names(&out, PAINT_RED, "Impostors that were told something", results, VERDICT_TOLD);
    show_names(&out, PAINT_YELLOW, "Stopped by --timeout, which proves nothing", results,
               VERDICT_TIMED_OUT);
    if (show_names(&out, PAINT_YELLOW, "No connection was made", results, VERDICT_OK) != 0 &&
        status_of(results) == STATUS_OK) {
        term_field(&out, 0, "", 0, PAINT_GREEN, "No impostor was told anything.");
    }
}

static json_t *result_json(const struct trial *trial, const struct result *r, bool show)
{
    json_t *object = json_object();
    json_t *told = json_array();
    for (unsigned i = 0; i < TOLD_KINDS; i++) {
        if (((r->told[0] | r->told[1]) >> i & 1) != 0) {
            json_array_append_new(told, json_string(told_names[i]));
        }
    }
    json_object_set_new(object, "name", json_string(trial->name));
    json_object_set_new(object, "told", told);
    json_object_set_new(object, "how", json_string(how_of(r)));
    json_object_set_new(object, "exit", json_integer(r->exit));
    json_object_set_new(object, "seconds",
                        json_real((double)(long)(r->seconds * 1000 + 0.5) / 1000));
    json_object_set_new(object, "verdict", json_string(verdict_names[r->verdict]));
    json_object_set_new(object, "connections", json_integer(r->connections));
    term_json_set(object, "reason", r->reason);
    if (show) {
        json_t *values = json_array();
        for (size_t i = 0; i < r->nvalues; i++) {
            json_t *value = json_object();
            json_object_set_new(value, "told", json_string(told_names[r->values[i].what]));
            json_object_set_new(value, "how", json_string(r->values[i].tls ? "tls" : "clear"));
            json_object_set_new(value, "value", term_json_text(r->values[i].text));
            json_array_append_new(values, value);
        }
        json_object_set_new(object, "values", values);
    }
    return object;
}

json_t *impostor_json(const struct impostor *im, const struct result results[TRIALS], bool show)
{
    json_t *root = json_object();
    json_t *array = json_array();
    json_object_set_new(root, "schema", json_string("pgseal-impostor/1"));
    json_object_set_new(root, "command", term_json_text(im->command[0]));
    json_object_set_new(root, "host", term_json_text(im->host));
    json_object_set_new(root, "port", json_integer(im->port));
    json_object_set_new(root, "login", json_string(im->scram ? "scram-sha-256" : "password"));
    for (size_t i = 0; i < TRIALS; i++) {
        if (results[i].verdict != VERDICT_NOT_RUN) {
            json_array_append_new(array, result_json(&trials[i], &results[i], show));
        }
    }
    json_object_set_new(root, "trials", array);
    return root;
}
