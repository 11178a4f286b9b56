/* show: what scan found, for people and as JSON. */
#include "cli/scan/scan.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdict_names[] = {"covered", "covered by loader hooks", "not covered"};
static const enum paint verdict_paints[] = {PAINT_GREEN, PAINT_GREEN, PAINT_RED};

static void count(const struct scan *scan, size_t counts[3])
{
    memset(counts, 0, 3 * sizeof *counts);
    for (size_t i = 0; i < scan->n; i++) {
        counts[scan->items[i].verdict]++;
    }
}

/* ", libpq 15.18, OpenSSL 3.0.17", as far as it is known. The caller frees. */
static char *versions_text(const struct client_library *library)
{
    char *libpq = library->libpq_version > 0
                      ? xprintf(", libpq %d.%d", library->libpq_version / 10000,
                                library->libpq_version % 10000)
                  : library->libpq_least > 0 ? xprintf(", libpq %d or later", library->libpq_least)
                                             : xstrdup("");
    char *both = library->openssl != NULL ? xprintf("%s, OpenSSL %s", libpq, library->openssl)
                                          : xstrdup(libpq);
    free(libpq);
    return both;
}

static void show_item(const struct out *out, const struct item *item)
{
    char *name = item->pid != 0 ? xprintf("%s (process %d)", item->path, (int)item->pid)
                                : xstrdup(item->path);
    term_field(out, 0, verdict_names[item->verdict], 25, verdict_paints[item->verdict], name);
    free(name);
    for (size_t i = 0; i < item->n; i++) {
        char *versions = versions_text(&item->libraries[i]);
        char *text =
            xprintf("%s: %s%s", item->libraries[i].name, item->libraries[i].evidence, versions);
        free(versions);
        term_field(out, 0, "", 25, PAINT_DIM, text);
        free(text);
    }
    if (item->verdict == NOT_COVERED) {
        term_field(out, 0, "", 25, PAINT_NONE, item->reason);
    }
}

void scan_show(const struct out *out, const struct scan *scan)
{
    size_t counts[3];
    count(scan, counts);
    for (int verdict = NOT_COVERED; verdict >= COVERED; verdict--) {
        for (size_t i = 0; i < scan->n; i++) {
            if ((int)scan->items[i].verdict == verdict) {
                show_item(out, &scan->items[i]);
            }
        }
    }
    char *looked = scan->processes != 0 ? xprintf("%zu processes", scan->processes)
                                        : xprintf("%zu files", scan->files);
    char *text =
        xprintf("%zu covered, %zu covered by loader hooks, %zu not covered, of %s", counts[COVERED],
                counts[COVERED_BY_LOADER_HOOKS], counts[NOT_COVERED], looked);
    term_field(out, 0, "", 0, counts[NOT_COVERED] != 0 ? PAINT_YELLOW : PAINT_GREEN, text);
    free(text);
    free(looked);
    if (scan->n == 0 && scan->errors.n == 0 && scan->processes == 0) {
        term_field(out, 0, "", 0, PAINT_NONE,
                   "Nothing here reaches PostgreSQL itself. What a script starts is not followed: "
                   "scan that program.");
    }
}

static json_t *item_json(const struct item *item)
{
    json_t *object = json_object();
    json_object_set_new(object, "kind", json_string(item->kind));
    json_object_set_new(object, "path", term_json_text(item->path));
    if (item->pid != 0) {
        json_object_set_new(object, "pid", json_integer(item->pid));
        json_object_set_new(object, "uid", json_integer((json_int_t)item->uid));
        json_object_set_new(object, "preloaded", json_boolean(item->preloaded));
    }
    json_object_set_new(object, "verdict", json_string(verdict_names[item->verdict]));
    json_object_set_new(object, "why", term_json_text(item->reason));
    term_json_set(object, "machine", item->machine);
    json_object_set_new(object, "static", json_boolean(item->is_static));
    json_object_set_new(object, "setuid", json_boolean(item->setuid));
    json_object_set_new(object, "setgid", json_boolean(item->setgid));
    json_object_set_new(object, "file_caps", json_boolean(item->file_caps));
    json_t *ways = json_array();
    for (size_t i = 0; i < item->n; i++) {
        json_t *way = json_object();
        json_object_set_new(way, "way", json_string(item->libraries[i].name));
        json_object_set_new(way, "evidence", term_json_text(item->libraries[i].evidence));
        if (item->libraries[i].libpq_version > 0) {
            json_object_set_new(way, "libpq_version",
                                json_integer(item->libraries[i].libpq_version));
        }
        if (item->libraries[i].libpq_least > 0) {
            json_object_set_new(way, "libpq_least", json_integer(item->libraries[i].libpq_least));
        }
        term_json_set(way, "openssl", item->libraries[i].openssl);
        json_object_set_new(way, "verdict", json_string(verdict_names[item->libraries[i].verdict]));
        json_array_append_new(ways, way);
    }
    json_object_set_new(object, "ways", ways);
    return object;
}

json_t *scan_json(const struct scan *scan)
{
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string("pgseal-scan/1"));
    if (scan->root != NULL) {
        json_object_set_new(root, "root", term_json_text(root_name(scan->root)));
    }
    json_t *items = json_array();
    for (size_t i = 0; i < scan->n; i++) {
        json_array_append_new(items, item_json(&scan->items[i]));
    }
    json_object_set_new(root, "items", items);
    json_t *errors = json_array();
    for (size_t i = 0; i < scan->errors.n; i++) {
        json_array_append_new(errors, term_json_text(scan->errors.at[i]));
    }
    json_object_set_new(root, "errors", errors);
    size_t counts[3];
    count(scan, counts);
    json_t *summary = json_object();
    for (int verdict = COVERED; verdict <= NOT_COVERED; verdict++) {
        json_object_set_new(summary, verdict_names[verdict],
                            json_integer((json_int_t)counts[verdict]));
    }
    json_object_set_new(summary, "files", json_integer((json_int_t)scan->files));
    json_object_set_new(summary, "processes", json_integer((json_int_t)scan->processes));
    json_object_set_new(root, "summary", summary);
    return root;
}
