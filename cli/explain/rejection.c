/* rejection: what libpq says about a connection string that it rejects may quote a secret. */
#include "cli/explain/rejection.h"

#include "lib/core/event/redact.h"

#include <stddef.h>
#include <string.h>

static bool is_uri(const char *conninfo)
{
    return strncmp(conninfo, "postgres", 8) == 0 && strstr(conninfo, "://") != NULL;
}

/* The part of a connection string that may contain a secret: of a URI everything up to its last
 * '@'; else from a secret's name to the end, since an unquoted blank in a password makes options of
 * its rest. */
static void find_suspect(const char *conninfo, const char **from, const char **to)
{
    const char *end = conninfo + strlen(conninfo);
    bool uri = is_uri(conninfo);
    const char *at = strrchr(conninfo, '@');
    size_t named = redact_find_secret(conninfo, (size_t)(end - conninfo), uri);

    *from = conninfo + named;
    *to = end;
    if (uri && at != NULL) {
        *from = strstr(conninfo, "://") + 3;
        *to = conninfo[named] != '\0' ? end : at;
    }
}

/* Whether the n bytes at s occur between from and to. */
static bool stands_in(const char *s, size_t n, const char *from, const char *to)
{
    for (; n > 0 && (size_t)(to - from) >= n; from++) {
        if (memcmp(from, s, n) == 0) {
            return true;
        }
    }
    return false;
}

bool rejection_secret(const char *message, const char *conninfo)
{
    const char *from;
    const char *to;
    bool quoted = false;

    find_suspect(conninfo, &from, &to);
    for (const char *at = message; (at = strchr(at, '"')) != NULL;) {
        const char *piece = ++at;
        at = strchr(at, '"');
        size_t n = at != NULL ? (size_t)(at - piece) : strlen(piece);
        /* No option's name has a colon: "user:pass word@host", or a line of .pgpass. */
        if (stands_in(piece, n, from, to) || memchr(piece, '@', n) != NULL ||
            (!is_uri(conninfo) && memchr(piece, ':', n) != NULL)) {
            return true;
        }
        quoted = true;
        at = at != NULL ? at + 1 : piece + n;
    }
    /* Otherwise the quotes are a translation's, which are not known here. An '@' alone may be in a
     * URI that libpq does not recognise. */
    return !quoted && (from != to || strchr(message, '@') != NULL);
}
