/* address: IP address literals, in every spelling that getaddrinfo(3) takes as numbers.
 * IPv4 is written out here because inet_aton(3) accepts blanks and garbage after an address. */
#include "lib/core/text/address.h"
#include "lib/core/text/ascii.h"
#include "lib/core/text/strbuf.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

/* The value of a digit, or 16. */
static unsigned digit_of(char c)
{
    int v = ascii_hex(c);
    return v >= 0 ? (unsigned)v : 16;
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

static bool parse_ipv6(const char *s, size_t len, unsigned char out[16])
{
    char text[INET6_ADDRSTRLEN];
    if (len >= sizeof text || memchr(s, '\0', len) != NULL) {
        return false;
    }
    memcpy(text, s, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, out) == 1;
}

static void write_ipv4(struct strbuf *t, const unsigned char a[4])
{
    for (unsigned i = 0; i < 4; i++) {
        strbuf_addn(t, ".", i > 0);
        strbuf_add_uint(t, a[i], 1);
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
        char text[INET6_ADDRSTRLEN];
        strbuf_add(&t, inet_ntop(AF_INET6, a, text, sizeof text));
        strbuf_addn(&t, scope, scope_len);
    }
    return true;
}
