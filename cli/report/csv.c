/* csv: one table of the report for spreadsheets: no cell is a formula there. */
#include "show.h"

#include "cli/lib/safe.h"
#include "cli/lib/term.h"
#include "cli/lib/util.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 14 };

const char *const csv_names[TABLES] = {[PAIRS] = "pairs",           [CERTIFICATES] = "certificates",
                                       [EXEMPTIONS] = "exemptions", [CANCELS] = "plaintext_cancels",
                                       [LIBPQS] = "libpq",          [MACHINES] = "nodes"};

static const char *const columns[TABLES][COLUMNS] = {
    [PAIRS] = {"exe", "host", "attempts", "downgrades", "refused", "failed", "violations", "exempt",
               "first", "last", "nodes", "asked", "reasons", "what_if"},
    [CERTIFICATES] = {"sha256", "subject", "issuer", "names", "not_after", "days", "sessions",
                      "protocols", "ciphers", "roots", "first", "last", "nodes"},
    [EXEMPTIONS] = {"exe", "host", "rule", "reason", "exempt_until", "count", "first", "last",
                    "nodes"},
    [CANCELS] = {"exe", "host", "action", "count", "first", "last", "nodes", "reasons"},
    [LIBPQS] = {"path", "version", "openssl", "count", "programs", "nodes"},
    [MACHINES] = {"node", "count", "first", "last"},
};

/* One cell: what begins as a formula does gets an apostrophe. */
static void cell(FILE *to, const char *text)
{
    char *safe = term_safe(text);
    fputc('"', to);
    if (safe[0] != '\0' && strchr("=+-@|%", safe[strspn(safe, " ")]) != NULL &&
        safe[strspn(safe, " ")] != '\0') {
        fputc('\'', to);
    }
    for (const char *c = safe; *c != '\0'; c++) {
        if (*c == '"') {
            fputc('"', to);
        }
        fputc(*c, to);
    }
    fputc('"', to);
    free(safe);
}

static const char *text(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

/* What stands in a list or object, as one text to free. */
static char *flat(json_t *value)
{
    if (json_is_string(value)) {
        return xstrdup(json_string_value(value));
    }
    if (json_is_integer(value)) {
        return xprintf("%lld", (long long)json_integer_value(value));
    }
    if (json_is_object(value) && json_object_get(value, "option") != NULL) {
        return xprintf("%s=%s (%s, %lld)", text(value, "option"), text(value, "requested"),
                       text(value, "source"),
                       (long long)json_integer_value(json_object_get(value, "count")));
    }
    if (json_is_object(value)) {
        const char *reason = text(value, "reason");
        return xprintf("%s%s%s", text(value, "verdict"), reason[0] != '\0' ? ": " : "", reason);
    }
    char *all = xstrdup("");
    for (size_t i = 0; i < json_array_size(value); i++) {
        char *one = flat(json_array_get(value, i));
        char *more = xprintf("%s%s%s", all, i > 0 ? "; " : "", one);
        free(one);
        free(all);
        all = more;
    }
    return all;
}

void show_csv(struct report *r, enum table_id id, size_t top, FILE *to)
{
    struct group_table *t = &r->groups.tables[id];
    size_t n = 0;
    while (n < COLUMNS && columns[id][n] != NULL &&
           (r->whatif != NULL || strcmp(columns[id][n], "what_if") != 0)) {
        fprintf(to, "%s%s", n > 0 ? "," : "", columns[id][n]);
        n++;
    }
    fputc('\n', to);
    groups_sort(t);
    for (size_t i = 0; i < rows_shown(t, top); i++) {
        json_t *row = row_of(r, id, t->at[i]);
        for (size_t k = 0; k < n; k++) {
            json_t *value = json_object_get(row, columns[id][k]);
            char *s = flat(value);
            if (k > 0) {
                fputc(',', to);
            }
            if (json_is_integer(value)) {
                fputs(s, to);
            } else {
                cell(to, s);
            }
            free(s);
        }
        fputc('\n', to);
        json_decref(row);
    }
}
