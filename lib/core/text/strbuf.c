/* strbuf: a string builder on the caller's buffer; it truncates, and never overruns. */
#include "lib/core/text/strbuf.h"

#include <string.h>

void strbuf_init(struct strbuf *t, char *buf, size_t size)
{
    *t = (struct strbuf){.buf = buf, .size = size, .cut = size == 0};
    if (size > 0) {
        buf[0] = '\0';
    }
}

/* How many of the first n bytes of s, which is longer, end with a whole character of UTF-8; n for
 * other encodings. */
static size_t whole_characters(const char *s, size_t n)
{
    size_t end = n;
    while (end > 0 && n - end < 3 && ((unsigned char)s[end] & 0xC0) == 0x80) {
        end--;
    }
    return ((unsigned char)s[end] & 0xC0) == 0x80 ? n : end;
}

void strbuf_addn(struct strbuf *t, const char *s, size_t n)
{
    size_t room = t->len < t->size ? t->size - 1 - t->len : 0;
    if (n > room) {
        n = whole_characters(s, room);
        t->cut = true;
    }
    if (n > 0) {
        memcpy(t->buf + t->len, s, n);
        t->len += n;
        t->buf[t->len] = '\0';
    }
}

void strbuf_add_each(struct strbuf *t, const char *const *strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strings[i] != NULL) {
            strbuf_addn(t, strings[i], strlen(strings[i]));
        }
    }
}

void strbuf_add_short(struct strbuf *t, const char *s, size_t most)
{
    size_t n = strlen(s);
    if (n <= most) {
        strbuf_addn(t, s, n);
        return;
    }
    strbuf_addn(t, s, whole_characters(s, most));
    strbuf_add(t, "\xE2\x80\xA6");
}

void strbuf_add_uint(struct strbuf *t, uint64_t v, unsigned width)
{
    char digits[20]; /* UINT64_MAX has 20 */
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    for (size_t n = sizeof digits - at; n < width; n++) {
        strbuf_addn(t, "0", 1);
    }
    strbuf_addn(t, digits + at, sizeof digits - at);
}

bool strbuf_join_each(char *buf, size_t size, const char *const *strings, size_t n)
{
    struct strbuf t;
    strbuf_init(&t, buf, size);
    strbuf_add_each(&t, strings, n);
    return !t.cut;
}

bool strbuf_copy(char *buf, size_t size, const char *s)
{
    return strbuf_join(buf, size, s);
}

void strbuf_wipe(void *p, size_t n)
{
    if (n > 0) {
        memset(p, 0, n);
        __asm__ volatile("" : : "r"(p) : "memory"); /* p's bytes count as read: the stores stay */
    }
}
