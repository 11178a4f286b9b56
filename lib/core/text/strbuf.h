/* strbuf: a string builder on the caller's buffer; it truncates, and never overruns. */
#ifndef PGSEAL_STRBUF_H
#define PGSEAL_STRBUF_H

#include "lib/core/text/array.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
    char *buf;   /* the caller's; NUL-terminated unless size is 0 */
    size_t size; /* of buf; 0 is safe: nothing is written, not even the NUL, and cut is set */
    size_t len;  /* without the NUL */
    bool cut;    /* something did not fit */
};

/* Starts an empty text on buf, which stays the caller's; NULL only with size 0. All functions of
 * this file keep errno, allocate nothing and are async-signal-safe. */
void strbuf_init(struct strbuf *t, char *buf, size_t size);

/* Appends what fits of the strings, one after the other; NULL counts as "". */
#define strbuf_add(t, ...)                                                                         \
    strbuf_add_each(t, STRBUF_STRINGS(__VA_ARGS__), ARRAY_LEN(STRBUF_STRINGS(__VA_ARGS__)))
#define STRBUF_STRINGS(...) ((const char *const[]){__VA_ARGS__})
void strbuf_add_each(struct strbuf *t, const char *const *strings, size_t n);

/* Appends what fits of the n bytes at s, whole characters of UTF-8. */
void strbuf_addn(struct strbuf *t, const char *s, size_t n);

/* Appends s; of one longer than `most` bytes its beginning, and an ellipsis, so that what follows
 * still fits. */
void strbuf_add_short(struct strbuf *t, const char *s, size_t most);

/* Appends v in decimal, padded with zeros to at least `width` digits. */
void strbuf_add_uint(struct strbuf *t, uint64_t v, unsigned width);

/* Writes the strings, one after the other (NULL counts as ""), into buf; returns false if they were
 * cut, or if size is 0. */
#define strbuf_join(buf, size, ...)                                                                \
    strbuf_join_each(buf, size, STRBUF_STRINGS(__VA_ARGS__), ARRAY_LEN(STRBUF_STRINGS(__VA_ARGS__)))
bool strbuf_join_each(char *buf, size_t size, const char *const *strings, size_t n);

/* The same for one string. */
bool strbuf_copy(char *buf, size_t size, const char *s);

/* Clears memory that held a secret; the compiler may not leave it out. */
void strbuf_wipe(void *p, size_t n);

#endif
