/* pem: what blocks a root or CRL file holds, judged as strictly as OpenSSL reads loosely.
 * OpenSSL finds a block behind junk on the same line and skips in silence what it cannot read, and
 * libpq then goes on without the CRL. So a block must stand as RFC 7468 draws it, and its DER must
 * be a certificate or a CRL by shape. */
#include "lib/core/text/pem.h"

#include <stdint.h>
#include <string.h>

static const char begin[] = "-----BEGIN";
static const char stop[] = "-----END";
static const char dashes[] = "-----";

enum { BASE64_LINE_MAX = 76 }; /* OpenSSL's reader has changed its mind on longer ones */

struct line {
    const char *s;
    size_t len; /* without the newline and blanks before it */
};

static bool starts(const char *s, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len >= n && memcmp(s, with, n) == 0;
}

/* Most lines have no dash at all: a bundle of 150 roots is judged at each connection. */
static bool holds(const struct line *l, const char *what)
{
    const char *end = l->s + l->len;
    for (const char *at = l->s; (at = memchr(at, '-', (size_t)(end - at))) != NULL; at++) {
        if (starts(at, (size_t)(end - at), what)) {
            return true;
        }
    }
    return false;
}

/* Takes one line off the text at *at; false at its end. */
static bool next_line(const char **at, const char *end, struct line *l)
{
    if (*at == end) {
        return false;
    }
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    const char *stopped = newline == NULL ? end : newline;
    l->s = *at;
    l->len = (size_t)(stopped - *at);
    while (l->len > 0 &&
           (l->s[l->len - 1] == '\r' || l->s[l->len - 1] == ' ' || l->s[l->len - 1] == '\t')) {
        l->len--;
    }
    *at = newline == NULL ? end : newline + 1;
    return true;
}

/* Whether the rest of a marker that began with the len bytes' first word is " label-----"; *alone:
 * and nothing else. */
static bool labelled(const char *s, size_t len, const char *label, bool *alone)
{
    size_t n = strlen(label);
    if (len < n + 6 || s[0] != ' ' || memcmp(s + 1, label, n) != 0 ||
        !starts(s + 1 + n, len - 1 - n, dashes)) {
        return false;
    }
    *alone = len == n + 6;
    return true;
}

/* The value of a base64 digit, or -1. */
static int sextet(char c)
{
#define V(c, v) [(unsigned char)(c)] = (v) + 1
    static const signed char values[256] = {
        V('A', 0),  V('B', 1),  V('C', 2),  V('D', 3),  V('E', 4),  V('F', 5),  V('G', 6),
        V('H', 7),  V('I', 8),  V('J', 9),  V('K', 10), V('L', 11), V('M', 12), V('N', 13),
        V('O', 14), V('P', 15), V('Q', 16), V('R', 17), V('S', 18), V('T', 19), V('U', 20),
        V('V', 21), V('W', 22), V('X', 23), V('Y', 24), V('Z', 25), V('a', 26), V('b', 27),
        V('c', 28), V('d', 29), V('e', 30), V('f', 31), V('g', 32), V('h', 33), V('i', 34),
        V('j', 35), V('k', 36), V('l', 37), V('m', 38), V('n', 39), V('o', 40), V('p', 41),
        V('q', 42), V('r', 43), V('s', 44), V('t', 45), V('u', 46), V('v', 47), V('w', 48),
        V('x', 49), V('y', 50), V('z', 51), V('0', 52), V('1', 53), V('2', 54), V('3', 55),
        V('4', 56), V('5', 57), V('6', 58), V('7', 59), V('8', 60), V('9', 61), V('+', 62),
        V('/', 63),
    };
#undef V
    return values[(unsigned char)c] - 1;
}

/* Whether the text from s to end is whole base64: lines of the alphabet, padding at the end only.
 */
static bool base64_whole(const char *s, const char *end)
{
    struct line l;
    size_t chars = 0;
    size_t pad = 0;
    while (next_line(&s, end, &l)) {
        if (l.len == 0 || l.len > BASE64_LINE_MAX) {
            return false;
        }
        size_t i = 0;
        while (pad == 0 && i < l.len && sextet(l.s[i]) >= 0) {
            i++;
        }
        chars += l.len;
        for (; i < l.len; i++, pad++) {
            if (l.s[i] != '=') {
                return false;
            }
        }
    }
    return chars > 0 && chars % 4 == 0 && pad <= 2;
}

/* The decoded bytes of a base64 text that is whole, one after another. */
struct der {
    const char *s, *end;
    uint32_t bits; /* those not yet given out are the lowest `have` */
    unsigned have;
    size_t taken;
};

static int der_byte(struct der *d)
{
    while (d->have < 8) {
        if (d->s == d->end || *d->s == '=') {
            return -1;
        }
        int v = sextet(*d->s++);
        if (v >= 0) { /* else a line's end */
            d->bits = d->bits << 6 | (uint32_t)v;
            d->have += 6;
        }
    }
    d->have -= 8;
    d->taken++;
    return (int)(d->bits >> d->have & 0xff);
}

/* Reads a tag and a definite length; returns the tag or -1. */
static int der_head(struct der *d, size_t *len)
{
    int tag = der_byte(d);
    int first = der_byte(d);
    if (tag < 0 || first < 0 || first == 0x80 || first > 0x84) {
        return -1;
    }
    *len = (size_t)first;
    if (first > 0x80) {
        *len = 0;
        for (int i = first - 0x80; i > 0; i--) {
            int b = der_byte(d);
            if (b < 0) {
                return -1;
            }
            *len = *len << 8 | (size_t)b;
        }
    }
    return tag;
}

/* Most of a bundle is skipped: where a digit ends with a byte, four digits of one line at a time.
 */
static bool der_skip(struct der *d, size_t n)
{
    while (n > 0) {
        while (d->have == 0 && n >= 3 && d->end - d->s >= 4 && sextet(d->s[0]) >= 0 &&
               sextet(d->s[1]) >= 0 && sextet(d->s[2]) >= 0 && sextet(d->s[3]) >= 0) {
            d->s += 4;
            d->taken += 3;
            n -= 3;
        }
        if (n > 0) {
            if (der_byte(d) < 0) {
                return false;
            }
            n--;
        }
    }
    return true;
}

/* Reads over a whole element with that tag. */
static bool der_element(struct der *d, int tag)
{
    size_t len;
    return der_head(d, &len) == tag && der_skip(d, len);
}

enum {
    INTEGER = 0x02,
    BIT_STRING = 0x03,
    UTC_TIME = 0x17,
    TIME = 0x18,
    SEQUENCE = 0x30,
    TAG_0 = 0xa0
};

/* What is signed, up to where a certificate and a CRL differ:
 *   certificate: [0] version?, INTEGER serial, SEQUENCE algorithm, SEQUENCE issuer, SEQUENCE
 * validity CRL:         INTEGER version?, SEQUENCE algorithm, SEQUENCE issuer, time of this update
 * (RFC 5280) */
static bool signed_part(struct der *d, enum pem_kind kind)
{
    size_t len;
    int tag = der_head(d, &len);
    if (kind == PEM_CERTIFICATES) {
        if (tag == TAG_0) {
            if (!der_skip(d, len)) {
                return false;
            }
            tag = der_head(d, &len);
        }
        return tag == INTEGER && der_skip(d, len) && der_element(d, SEQUENCE) &&
               der_element(d, SEQUENCE) && der_element(d, SEQUENCE);
    }
    if (tag == INTEGER) {
        if (!der_skip(d, len)) {
            return false;
        }
        tag = der_head(d, &len);
    }
    if (tag != SEQUENCE || !der_skip(d, len) || !der_element(d, SEQUENCE)) {
        return false;
    }
    tag = der_head(d, &len);
    return (tag == UTC_TIME || tag == TIME) && der_skip(d, len);
}

/* Whether the base64 text is one SEQUENCE of what is signed, algorithm and signature, all of it
 * there. */
static bool shaped(const char *s, const char *end, enum pem_kind kind)
{
    struct der d = {.s = s, .end = end};
    size_t whole;
    size_t part;
    if (!base64_whole(s, end) || der_head(&d, &whole) != SEQUENCE) {
        return false;
    }
    size_t whole_at = d.taken;
    if (der_head(&d, &part) != SEQUENCE) {
        return false;
    }
    size_t part_at = d.taken;
    if (!signed_part(&d, kind) || d.taken - part_at > part ||
        !der_skip(&d, part - (d.taken - part_at))) {
        return false;
    }
    return der_element(&d, SEQUENCE) && der_element(&d, BIT_STRING) &&
           d.taken - whole_at == whole && der_byte(&d) < 0;
}

/* Judges one line that holds a BEGIN. */
static const char *begin_fault(const struct line *l, enum pem_kind kind, const char *label)
{
    bool alone = false;
    for (size_t i = 0; i < l->len; i++) {
        if (!starts(l->s + i, l->len - i, begin)) {
            continue;
        }
        size_t skip = i + strlen(begin);
        if (!labelled(l->s + skip, l->len - skip, label, &alone)) {
            return kind == PEM_CERTIFICATES ? "holds another block than CERTIFICATE"
                                            : "holds another block than X509 CRL";
        }
        if (i > 0) {
            alone = false;
        }
    }
    return alone ? NULL : "a block does not begin on a line of its own";
}

const char *pem_fault(const char *bytes, size_t len, enum pem_kind kind)
{
    const char *label = kind == PEM_CERTIFICATES ? "CERTIFICATE" : "X509 CRL";
    const char *at = bytes;
    const char *end = bytes + len;
    const char *body = NULL;
    size_t blocks = 0;
    struct line l;
    if (len == 0) {
        return "empty";
    }
    if (memchr(bytes, '\0', len) != NULL) {
        return "holds a NUL byte";
    }
    while (next_line(&at, end, &l)) {
        if (holds(&l, begin)) {
            const char *fault = begin_fault(&l, kind, label);
            if (fault != NULL || body != NULL) {
                return fault != NULL ? fault : "a block is cut";
            }
            body = at;
        } else if (holds(&l, stop)) {
            bool alone = false;
            size_t skip = strlen(stop);
            if (body == NULL || !starts(l.s, l.len, stop) ||
                !labelled(l.s + skip, l.len - skip, label, &alone) || !alone) {
                return "a block is cut";
            }
            if (!shaped(body, l.s, kind)) {
                return kind == PEM_CERTIFICATES ? "a block is no certificate" : "a block is no CRL";
            }
            body = NULL;
            blocks++;
        }
    }
    if (body != NULL) {
        return "a block is cut";
    }
    return blocks > 0 ? NULL : kind == PEM_CERTIFICATES ? "holds no certificate" : "holds no CRL";
}
