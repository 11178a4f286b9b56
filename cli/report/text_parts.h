/* text_parts: the parts of the report for people. */
#ifndef PGSEAL_CLI_REPORT_TEXT_PARTS_H
#define PGSEAL_CLI_REPORT_TEXT_PARTS_H

#include "report.h"

#include "cli/lib/term.h"

enum { TEXT_AT = 14, TEXT_NAMES = 5 }; /* where values begin; how many names are told */

struct page {
    struct report *r;
    struct out out;
    size_t top; /* rows of each table, 0: all */
};

/* Prints a text under a label, and frees it. */
void text_field(const struct page *p, unsigned indent, const char *label, enum paint paint,
                char *text);

/* A blank line and a title, which says so where not all is shown. */
void text_heading(const struct page *p, const char *title, size_t shown, size_t all);

/* Adds `more`, which it frees, to a text that grows. */
void text_append(char **text, const char *between, char *more);

/* "(none)" for an empty text. */
const char *text_or_none(const char *s);

/* "program → host" of a group whose key begins so. The caller frees, as of all below. */
char *text_pair(const struct group *group);

/* The first of a list: "a, b and 7 more". */
char *text_names(struct group *group, enum list_id id);

/* "2026-11-24 03:39 to 2026-11-25 10:00" */
char *text_span(int64_t first, int64_t last);

/* "ends in 12 days", "ended 3 days ago" */
char *text_days(int64_t days);

/* "s", or "" for one; nothing to free. */
const char *text_plural(uint64_t n);

/* What needs attention: violations, plaintext cancels, what ends soon. */
void text_findings(const struct page *p);

#endif
