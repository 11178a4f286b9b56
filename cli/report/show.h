/* show: the report as text, JSON, CSV, Prometheus's text format and a page. All of them sort the
 * report's groups. */
#ifndef PGSEAL_CLI_REPORT_SHOW_H
#define PGSEAL_CLI_REPORT_SHOW_H

#include "report.h"

#include <stdio.h>

/* top: how many rows of each table, 0: all. Everything that comes out of a log is made harmless for
 * where it goes. Whether it got out shows at the end, in ferror. */
void show_text(struct report *r, size_t top);
void show_json(struct report *r, size_t top, FILE *to);
void show_prometheus(struct report *r, size_t top, FILE *to);

/* A table by its name in csv_names. */
void show_csv(struct report *r, enum table_id table, size_t top, FILE *to);
extern const char *const csv_names[TABLES];

/* Replaces file ("-": writes to standard output) by the page as a whole. Returns NULL, or what is
 * wrong: the caller frees. */
char *show_html(struct report *r, size_t top, const char *file);

/* JSON that can stand in a script element of a page: no <, > or &. */
void show_json_for_page(struct report *r, size_t top, FILE *to);

/* One row of a table, with the fields of the schema in their order. The caller drops it. Sorts the
 * group's lists. */
json_t *row_of(const struct report *r, enum table_id table, struct group *group);

/* How many rows of a table are shown. */
size_t rows_shown(const struct group_table *table, size_t top);

#endif
