/* host_filter: excludes quickly most section patterns that do not match a host. */
#include "lib/core/text/host_filter.h"

#include "lib/core/text/ascii.h"
#include "lib/core/text/hostname.h"
#include "lib/core/text/strbuf.h"

#include <string.h>

static uint64_t hash_of(const char *s, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)s[i]) * 0x100000001b3;
    }
    return hash != 0 ? hash : 1;
}

struct filtered_host filtered_host_of(const char *canonical)
{
    size_t len = strlen(canonical);
    return (struct filtered_host){canonical, len, hash_of(canonical, len)};
}

struct host_filter host_filter_of(const char *pattern)
{
    struct host_filter f = {0};
    const char *host;
    size_t len;
    char text[HOST_MAX];
    char canonical[HOST_MAX];
    struct strbuf t;

    if (!host_pattern_host(pattern, &host, &len)) {
        return f; /* matches nothing, as in host_matches */
    }
    const char *star = memchr(host, '*', len);
    if (star != NULL) {
        const char *last = host + len - 1;
        while (*last != '*') {
            last--;
        }
        f.head = host;
        f.head_len = (uint32_t)(star - host);
        f.tail = last + 1;
        f.tail_len = (uint32_t)(host + len - f.tail);
        if (f.tail_len > 0 && f.tail[f.tail_len - 1] == '.') {
            f.tail_len--; /* the trailing dot, which does not count in comparisons */
        }
        return f;
    }
    strbuf_init(&t, text, sizeof text);
    strbuf_addn(&t, host, len);
    if (!t.cut && host_canonical(text, canonical, sizeof canonical)) {
        f.hash = hash_of(canonical, strlen(canonical));
    }
    return f;
}

/* Whether the n bytes at s, of a pattern, equal those at host, which is in lower case. */
static bool same(const char *s, const char *host, size_t n)
{
    for (; n > 0; n--) {
        if (ascii_lower(s[n - 1]) != host[n - 1]) {
            return false;
        }
    }
    return true;
}

bool host_filter_passes(const struct host_filter *f, const struct filtered_host *host)
{
    if (f->hash != 0) {
        return f->hash == host->hash;
    }
    return host->len >= (size_t)f->head_len + f->tail_len && same(f->head, host->s, f->head_len) &&
           same(f->tail, host->s + host->len - f->tail_len, f->tail_len);
}
