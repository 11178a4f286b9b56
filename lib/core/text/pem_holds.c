/* pem_holds: is this certificate one of the file's? Compared block by block, decoded only as far as
 * they are alike. */

#include "lib/core/text/pem.h"

#include <string.h>

/* The value of a base64 digit; -1 for anything else. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Whether the base64 from at on decodes to exactly der[0..n). */
static bool decodes_to(const char *at, const char *end, const unsigned char *der, size_t n)
{
    unsigned bits = 0;
    unsigned held = 0;
    size_t got = 0;
    for (; at < end && *at != '-' && *at != '='; at++) {
        int d = digit(*at);
        if (d < 0) {
            continue; /* line ends and blanks */
        }
        held = (held << 6) | (unsigned)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (got == n || der[got] != (unsigned char)(held >> bits)) {
                return false;
            }
            got++;
        }
    }
    return got == n;
}

bool pem_holds(const char *bytes, size_t len, const unsigned char *der, size_t n)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    const char *end = bytes + len;
    const char *at = bytes;
    while ((at = memmem(at, (size_t)(end - at), begin, sizeof begin - 1)) != NULL) {
        at += sizeof begin - 1;
        if (decodes_to(at, end, der, n)) {
            return true;
        }
    }
    return false;
}
