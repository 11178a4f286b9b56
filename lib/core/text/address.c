/* address: IP address literals, in every spelling that getaddrinfo(3) takes as numbers.
 * Written out here because inet_aton(3) takes blanks and rubbish behind an address, and because its
 * answer must not depend on which libc the program has. */
#include "lib/core/text/address.h"
#include "lib/core/text/strbuf.h"

#include <stdint.h>
#include <string.h>

/* The value of a digit in base 16, or 16. */
static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (unsigned)(c - 'A') + 10;
    }
    return 16;
}

/* Reads one part of an IPv4 address as strtoul(…, 0) would; it starts with a digit. */
static bool read_part(const char **s, const char *end, uint32_t *value)
{
    const char *p = *s;
    unsigned base = 10;
    uint64_t v = 0;
    if (p == end || *p < '0' || *p > '9') {
        return false;
    }
    if (*p == '0') {
        base = 8;
        if (end - p > 2 && (p[1] == 'x' || p[1] == 'X') && digit_of(p[2]) < 16) {
            base = 16;
            p += 2;
        }
    }
    for (; p < end && digit_of(*p) < base; p++) {
        v = v * base + digit_of(*p);
        if (v > UINT32_MAX) {
            return false;
        }
    }
    *s = p;
    *value = (uint32_t)v;
    return true;
}

static bool parse_ipv4(const char *s, size_t len, unsigned char out[4])
{
    const char *end = s + len;
    uint32_t address = 0;
    for (unsigned parts = 1; parts <= 4; parts++) {
        uint32_t v;
        if (!read_part(&s, end, &v)) {
            return false;
        }
        if (s == end) { /* the last part fills what is left */
            unsigned left = 8 * (5 - parts);
            if (left < 32 && v >> left != 0) {
                return false;
            }
            address |= v;
            for (unsigned i = 0; i < 4; i++) {
                out[i] = (unsigned char)(address >> (24 - 8 * i));
            }
            return true;
        }
        if (*s++ != '.' || v > 255) {
            return false;
        }
        address |= v << (32 - 8 * parts);
    }
    return false;
}

/* The dotted tail of an IPv6 address: four decimal numbers without leading zeros, as inet_pton has
 * it. */
static bool parse_dotted(const char *s, size_t len, unsigned char out[4])
{
    const char *end = s + len;
    for (unsigned i = 0; i < 4; i++) {
        unsigned v = 0;
        const char *start = s;
        for (; s < end && *s >= '0' && *s <= '9'; s++) {
            v = v * 10 + (unsigned)(*s - '0');
            if (v > 255 || (s > start && *start == '0')) {
                return false;
            }
        }
        if (s == start || (i < 3 ? s == end || *s++ != '.' : s != end)) {
            return false;
        }
        out[i] = (unsigned char)v;
    }
    return true;
}

static bool parse_ipv6(const char *s, size_t len, unsigned char out[16])
{
    const char *end = s + len;
    size_t n = 0;          /* bytes read */
    size_t gap = SIZE_MAX; /* where :: stood */
    memset(out, 0, 16);
    if (len < 2 || (s[0] == ':' && s[1] != ':')) {
        return false;
    }
    if (s[0] == ':') {
        s++; /* the loop finds the second colon of a leading :: */
    }
    while (s < end) {
        if (*s == ':') {
            if (gap != SIZE_MAX) {
                return false;
            }
            gap = n;
            s++;
            continue;
        }
        const char *start = s;
        unsigned v = 0;
        for (; s < end && digit_of(*s) < 16; s++) {
            v = v * 16 + digit_of(*s);
        }
        if (s < end && *s == '.') {
            if (n > 12 || !parse_dotted(start, (size_t)(end - start), out + n)) {
                return false;
            }
            n += 4;
            break;
        }
        if (s == start || s - start > 4 || n > 14) {
            return false;
        }
        out[n++] = (unsigned char)(v >> 8);
        out[n++] = (unsigned char)v;
        if (s < end && (*s++ != ':' || s == end)) {
            return false;
        }
    }
    if (gap == SIZE_MAX) {
        return n == 16;
    }
    if (n == 16) {
        return false;
    }
    memmove(out + 16 - (n - gap), out + gap, n - gap);
    memset(out + gap, 0, 16 - n);
    return true;
}

static void write_ipv4(struct strbuf *t, const unsigned char a[4])
{
    for (unsigned i = 0; i < 4; i++) {
        strbuf_addn(t, ".", i > 0);
        strbuf_add_uint(t, a[i], 1);
    }
}

static void write_hex(struct strbuf *t, unsigned v)
{
    static const char digits[] = "0123456789abcdef";
    bool seen = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned d = v >> shift & 15;
        if (seen || d != 0 || shift == 0) {
            strbuf_addn(t, digits + d, 1);
            seen = true;
        }
    }
}

static void write_ipv6(struct strbuf *t, const unsigned char a[16])
{
    unsigned words[8];
    unsigned best = 0;
    unsigned best_len = 1; /* a single zero word is not shortened */
    for (unsigned i = 0, run = 0; i < 8; i++) {
        words[i] = (unsigned)a[2 * i] << 8 | a[2 * i + 1];
        run = words[i] == 0 ? run + 1 : 0;
        if (run > best_len) {
            best_len = run;
            best = i + 1 - run;
        }
    }
    bool dotted =
        best_len > 1 && best == 0 && (best_len == 6 || (best_len == 5 && words[5] == 0xffff));
    for (unsigned i = 0; i < (dotted ? 6 : 8);) {
        if (best_len > 1 && i == best) {
            strbuf_add(t, "::");
            i += best_len;
            continue;
        }
        strbuf_addn(t, ":", i > 0 && !(best_len > 1 && i == best + best_len));
        write_hex(t, words[i++]);
    }
    if (dotted) {
        strbuf_addn(t, ":", best_len == 5);
        write_ipv4(t, a + 12);
    }
}

bool address_text(const char *s, size_t len, char out[ADDRESS_MAX])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    unsigned char a[16];
    struct strbuf t;
    strbuf_init(&t, out, ADDRESS_MAX);
    if (parse_ipv4(s, len, a)) {
        write_ipv4(&t, a);
        return true;
    }
    const char *scope = memchr(s, '%', len);
    size_t scope_len = scope == NULL ? 0 : len - (size_t)(scope - s);
    if (scope != NULL && (scope_len < 2 || scope_len > SCOPE_MAX + 1)) {
        return false;
    }
    if (!parse_ipv6(s, len - scope_len, a)) {
        return false;
    }
    if (scope == NULL && memcmp(a, mapped, sizeof mapped) == 0) {
        write_ipv4(&t, a + 12);
    } else {
        write_ipv6(&t, a);
        strbuf_addn(&t, scope, scope_len);
    }
    return true;
}
