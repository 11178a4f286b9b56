/* redact: which parts of a value or a message must not be shown. If a URI was split in the wrong
 * place, or not recognised, its password is in host names, database names and libpq's own
 * messages. */
#include "lib/core/event/redact.h"

#include "lib/core/event/event.h"
#include "lib/core/text/array.h"
#include "lib/core/text/ascii.h"
#include "lib/core/text/list.h"

#include <string.h>

/* The first character of the n > 0 bytes at s, in lower case, percent-decoded, even several times
 * (%253D); *len is how many bytes it takes. */
static char character(const char *s, size_t n, size_t *len)
{
    size_t at = 1;
    *len = 1;
    if (s[0] != '%') {
        return ascii_lower(s[0]);
    }
    while (at + 1 < n && s[at] == '2' && s[at + 1] == '5') {
        at += 2;
    }
    if (at + 1 < n && ascii_hex(s[at]) >= 0 && ascii_hex(s[at + 1]) >= 0) {
        *len = at + 2;
        return ascii_lower((char)(ascii_hex(s[at]) * 16 + ascii_hex(s[at + 1])));
    }
    *len = at;
    return '%';
}

/* How many of the n bytes at s spell word, which is in lower case; 0 if they do not begin with
 * it. */
static size_t begins(const char *s, size_t n, const char *word)
{
    size_t at = 0;
    for (; *word != '\0'; word++) {
        size_t len;
        if (at == n || character(s + at, n - at, &len) != *word) {
            return 0;
        }
        at += len;
    }
    return at;
}

/* Whether the n bytes at s begin with '=', with blanks or a quote before it. */
static bool equals(const char *s, size_t n)
{
    size_t len;
    for (size_t at = 0; at < n; at += len) {
        char c = character(s + at, n - at, &len);
        if (c == '=') {
            return true;
        }
        if (strchr(" \t\n\r\v\f+'\"", c) == NULL || c == '\0') {
            return false;
        }
    }
    return false;
}

/* Whether a name ends like one of libpq's secret options (password and sslpassword,
 * oauth_client_secret…), a PKCS #11 URI's PIN, or what other programs call theirs. */
static bool names_secret(const char *s, size_t n)
{
    static const char words[][17] = {"password",         "passwd",           "passphrase", "secret",
                                     "scram_client_key", "scram_server_key", "pin-value"};
    size_t ignored;
    char first = character(s, n, &ignored);
    if (first != 'p' && first != 's') {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = words[i][0] == first ? begins(s, n, words[i]) : 0;
        if (len > 0 && equals(s + len, n - len)) {
            return true;
        }
    }
    return false;
}

size_t redact_find_secret(const char *s, size_t n, bool uri)
{
    static const bool first[256] = {
        [':'] = true, ['%'] = true, ['p'] = true, ['P'] = true, ['s'] = true, ['S'] = true};
    for (size_t i = 0; i < n; i++) {
        if (!first[(unsigned char)s[i]]) {
            continue;
        }
        bool colon = s[i] == ':' || s[i] == '%';
        if ((!uri && colon && begins(s + i, n - i, "://") > 0) || names_secret(s + i, n - i)) {
            return i;
        }
    }
    return n;
}

static bool hints(const char *s, size_t n)
{
    return redact_find_secret(s, n, false) < n;
}

bool event_redacts(const char *value)
{
    return value != NULL && hints(value, strlen(value));
}

bool event_cut(const char *option, const char *value)
{
    if (value == NULL || strchr(value, '@') == NULL) {
        return false;
    }
    if (strcmp(option, "host") != 0) {
        return strcmp(option, "hostaddr") == 0 || strcmp(option, "port") == 0 ||
               strcmp(option, "dbname") == 0;
    }
    for (size_t i = 0, n = list_length(value); i < n; i++) {
        size_t len;
        const char *element = list_element(value, i, &len);
        /* An element's only one, at its start, is an abstract socket. */
        if (len > 1 && memchr(element + 1, '@', len - 1) != NULL) {
            return true;
        }
    }
    return false;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool redact_port_is_plain(const char *port)
{
    for (;; port++) {
        const char *digits;

        while (ascii_blank(*port)) {
            port++;
        }
        if (*port == '+' || *port == '-') {
            port++;
        }
        for (digits = port; digit(*port); port++) {
            ;
        }
        while (port > digits && ascii_blank(*port)) {
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

/* Whether the n bytes at s contain this port. */
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

/* Whether the n bytes at s, which are not in quotes, must be hidden in a reason with a secret. */
static bool bare_secret(const char *s, size_t n, const char *port)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] > 127) {
            return true;
        }
    }
    return memchr(s, '@', n) != NULL || hints(s, n) || names_port(s, n, port);
}

/* The part that may be a value with several lines: if a line has an odd number of quotes, from the
 * first quote to the last, or to the end if their number is odd; else empty (from == to). */
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

/* Writes one line of a reason with a secret. */
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

void redact_reason(const char *reason, bool secret, const char *port, redact_put *put, void *to)
{
    const char *from;
    const char *until;
    bool any = false;

    if (reason == NULL) {
        return;
    }
    secret = secret || event_redacts(reason);
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
