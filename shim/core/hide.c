/* hide: what of a value or a message may not be shown. A URI that was cut in the wrong place, or
 * was never taken for one, carries its password into host names, database names and libpq's own
 * messages. */
#include "hide.h"

#include "event.h"
#include "text.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Whether the n bytes at s begin with word, which is in lower case. */
static bool begins(const char *s, size_t n, const char *word)
{
    for (; *word != '\0'; s++, word++, n--) {
        if (n == 0 || lower(*s) != *word)
            return false;
    }
    return true;
}

/* Whether something that hints at a secret stands in the n bytes at s. */
static bool hints(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '@' || begins(s + i, n - i, "://") || begins(s + i, n - i, "password"))
            return true;
    }
    return false;
}

bool event_hides(const char *value)
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

bool hide_port_is_plain(const char *port)
{
    for (;; port++) {
        const char *digits;

        while (blank(*port))
            port++;
        if (*port == '+' || *port == '-')
            port++;
        for (digits = port; digit(*port); port++)
            ;
        while (port > digits && blank(*port))
            port++;
        if (*port == '\0')
            return true;
        if (*port != ',')
            return false;
    }
}

/* Whether this port is named in the n bytes at s. */
static bool names_port(const char *s, size_t n, const char *port)
{
    size_t len = port == NULL ? 0 : strlen(port);

    for (size_t i = 0; len > 0 && i + len <= n; i++) {
        if (memcmp(s + i, port, len) == 0)
            return true;
    }
    return false;
}

/* Whether the n bytes at s, which no quotes protect, may not be shown in a reason that holds a
 * secret. */
static bool bare_secret(const char *s, size_t n, const char *port)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] > 127)
            return true;
    }
    return hints(s, n) || names_port(s, n, port);
}

/* One line of a reason that holds a secret. *open: a quote of an earlier line has not been closed.
 */
static void put_secret_line(const char *line, size_t n, const char *port, bool *open, hide_put *put,
                            void *to)
{
    size_t first = n, last = n, quotes = 0;
    bool inside = *open;

    for (size_t i = 0; i < n; i++) {
        if (line[i] != '"')
            continue;
        first = quotes++ == 0 ? i : first;
        last = i;
    }
    if (quotes % 2 == 1)
        *open = !inside;
    if (inside || quotes % 2 == 1 || bare_secret(line, first, port) ||
        (quotes > 0 && bare_secret(line + last + 1, n - last - 1, port))) {
        put(to, HIDDEN, strlen(HIDDEN));
        return;
    }
    put(to, line, first);
    if (quotes > 0) {
        put(to, "\"" HIDDEN "\"", strlen(HIDDEN) + 2);
        put(to, line + last + 1, n - last - 1);
    }
}

void hide_reason(const char *reason, const char *port, hide_put *put, void *to)
{
    bool secret, open = false, any = false;

    if (reason == NULL)
        return;
    secret = port != NULL || event_hides(reason);
    while (*reason != '\0') {
        size_t n = strcspn(reason, "\n");
        size_t tabs = any ? strspn(reason, "\t") : 0; /* libpq indents what goes on */

        if (n > tabs) {
            if (any)
                put(to, "; ", 2);
            any = true;
            if (secret)
                put_secret_line(reason + tabs, n - tabs, port, &open, put, to);
            else
                put(to, reason + tabs, n - tabs);
        }
        reason += n + (reason[n] == '\n');
    }
}

/* Appends to a text; what does not fit is dropped. */
static void put_text(void *to, const char *s, size_t n)
{
    text_addn(to, s, n);
}

void event_clean_reason(const char *reason, char *buf, size_t size)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    struct text t;
    size_t end;

    text_init(&t, buf, size);
    hide_reason(reason, NULL, put_text, &t);
    if (!t.cut || size <= sizeof ellipsis)
        return;
    end = t.len < size - sizeof ellipsis ? t.len : size - sizeof ellipsis;
    while (end > 0 && ((unsigned char)buf[end] & 0xC0) == 0x80)
        end--;
    memcpy(buf + end, ellipsis, sizeof ellipsis);
}
