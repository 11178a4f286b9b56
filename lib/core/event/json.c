/* json: writes JSON into a buffer. Past the buffer's end it only counts. */
#include "lib/core/event/json.h"

#include <string.h>

#define ELLIPSIS "\xE2\x80\xA6"
#define REPLACEMENT "\xEF\xBF\xBD"

static void put(struct json *j, const char *s, size_t n)
{
    if (j->len < j->size) {
        memcpy(j->buf + j->len, s, n < j->size - j->len ? n : j->size - j->len);
    }
    j->len += n;
}

void json_init(struct json *j, char *buf, size_t size, size_t limit)
{
    *j = (struct json){.buf = buf, .size = size, .limit = limit};
}

static void separate(struct json *j)
{
    if (j->comma) {
        put(j, ",", 1);
    }
    j->comma = true;
}

void json_open(struct json *j, char bracket)
{
    separate(j);
    put(j, &bracket, 1);
    j->comma = false;
}

void json_close(struct json *j, char bracket)
{
    put(j, &bracket, 1);
    j->comma = true;
}

void json_key(struct json *j, const char *key)
{
    separate(j);
    put(j, "\"", 1);
    put(j, key, strlen(key));
    put(j, "\":", 2);
    j->comma = false;
}

void json_unsigned(struct json *j, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    separate(j);
    put(j, digits + at, sizeof digits - at);
}

void json_number(struct json *j, int64_t v)
{
    if (v < 0) {
        separate(j);
        put(j, "-", 1);
        j->comma = false;
    }
    json_unsigned(j, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void json_string_begin(struct json *j)
{
    separate(j);
    put(j, "\"", 1);
    j->start = j->mark = j->len;
    j->cut = false;
}

void json_string_end(struct json *j)
{
    put(j, "\"", 1);
}

/* Adds one character or escape to the open string, or cuts the string before it. */
static void put_unit(struct json *j, const char *s, size_t n)
{
    if (j->len - j->start + n > j->limit) {
        j->cut = true;
        j->len = j->mark;
        put(j, ELLIPSIS, 3);
        return;
    }
    put(j, s, n);
    if (j->len - j->start + 3 <= j->limit) {
        j->mark = j->len;
    }
}

/* Decodes the sequence at s, which has n > 0 bytes left: returns its length, 0 if it is invalid. */
static size_t decode(const unsigned char *s, size_t n, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xC0 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;

    if (len == 0 || len > n || s[0] > 0xF4) {
        return 0;
    }
    *c = len == 1 ? s[0] : s[0] & (0x7Fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
        *c = *c << 6 | (s[i] & 0x3Fu);
    }
    if (*c < least[len] || *c > 0x10FFFF || (*c >= 0xD800 && *c <= 0xDFFF)) {
        return 0;
    }
    return len;
}

static void put_escape(struct json *j, uint32_t c)
{
    static const char hex[] = "0123456789abcdef";
    char unit[6] = {'\\', 'u'};

    for (size_t i = 0; i < 4; i++) {
        unit[2 + i] = hex[c >> (12 - 4 * i) & 15];
    }
    put_unit(j, unit, sizeof unit);
}

void json_string_add(struct json *j, const char *s, size_t n)
{
    size_t len;

    for (size_t i = 0; i < n && !j->cut && j->len <= j->size; i += len) {
        uint32_t c = 0;

        len = decode((const unsigned char *)s + i, n - i, &c);
        if (len == 0) {
            put_unit(j, REPLACEMENT, 3);
            len = 1;
        } else if (c == '"' || c == '\\') {
            put_unit(j, c == '"' ? "\\\"" : "\\\\", 2);
        } else if (c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029) {
            put_escape(j, c);
        } else {
            put_unit(j, s + i, len);
        }
    }
}

void json_text(struct json *j, const char *s)
{
    json_string_begin(j);
    json_string_add(j, s, strlen(s));
    json_string_end(j);
}
