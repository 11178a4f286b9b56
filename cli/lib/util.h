/* util: allocation that ends the tool if it fails, lists of strings, bounded reads of files. */
#ifndef PGSEAL_CLI_UTIL_H
#define PGSEAL_CLI_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATUS_OK = 0, STATUS_FOUND = 1, STATUS_USAGE = 2 };

/* As malloc, realloc, strdup, strndup and asprintf, but they never return NULL: without memory the
 * tool says so and exits with STATUS_USAGE. The caller frees. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xvprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
char *xprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A growing list of strings that it owns. Starts as all zero. */
struct strings {
    char **at;
    size_t n;
    size_t room;
};

/* Adds s, which the list owns from then on. */
void strings_take(struct strings *list, char *s);

/* Adds a copy of s unless an equal string is in it. */
void strings_add_once(struct strings *list, const char *s);

/* Frees all and leaves an empty list. */
void strings_free(struct strings *list);

/* Bytes on the heap that belong to the holder of the struct: freed with free(bytes.at). */
struct bytes {
    char *at; /* one NUL behind the last byte, not counted */
    size_t n;
    bool more; /* the file goes on behind what was read */
};

/* Reads from fd, from its present position, until the end or until max bytes are read. Returns 0,
 * or -1 with errno and nothing to free. Reads, never maps: a file that is cut meanwhile is no
 * SIGBUS. */
int bytes_read(int fd, size_t max, struct bytes *out);

/* Opens path ("-" is standard input) and reads it as bytes_read does; EISDIR for a directory, EFBIG
 * above max. */
int bytes_load(const char *path, size_t max, struct bytes *out);

/* Writes the SHA-256 of n bytes as 64 lower-case hexadecimal digits and a NUL. */
void sha256_hex(const void *bytes, size_t n, char hex[65]);

#endif
