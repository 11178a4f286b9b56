/* term: what the tool prints: colour on a terminal only, lines that fit the width, text that is
 * safe for a terminal, JSON. */
#ifndef PGSEAL_CLI_TERM_H
#define PGSEAL_CLI_TERM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_RED, PAINT_GREEN, PAINT_YELLOW };

/* Where text goes. Made by out_start. */
struct out {
    FILE *file;
    bool colour;    /* a terminal, NO_COLOR unset or empty, TERM not "dumb" */
    unsigned width; /* 80, or the terminal's own width from 40 to 132 */
};

struct out term_start(FILE *file);

/* Prints a label and a text, wrapped to the width: the label starts at column `indent`, the text at
 * column `at`, and so do its further lines. The text is made safe first; a word that is longer than
 * a line is broken. */
void term_field(const struct out *out, unsigned indent, const char *label, unsigned at,
                enum paint paint, const char *text);

/* A table of at most TABLE_COLUMNS columns that never is wider than out->width: the widest columns
 * wrap. */
enum { TABLE_COLUMNS = 8 };

struct table {
    size_t columns;
    const char *head[TABLE_COLUMNS];
    char **cells;       /* rows × columns, owned */
    enum paint *paints; /* one a row: the first column's */
    size_t rows;
};

/* Adds a row of t->columns texts (copied, made safe; NULL counts as ""). */
void table_row(struct table *t, enum paint paint, const char *const *cells);

/* Prints head and rows, and frees the rows. */
void table_print(const struct out *out, struct table *t);

/* s as a JSON string: what is no UTF-8 stands as \xNN, so that there always is one. NULL gives
 * null. */
json_t *term_json_text(const char *s);

/* Sets key unless s is NULL or empty. */
void term_json_set(json_t *object, const char *key, const char *s);

/* Prints root, indented by two, with a newline, and drops it. Returns 0, or -1 when standard output
 * takes no more. */
int term_json(json_t *root);

/* Flushes standard output. Returns the status given, or STATUS_USAGE when what was printed did not
 * get out. */
int term_finish(int status);

/* Makes every exit of the program do so, for argp prints a command's --help and exits by itself. */
void term_watch_exit(void);

#endif
