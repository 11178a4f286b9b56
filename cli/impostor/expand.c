/* expand: placeholders in COMMAND's arguments and environment. Pure. */
#include "cli/impostor/expand.h"

#include "cli/lib/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *expand(const char *text, const struct placeholder *table)
{
    struct strings parts = {0};
    size_t total = 0;
    while (*text != '\0') {
        const char *value = NULL;
        size_t n = 1 + strcspn(text + 1, "{");
        if (*text == '{') {
            size_t name = strcspn(text + 1, "}");
            for (const struct placeholder *p = table; p->name != NULL && value == NULL; p++) {
                if (text[1 + name] == '}' && strlen(p->name) == name &&
                    memcmp(p->name, text + 1, name) == 0) {
                    value = p->value;
                    n = name + 2;
                }
            }
        }
        strings_take(&parts, value != NULL ? xstrdup(value) : xstrndup(text, n));
        total += strlen(parts.at[parts.n - 1]);
        text += n;
    }
    char *result = xmalloc(total + 1);
    char *end = result;
    for (size_t i = 0; i < parts.n; i++) {
        end = stpcpy(end, parts.at[i]);
    }
    *end = '\0';
    strings_free(&parts);
    return result;
}

bool expand_uses(const char *text, const char *name)
{
    char *braced = xprintf("{%s}", name);
    bool uses = strstr(text, braced) != NULL;
    free(braced);
    return uses;
}

/* What may stand in any part of a URL is left as it is. */
static char *encode(const char *s)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *encoded = xmalloc(3 * strlen(s) + 1);
    char *end = encoded;
    for (; *s != '\0'; s++) {
        if (strchr(plain, *s) != NULL) {
            *end++ = *s;
        } else {
            end += sprintf(end, "%%%02X", (unsigned char)*s);
        }
    }
    *end = '\0';
    return encoded;
}

char *url_make(const char *user, const char *password, const char *host, unsigned port,
               const char *dbname)
{
    char *u = encode(user);
    char *p = encode(password);
    char *h = strchr(host, ':') != NULL ? xprintf("[%s]", host) : encode(host);
    char *d = encode(dbname);
    char *url = xprintf("postgresql://%s:%s@%s:%u/%s", u, p, h, port, d);
    free(u);
    free(p);
    free(h);
    free(d);
    return url;
}
