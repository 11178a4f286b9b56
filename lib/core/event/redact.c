/* hide: what of a value or a message may not be shown. A URI that was cut in the wrong place, or
 * was never taken for one, carries its password into host names, database names and libpq's own
 * messages. */
#include "lib/core/event/redact.h"

#include "lib/core/event/event.h"
#include "lib/core/text/strbuf.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Whether the n bytes at s begin with word, which is in lower case. */
static bool begins(const char *s, size_t n, const char *word)
{
    for (; *word != '\0'; s++, word++, n--) {
        if (n == 0 || lower(*s) != *word) {
            return false;
        }
    }
    return true;
}

/* Whether something that hints at a secret stands in the n bytes at s. */
static bool hints(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = lower(s[i]);

        if (c == '@' || (c == ':' && begins(s + i, n - i, "://")) ||
            (c == 'p' && begins(s + i, n - i, "password"))) {
            return true;
        }
    }
    return false;
}

bool event_redacts(const char *value)
{
    return value != NULL && hints(value, strlen(value));
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool redact_port_is_plain(const char *port)
{
    for (;; port++) {
        const char *digits;

        while (blank(*port)) {
            port++;
        }
        if (*port == '+' || *port == '-') {
            port++;
        }
        for (digits = port; digit(*port); port++) {
            ;
        }
        while (port > digits && blank(*port)) {
            port++;
        }
        if (*port == '\0') {
            return true;
        }
        if (*port != ',') {
            return false;
        }
    }
}

/* Whether this port is named in the n bytes at s. */
static bool names_port(const char *s, size_t n, const char *port)
{
    size_t len = port == NULL ? 0 : strlen(port);

    for (size_t i = 0; len > 0 && i + len <= n; i++) {
        if (memcmp(s + i, port, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the n bytes at s, which no quotes protect, may not be shown in a reason that holds a
 * secret. */
static bool bare_secret(const char *s, size_t n, const char *port)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] > 127) {
            return true;
        }
    }
    return hints(s, n) || names_port(s, n, port);
}

/* Where a value may stand that spans lines: from the first quote to the last, or to the end where
 * their number is odd, if a line has an odd number of them; else nowhere (from == to). */
static void find_spanning(const char *reason, const char **from, const char **to)
{
    size_t all = 0;
    size_t of_line = 0;
    bool odd = false;

    *from = *to = reason;
    for (const char *at = reason;; at++) {
        if (*at == '"') {
            of_line++;
            *from = all++ == 0 ? at : *from;
            *to = at + 1;
        } else if (*at == '\n' || *at == '\0') {
            odd = odd || of_line % 2 == 1;
            of_line = 0;
            if (*at == '\0') {
                *to = all % 2 == 1 ? at : *to;
                break;
            }
        }
    }
    if (!odd) {
        *from = *to = reason;
    }
}

/* One line of a reason that holds a secret. */
static void put_secret_line(const char *line, size_t n, const char *port, redact_put *put, void *to)
{
    const char *quote = memchr(line, '"', n);
    size_t first = quote == NULL ? n : (size_t)(quote - line);
    size_t after = n;

    while (quote != NULL && line[after - 1] != '"') {
        after--;
    }
    if (bare_secret(line, first, port) || bare_secret(line + after, n - after, port)) {
        put(to, HIDDEN, strlen(HIDDEN));
        return;
    }
    put(to, line, first);
    if (quote != NULL) {
        put(to, "\"" HIDDEN "\"", strlen(HIDDEN) + 2);
    }
    put(to, line + after, n - after);
}

void redact_reason(const char *reason, const char *port, redact_put *put, void *to)
{
    const char *from;
    const char *until;
    bool secret, any = false;

    if (reason == NULL) {
        return;
    }
    secret = port != NULL || event_redacts(reason);
    find_spanning(reason, &from, &until);
    while (*reason != '\0') {
        size_t n = strcspn(reason, "\n");
        size_t tabs = any ? strspn(reason, "\t") : 0; /* libpq indents what goes on */

        if (n > tabs) {
            if (any) {
                put(to, "; ", 2);
            }
            any = true;
            if (secret && reason < until && reason + n > from) {
                put(to, HIDDEN, strlen(HIDDEN));
            } else if (secret) {
                put_secret_line(reason + tabs, n - tabs, port, put, to);
            } else {
                put(to, reason + tabs, n - tabs);
            }
        }
        reason += n + (reason[n] == '\n');
    }
}

/* Appends to a text; what does not fit is dropped. */
static void put_text(void *to, const char *s, size_t n)
{
    strbuf_addn(to, s, n);
}

void event_clean_reason(const char *reason, char *buf, size_t size)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    struct strbuf t;
    size_t end;

    strbuf_init(&t, buf, size);
    redact_reason(reason, NULL, put_text, &t);
    if (!t.cut || size <= sizeof ellipsis) {
        return;
    }
    end = t.len < size - sizeof ellipsis ? t.len : size - sizeof ellipsis;
    while (end > 0 && ((unsigned char)buf[end] & 0xC0) == 0x80) {
        end--;
    }
    memcpy(buf + end, ellipsis, sizeof ellipsis);
}
