/* base64: decodes the body of a PEM block, strictly. The first connection waits for it (a bundle
 * has 150 roots), so whole groups are decoded by tables, four digits at a time. */
#include "lib/core/text/base64.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LINE_MAX_DIGITS = 76 }; /* OpenSSL's versions disagree on longer lines */

/* What a digit adds to a group that it stands in at place k: its six bits there, and bit 24 + k,
 * which says that it is one. */
#define V(c, v, k)                                                                                 \
    [(unsigned char)(c)] = (uint32_t)(v) << (18 - 6 * (k)) | UINT32_C(1) << (24 + (k))
#define DIGITS(k)                                                                                  \
    {                                                                                              \
        V('A', 0, k), V('B', 1, k), V('C', 2, k), V('D', 3, k), V('E', 4, k), V('F', 5, k),        \
            V('G', 6, k), V('H', 7, k), V('I', 8, k), V('J', 9, k), V('K', 10, k), V('L', 11, k),  \
            V('M', 12, k), V('N', 13, k), V('O', 14, k), V('P', 15, k), V('Q', 16, k),             \
            V('R', 17, k), V('S', 18, k), V('T', 19, k), V('U', 20, k), V('V', 21, k),             \
            V('W', 22, k), V('X', 23, k), V('Y', 24, k), V('Z', 25, k), V('a', 26, k),             \
            V('b', 27, k), V('c', 28, k), V('d', 29, k), V('e', 30, k), V('f', 31, k),             \
            V('g', 32, k), V('h', 33, k), V('i', 34, k), V('j', 35, k), V('k', 36, k),             \
            V('l', 37, k), V('m', 38, k), V('n', 39, k), V('o', 40, k), V('p', 41, k),             \
            V('q', 42, k), V('r', 43, k), V('s', 44, k), V('t', 45, k), V('u', 46, k),             \
            V('v', 47, k), V('w', 48, k), V('x', 49, k), V('y', 50, k), V('z', 51, k),             \
            V('0', 52, k), V('1', 53, k), V('2', 54, k), V('3', 55, k), V('4', 56, k),             \
            V('5', 57, k), V('6', 58, k), V('7', 59, k), V('8', 60, k), V('9', 61, k),             \
            V('+', 62, k), V('/', 63, k)                                                           \
    }
static const uint32_t digits[4][256] = {DIGITS(0), DIGITS(1), DIGITS(2), DIGITS(3)};
#undef DIGITS
#undef V

/* The state: the digits of the current group, and what was written. */
struct decoder {
    unsigned char *out;
    size_t n;
    uint32_t bits;
    unsigned have; /* digits in bits, 0 to 3 */
    unsigned pad;
};

static bool take(struct decoder *d, char c)
{
    uint32_t v = digits[3][(unsigned char)c];
    if (c == '=' && d->have >= 2) {
        d->pad++;
    } else if (v == 0 || d->pad > 0) {
        return false;
    }
    d->bits = d->bits << 6 | (v & 0x3f);
    if (++d->have == 4) {
        d->out[d->n++] = (unsigned char)(d->bits >> 16);
        if (d->pad < 2) {
            d->out[d->n++] = (unsigned char)(d->bits >> 8);
        }
        if (d->pad < 1) {
            d->out[d->n++] = (unsigned char)d->bits;
        }
        d->bits = 0;
        d->have = d->pad > 0 ? 4 : 0; /* 4: the end; nothing may follow */
    }
    return true;
}

static bool take_line(struct decoder *d, const char *s, size_t len)
{
    size_t i = 0;
    if (len == 0 || len > LINE_MAX_DIGITS || d->have == 4) {
        return false;
    }
    for (; d->have == 0 && i + 4 <= len; i += 4) {
        uint32_t v = digits[0][(unsigned char)s[i]] | digits[1][(unsigned char)s[i + 1]] |
                     digits[2][(unsigned char)s[i + 2]] | digits[3][(unsigned char)s[i + 3]];
        if (v >> 24 != 0xf) {
            break;
        }
        v = htobe32(v << 8);
        memcpy(d->out + d->n, &v, sizeof v);
        d->n += 3;
    }
    for (; i < len; i++) {
        if (d->have == 4 || !take(d, s[i])) {
            return false;
        }
    }
    return true;
}

size_t base64_decode(const char *s, const char *end, unsigned char *out)
{
    struct decoder d = {.out = out};
    while (s < end) {
        const char *newline = memchr(s, '\n', (size_t)(end - s));
        const char *stop = newline == NULL ? end : newline;
        size_t len = (size_t)(stop - s);
        while (len > 0 && (s[len - 1] == '\r' || s[len - 1] == ' ' || s[len - 1] == '\t')) {
            len--;
        }
        if (stop - s > PEM_LINE_MAX || !take_line(&d, s, len)) {
            return 0;
        }
        s = newline == NULL ? end : newline + 1;
    }
    return d.have == 0 || d.have == 4 ? d.n : 0;
}
