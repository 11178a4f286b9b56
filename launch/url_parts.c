/* url_parts: the three syntaxes of connection strings. */
#include "launch/url_parts.h"

#include "lib/core/text/strbuf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "no memory";
static const char too_many[] = "it has too many parameters";
static const char unknown[] = "pgseal-run does not know its syntax";

/* Adds a parameter, and takes over its name and value, even if it fails. */
static const char *add(struct url_parts *p, const char *text, size_t len, char *name, char *value)
{
    const char *reason = name == NULL || value == NULL ? no_memory
                         : p->n == URL_PARAMETERS      ? too_many
                                                       : NULL;
    if (reason != NULL) {
        free(name);
        free(value);
        return reason;
    }
    p->parameters[p->n++] = (struct url_parameter){text, len, name, value};
    return NULL;
}

static int hex(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

static char *percent_decoded(const char *s, size_t len)
{
    char *out = malloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < len; i++) {
        if (s[i] == '%' && i + 2 < len && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
            out[n++] = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
            i += 2;
        } else {
            out[n++] = s[i];
        }
    }
    if (out != NULL) {
        out[n] = '\0';
    }
    return out;
}

static const char *cut_query(struct url_parts *p, const char *value)
{
    if (strchr(value, '#') != NULL) {
        return "it contains a '#', which drivers read in different ways; write it as %23";
    }
    const char *query = strchr(value, '?');
    p->base = value;
    p->base_len = query != NULL ? (size_t)(query - value) : strlen(value);
    /* A '?' in a password that is not encoded: where the parameters begin is ambiguous. */
    const char *authority = strstr(value, "://");
    if (query != NULL && strchr(query, '@') != NULL && strncmp(value, "jdbc:", 5) != 0 &&
        authority != NULL && memchr(authority, '@', (size_t)(query - authority)) == NULL) {
        return "there is an '@' after its '?'; write a '?' in a password as %3F";
    }
    const char *reason = NULL;
    for (const char *s = query; reason == NULL && s != NULL && s[0] != '\0';) {
        s++;
        size_t len = strcspn(s, "&");
        const char *equals = memchr(s, '=', len);
        size_t name = equals != NULL ? (size_t)(equals - s) : len;
        size_t rest = equals != NULL ? len - name - 1 : 0;
        if (len > 0) {
            reason = add(p, s, len, percent_decoded(s, name),
                         percent_decoded(equals != NULL ? equals + 1 : s, rest));
        }
        s += len;
    }
    return reason;
}

static const char blanks[] = " \t\n\r\v\f";

/* Reads one value of libpq's keyword syntax at *s, and advances it: 'quoted', or up to a blank,
 * with backslashes. NULL if a quote is not closed, or if a backslash at the end would affect what
 * is added. */
static char *keyword_value(const char **s)
{
    char *out = malloc(strlen(*s) + 1);
    bool quoted = **s == '\'';
    size_t n = 0;
    *s += quoted;
    while (out != NULL && **s != '\0' && (quoted ? **s != '\'' : strchr(blanks, **s) == NULL)) {
        if (**s == '\\' && *++*s == '\0') {
            free(out);
            return NULL;
        }
        out[n++] = *(*s)++;
    }
    if (out != NULL && quoted && **s != '\'') {
        free(out);
        return NULL;
    }
    *s += quoted && out != NULL;
    if (out != NULL) {
        out[n] = '\0';
    }
    return out;
}

static const char *cut_keywords(struct url_parts *p, const char *value)
{
    static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
    for (const char *s = value + strspn(value, blanks); *s != '\0'; s += strspn(s, blanks)) {
        const char *start = s;
        size_t name = strspn(s, name_bytes);
        s += name;
        s += strspn(s, blanks);
        if (name == 0 || *s != '=') {
            return unknown;
        }
        s++;
        s += strspn(s, blanks);
        char *text = keyword_value(&s);
        if (text == NULL) {
            return unknown;
        }
        const char *reason = add(p, start, (size_t)(s - start), strndup(start, name), text);
        if (reason != NULL) {
            return reason;
        }
    }
    return p->n > 0 ? NULL : unknown;
}

/* A name of Npgsql's in the form in which it is compared: lower case, no blanks. */
static char *pair_name(const char *s, size_t len)
{
    char *out = malloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < len; i++) {
        if (strchr(blanks, s[i]) == NULL) {
            out[n++] = (char)tolower((unsigned char)s[i]);
        }
    }
    if (out != NULL) {
        out[n] = '\0';
    }
    return out;
}

/* The length of one pair: up to a semicolon that is not in quotes. False if a quote is not
 * closed. */
static bool pair_length(const char *s, size_t *len)
{
    *len = strcspn(s, ";");
    const char *equals = memchr(s, '=', *len);
    const char *v = equals != NULL ? equals + 1 + strspn(equals + 1, blanks) : "";
    if (*v != '"' && *v != '\'') {
        return true;
    }
    const char *end = strchr(v + 1, *v);
    while (end != NULL && end[1] == *v) { /* doubled: a quote in the value */
        end = strchr(end + 2, *v);
    }
    if (end == NULL) {
        return false;
    }
    *len = (size_t)(end - s) + strcspn(end, ";");
    return true;
}

/* A value of Npgsql's without its quotes. */
static char *pair_value(const char *s, size_t len)
{
    char *out = malloc(len + 1);
    bool quoted = len > 1 && (s[0] == '"' || s[0] == '\'') && s[len - 1] == s[0];
    size_t n = 0;
    for (size_t i = quoted ? 1 : 0; out != NULL && i < len - (quoted ? 1 : 0); i++) {
        out[n++] = s[i];
        i += quoted && s[i] == s[0] && i + 1 < len - 1 && s[i + 1] == s[0];
    }
    if (out != NULL) {
        out[n] = '\0';
    }
    return out;
}

static const char *cut_pairs(struct url_parts *p, const char *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ";
    const char *reason = NULL;
    for (const char *s = value; reason == NULL && *s != '\0'; s += *s == ';') {
        s += strspn(s, blanks);
        size_t len;
        bool closed = pair_length(s, &len);
        const char *equals = memchr(s, '=', len);
        bool named = equals != NULL && s + strspn(s, letters) == equals && s != equals;
        if (!closed || (!named && (len > 0 || s == value))) {
            return unknown;
        }
        if (len > 0) {
            const char *v = equals + 1;
            size_t rest = len - (size_t)(v - s);
            for (; rest > 0 && strchr(blanks, *v) != NULL; rest--) {
                v++;
            }
            reason = add(p, s, len, pair_name(s, (size_t)(equals - s)), pair_value(v, rest));
        }
        s += len;
    }
    return reason == NULL && p->n == 0 ? unknown : reason;
}

const char *url_cut(struct url_parts *p, enum url_syntax syntax, const char *value)
{
    p->syntax = syntax;
    p->base = value;
    switch (syntax) {
    case URL_QUERY:
        return cut_query(p, value);
    case URL_KEYWORDS:
        return cut_keywords(p, value);
    case URL_PAIRS:
        break;
    }
    return cut_pairs(p, value);
}

void url_parts_free(struct url_parts *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->parameters[i].name);
        free(p->parameters[i].value);
    }
    p->n = 0;
}

bool url_write(enum url_syntax syntax, const char *name, const char *value, char *buf, size_t size)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.-_";
    static const char digits[] = "0123456789ABCDEF";
    bool quoted = syntax != URL_QUERY && (value[0] == '\0' || value[strspn(value, plain)] != '\0');
    const char *quote = !quoted ? "" : syntax == URL_KEYWORDS ? "'" : "\"";
    struct strbuf t;
    strbuf_init(&t, buf, size);
    strbuf_add(&t, name);
    strbuf_add(&t, "=");
    strbuf_add(&t, quote);
    for (const char *s = value; *s != '\0'; s++) {
        if (syntax == URL_QUERY && strchr(plain, *s) == NULL) {
            const char code[] = {'%', digits[(unsigned char)*s >> 4], digits[*s & 15]};
            strbuf_addn(&t, code, sizeof code);
            continue;
        }
        if (syntax == URL_KEYWORDS && (*s == '\'' || *s == '\\')) {
            strbuf_add(&t, "\\");
        } else if (syntax == URL_PAIRS && *s == '"') {
            strbuf_add(&t, "\"");
        }
        strbuf_addn(&t, s, 1);
    }
    strbuf_add(&t, quote);
    return !t.cut;
}
