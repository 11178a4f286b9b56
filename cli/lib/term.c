/* term: what the tool prints: colour on a terminal only, lines that fit the width, text that is
 * safe for a terminal, JSON. */
#include "cli/lib/term.h"
#include "cli/lib/safe.h"

#include "cli/lib/util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const paint_codes[] = {"",         "\033[1m",  "\033[2m",
                                          "\033[31m", "\033[32m", "\033[33m"};

struct out term_start(FILE *file)
{
    struct out out = {.file = file, .width = 80};
    if (!isatty(fileno(file))) {
        return out;
    }
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    out.colour =
        (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
    struct winsize size;
    if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
        out.width = size.ws_col < 132 ? size.ws_col : 132;
    }
    return out;
}

/* How many columns the first n bytes take: code points, which is right for all but wide scripts. */
static size_t columns(const char *s, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += ((unsigned char)s[i] & 0xc0) != 0x80;
    }
    return count;
}

/* How many bytes of s go on a line of `room` columns: up to a blank, or behind a comma or slash,
 * else hard. */
static size_t line_length(const char *s, size_t room)
{
    size_t fits = 0;
    size_t good = 0;
    size_t used = 0;
    while (s[fits] != '\0') {
        size_t n = 1;
        while (((unsigned char)s[fits + n] & 0xc0) == 0x80) {
            n++;
        }
        if (used == room) {
            break;
        }
        used++;
        fits += n;
        if (s[fits] == ' ') {
            good = fits;
        } else if (s[fits - 1] == ',' && used > room / 2 && good < fits) {
            good = fits;
        }
    }
    if (s[fits] == '\0') {
        return fits;
    }
    return good != 0 ? good : fits;
}

static void paint_on(const struct out *out, enum paint paint)
{
    if (out->colour && paint != PAINT_NONE) {
        fputs(paint_codes[paint], out->file);
    }
}

static void paint_off(const struct out *out, enum paint paint)
{
    if (out->colour && paint != PAINT_NONE) {
        fputs("\033[0m", out->file);
    }
}

static void pad(const struct out *out, size_t n)
{
    while (n-- > 0) {
        fputc(' ', out->file);
    }
}

void term_field(const struct out *out, unsigned indent, const char *label, unsigned at,
                enum paint paint, const char *text)
{
    char *safe = term_safe(text);
    size_t room = out->width > at + 10 ? out->width - at : 10;
    size_t used = indent + columns(label, strlen(label));
    pad(out, indent);
    fputs(label, out->file);
    const char *rest = safe;
    do {
        if (used > at || (used == at && at > indent)) {
            fputc('\n', out->file);
            used = 0;
        }
        pad(out, at - used);
        size_t n = line_length(rest, room);
        paint_on(out, paint);
        fwrite(rest, 1, n, out->file);
        paint_off(out, paint);
        rest += n;
        while (*rest == ' ') {
            rest++;
        }
        if (*rest != '\0') {
            fputc('\n', out->file);
            used = 0;
        }
    } while (*rest != '\0');
    fputc('\n', out->file);
    free(safe);
}

void table_row(struct table *t, enum paint paint, const char *const *cells)
{
    t->cells = xrealloc(t->cells, (t->rows + 1) * t->columns * sizeof *t->cells);
    t->paints = xrealloc(t->paints, (t->rows + 1) * sizeof *t->paints);
    for (size_t i = 0; i < t->columns; i++) {
        t->cells[t->rows * t->columns + i] = term_safe(cells[i] != NULL ? cells[i] : "");
    }
    t->paints[t->rows++] = paint;
}

/* Prints one row over as many lines as its longest cell needs. */
static void print_row(const struct out *out, size_t n, const char *const *cells,
                      const size_t *widths, enum paint paint, enum paint all)
{
    const char *rest[TABLE_COLUMNS];
    memcpy(rest, cells, n * sizeof *rest);
    bool left;
    do {
        left = false;
        size_t owed = 0;
        for (size_t i = 0; i < n; i++) {
            size_t len = line_length(rest[i], widths[i]);
            if (len != 0) {
                enum paint p = i == 0 && paint != PAINT_NONE ? paint : all;
                pad(out, owed);
                owed = 0;
                paint_on(out, p);
                fwrite(rest[i], 1, len, out->file);
                paint_off(out, p);
            }
            owed += widths[i] - columns(rest[i], len) + 2;
            rest[i] += len;
            while (*rest[i] == ' ') {
                rest[i]++;
            }
            left = left || *rest[i] != '\0';
        }
        fputc('\n', out->file);
    } while (left);
}

void table_print(const struct out *out, struct table *t)
{
    size_t widths[TABLE_COLUMNS] = {0};
    size_t total = 2 * (t->columns - 1);
    for (size_t i = 0; i < t->columns; i++) {
        widths[i] = columns(t->head[i], strlen(t->head[i]));
        for (size_t row = 0; row < t->rows; row++) {
            const char *cell = t->cells[row * t->columns + i];
            size_t n = columns(cell, strlen(cell));
            widths[i] = n > widths[i] ? n : widths[i];
        }
        total += widths[i];
    }
    while (total > out->width) {
        size_t widest = 0;
        for (size_t i = 1; i < t->columns; i++) {
            widest = widths[i] >= widths[widest] ? i : widest;
        }
        if (widths[widest] <= 4) {
            break;
        }
        widths[widest]--;
        total--;
    }
    print_row(out, t->columns, t->head, widths, PAINT_BOLD, PAINT_BOLD);
    for (size_t row = 0; row < t->rows; row++) {
        const char *cells[TABLE_COLUMNS] = {0};
        for (size_t i = 0; i < t->columns; i++) {
            cells[i] = t->cells[row * t->columns + i];
        }
        print_row(out, t->columns, cells, widths, t->paints[row], PAINT_NONE);
    }
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        free(t->cells[i]);
    }
    free(t->cells);
    free(t->paints);
    t->cells = NULL;
    t->paints = NULL;
    t->rows = 0;
}

json_t *term_json_text(const char *s)
{
    if (s == NULL) {
        return json_null();
    }
    json_t *text = json_string(s);
    if (text == NULL) {
        char *safe = term_safe(s);
        text = json_string(safe);
        free(safe);
    }
    return text;
}

void term_json_set(json_t *object, const char *key, const char *s)
{
    if (s != NULL && s[0] != '\0') {
        json_object_set_new(object, key, term_json_text(s));
    }
}

int term_json(json_t *root)
{
    int status =
        json_dumpf(root, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    json_decref(root);
    return status == 0 && fputc('\n', stdout) != EOF ? 0 : -1;
}

int term_finish(int status)
{
    static bool said;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return status;
    }
    if (!said) {
        complain("cannot write the output: %s", strerror(errno));
    }
    said = true;
    return STATUS_USAGE;
}

static void finish_at_exit(void)
{
    if (term_finish(STATUS_OK) != STATUS_OK) {
        _exit(STATUS_USAGE);
    }
}

void term_watch_exit(void)
{
    atexit(finish_at_exit);
}
