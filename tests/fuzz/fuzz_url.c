/* fuzz_url: connection strings as --rewrite-url rewrites them, held against libpq's own parser.
 *
 * What must hold: what libpq can parse before and after has sslmode=verify-full afterwards, and all
 * else that identifies the session as it was; what was rewritten once stays as it is; no password
 * that libpq finds is shown. */
#include "launch/url.h"

#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held, const char *what, const char *a, const char *b)
{
    if (!held) {
        fprintf(stderr, "fuzz_url: %s: \"%s\" and \"%s\"\n", what, a != NULL ? a : "(null)",
                b != NULL ? b : "(null)");
        abort();
    }
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val;
        }
    }
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whether libpq would take it for a string of its own. */
static bool is_libpq(const char *s)
{
    return strncmp(s, "postgres://", 11) == 0 || strncmp(s, "postgresql://", 13) == 0 ||
           strstr(s, "://") == NULL;
}

/* Whether these words may also be what the rewriting itself adds. */
static bool is_ours(const char *words)
{
    return strstr("?sslmode=verify-full&sslrootcert=", words) != NULL ||
           strstr(" sslmode=verify-full sslrootcert=", words) != NULL;
}

static void compare(const char *value, const struct url *u)
{
    static const char *const kept[] = {"host", "port", "user", "dbname", "password", "options"};
    PQconninfoOption *before = PQconninfoParse(value, NULL);
    PQconninfoOption *after = before != NULL ? PQconninfoParse(u->value, NULL) : NULL;
    if (before != NULL && strchr(value, ';') == NULL) {
        must(after != NULL, "libpq no longer parses it", value, u->value);
        must(is_same(value_of(after, "sslmode"), "verify-full"), "sslmode", value, u->value);
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
            must(is_same(value_of(before, kept[i]), value_of(after, kept[i])), kept[i], value,
                 u->value);
        }
        const char *password = value_of(before, "password");
        const char *first = password != NULL ? strstr(value, password) : NULL;
        bool once = first != NULL && strstr(first + 1, password) == NULL; /* and is no host too */
        must(!once || strlen(password) < 8 || is_ours(password) ||
                 strstr(u->after, password) == NULL,
             "the password is shown", password, u->after);
    }
    PQconninfoFree(before);
    PQconninfoFree(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *value = strndup((const char *)data, size);
    struct url u;
    struct url again;
    if (value != NULL && url_rewrite(&u, value, "/etc/a root.pem") == NULL) {
        if (is_libpq(value)) {
            compare(value, &u);
        }
        must(url_rewrite(&again, u.value, "/etc/a root.pem") == NULL, "not a second time", value,
             u.value);
        must(strcmp(again.value, u.value) == 0, "not the same a second time", u.value, again.value);
        must(again.nchanges == 0, "asked for less a second time", u.value, again.value);
        url_free(&again);
    }
    url_free(&u);
    free(value);
    return 0;
}
