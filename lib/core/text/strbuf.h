/* strbuf: a string builder on the caller's buffer; it truncates, and never overruns. */
#ifndef PGSEAL_STRBUF_H
#define PGSEAL_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
    char *buf;   /* the caller's; NUL-terminated where it has any room */
    size_t size; /* of buf; 0 is safe: nothing is written, not even the NUL, and cut is set */
    size_t len;  /* without the NUL */
    bool cut;    /* something did not fit */
};

/* Starts an empty text on buf, which stays the caller's; NULL only with size 0. All functions of
 * this file keep errno, allocate nothing and are async-signal-safe. */
void strbuf_init(struct strbuf *t, char *buf, size_t size);

/* Appends what fits of s (NULL counts as ""). */
void strbuf_add(struct strbuf *t, const char *s);

/* Appends what fits of the n bytes at s. */
void strbuf_addn(struct strbuf *t, const char *s, size_t n);

/* Appends v in decimal, padded with zeros to at least `width` digits. */
void strbuf_add_uint(struct strbuf *t, uint64_t v, unsigned width);

/* Copies s (NULL counts as "") into buf; returns false if it was cut, or where size is 0. */
bool strbuf_copy(char *buf, size_t size, const char *s);

/* Clears memory that held a secret; the compiler may not leave it out. */
void strbuf_wipe(void *p, size_t n);

#endif
