/* base64: the body of a PEM block, decoded strictly. The first connection waits for a bundle of 150
 * roots, so whole groups go through a table, four digits at a time. */
#include "lib/core/text/base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LINE_MAX_DIGITS = 76 }; /* OpenSSL's versions disagree on longer lines */

/* The value of a digit and this bit; 0 for anything else. */
enum { DIGIT = 0x80 };
#define V(c, v) [(unsigned char)(c)] = (v) | DIGIT
static const unsigned char digits[256] = {
    V('A', 0),  V('B', 1),  V('C', 2),  V('D', 3),  V('E', 4),  V('F', 5),  V('G', 6),  V('H', 7),
    V('I', 8),  V('J', 9),  V('K', 10), V('L', 11), V('M', 12), V('N', 13), V('O', 14), V('P', 15),
    V('Q', 16), V('R', 17), V('S', 18), V('T', 19), V('U', 20), V('V', 21), V('W', 22), V('X', 23),
    V('Y', 24), V('Z', 25), V('a', 26), V('b', 27), V('c', 28), V('d', 29), V('e', 30), V('f', 31),
    V('g', 32), V('h', 33), V('i', 34), V('j', 35), V('k', 36), V('l', 37), V('m', 38), V('n', 39),
    V('o', 40), V('p', 41), V('q', 42), V('r', 43), V('s', 44), V('t', 45), V('u', 46), V('v', 47),
    V('w', 48), V('x', 49), V('y', 50), V('z', 51), V('0', 52), V('1', 53), V('2', 54), V('3', 55),
    V('4', 56), V('5', 57), V('6', 58), V('7', 59), V('8', 60), V('9', 61), V('+', 62), V('/', 63),
};
#undef V

/* What has been read of the group under way, and what has been written. */
struct decoder {
    unsigned char *out;
    size_t n;
    uint32_t bits;
    unsigned have; /* digits in bits, 0 to 3 */
    unsigned pad;
};

static bool take(struct decoder *d, char c)
{
    unsigned v = digits[(unsigned char)c];
    if (c == '=' && d->have >= 2) {
        d->pad++;
        v = DIGIT;
    } else if (v == 0 || d->pad > 0) {
        return false;
    }
    d->bits = d->bits << 6 | (v - DIGIT);
    if (++d->have == 4) {
        d->out[d->n++] = (unsigned char)(d->bits >> 16);
        if (d->pad < 2) {
            d->out[d->n++] = (unsigned char)(d->bits >> 8);
        }
        if (d->pad < 1) {
            d->out[d->n++] = (unsigned char)d->bits;
        }
        d->bits = 0;
        d->have = d->pad > 0 ? 4 : 0; /* 4: nothing may follow */
    }
    return true;
}

static bool take_line(struct decoder *d, const char *s, size_t len)
{
    enum { DIGITS = DIGIT << 18 | DIGIT << 12 | DIGIT << 6 | DIGIT };
    size_t i = 0;
    if (len == 0 || len > LINE_MAX_DIGITS || d->have == 4) {
        return false;
    }
    for (; d->have == 0 && i + 4 <= len; i += 4) {
        unsigned a = digits[(unsigned char)s[i]];
        unsigned b = digits[(unsigned char)s[i + 1]];
        unsigned c = digits[(unsigned char)s[i + 2]];
        unsigned e = digits[(unsigned char)s[i + 3]];
        if ((a & b & c & e) == 0) {
            break;
        }
        uint32_t v = (a << 18) + (b << 12) + (c << 6) + e - DIGITS;
        d->out[d->n] = (unsigned char)(v >> 16);
        d->out[d->n + 1] = (unsigned char)(v >> 8);
        d->out[d->n + 2] = (unsigned char)v;
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
        if (!take_line(&d, s, len)) {
            return 0;
        }
        s = newline == NULL ? end : newline + 1;
    }
    return d.have == 0 || d.have == 4 ? d.n : 0;
}
