/* input: the lines of files, directories and standard input, plain or compressed. */
#ifndef PGSEAL_CLI_REPORT_INPUT_H
#define PGSEAL_CLI_REPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line that is looked at. One of pgseal's has at most 4,096 bytes; envelopes add to
 * it. */
enum { INPUT_LINE_MAX = 2 << 20 };

/* What the reader hands over. */
struct input_user {
    void *data;
    /* One line without its newline; NULL: it was longer than INPUT_LINE_MAX. */
    void (*line)(void *data, const char *file, uint64_t number, const char *line, size_t n);
    /* A file ended before its compressed data did, or the disk failed. */
    void (*cut)(void *data, const char *file, uint64_t number, const char *reason);
};

/* Reads each of the n paths: a file ("-" is standard input), or a directory with all its files,
 * down to the last, in the order of their names; a file that is named twice is read once. gzip and
 * zstd are known by their first bytes. In directories what is not text is left out. Progress is
 * shown where `progress` is set, on standard error. Returns how many of the paths could not be read
 * at all; each was said on standard error. */
unsigned input_read(char *const *paths, size_t n, bool progress, const struct input_user *user);

#endif
