/* hostname: the canonical form of hosts and ports, and whether a section's pattern matches. */
#include "lib/core/text/hostname.h"
#include "lib/core/text/address.h"
#include "lib/core/text/ascii.h"

#include <string.h>

/* One host for comparison: an address literal's canonical text, or the bytes of a name, folded
 * while they are read. */
struct name {
    const char *s;
    size_t len;
    bool literal;
    char address[ADDRESS_MAX];
};

/* The parts of a pattern; host is without brackets and port. */
struct pattern {
    const char *host;
    size_t len;
    int port; /* 0: any; -1: no port from 1 to 65535 */
    bool brackets;
};

/* Removes a dot at the end, except from an address: getaddrinfo(3) takes "127.0.0.1." as a name and
 * asks the DNS for it, so it must not count as 127.0.0.1. */
static void read_name(struct name *n, const char *s, size_t len)
{
    n->literal = address_text(s, len, n->address);
    if (n->literal) {
        n->s = n->address;
        n->len = strlen(n->address);
        return;
    }
    if (len > 1 && s[len - 1] == '.' && !address_text(s, len - 1, n->address)) {
        len--;
    }
    n->s = s;
    n->len = len;
}

static char name_at(const struct name *n, size_t i)
{
    return n->literal ? n->s[i] : ascii_lower(n->s[i]);
}

bool host_canonical(const char *host, char *out, size_t size)
{
    struct name n;
    read_name(&n, host, strlen(host));
    if (n.len >= size) {
        return false;
    }
    for (size_t i = 0; i < n.len; i++) {
        out[i] = name_at(&n, i);
    }
    out[n.len] = '\0';
    return true;
}

int port_number(const char *port)
{
    if (port == NULL) {
        return -1;
    }
    while (ascii_blank(*port)) {
        port++;
    }
    bool negative = *port == '-';
    if (*port == '-' || *port == '+') {
        port++;
    }
    const char *digits = port;
    int v = 0;
    for (; *port >= '0' && *port <= '9'; port++) {
        v = v * 10 + (*port - '0');
        if (v > 65535) {
            return -1;
        }
    }
    if (port == digits || negative || v == 0) {
        return -1;
    }
    while (ascii_blank(*port)) {
        port++;
    }
    return *port == '\0' ? v : -1;
}

/* The value of s if it consists of digits only, or -1. */
static int pattern_port(const char *s)
{
    return s[strspn(s, "0123456789")] == '\0' ? port_number(s) : -1;
}

/* Whether everything before a scope id can be part of an IPv6 address, or of a pattern of one. */
static bool like_ipv6(const char *s)
{
    return strchr("%", s[strspn(s, "0123456789abcdefABCDEF:.*")]) != NULL;
}

/* The colon before the port, or NULL: the last colon, if only digits follow it and what precedes it
 * is no IPv6 address. Cloud SQL's instances have names such as project:instance. */
static const char *port_colon(const char *pattern)
{
    const char *first = strchr(pattern, ':');
    const char *last = strrchr(pattern, ':');
    if (last == NULL || last[1 + strspn(last + 1, "0123456789")] != '\0') {
        return NULL;
    }
    return first == last || !like_ipv6(pattern) ? last : NULL;
}

/* [host], [host]:port, host:port, or host alone; with more than one colon and no brackets it is
 * IPv6 without a port, or a name that has colons. */
static bool split_pattern(const char *pattern, struct pattern *p)
{
    *p = (struct pattern){.host = pattern, .len = strlen(pattern)};
    const char *colon = port_colon(pattern);
    if (pattern[0] == '[') {
        const char *close = strchr(pattern, ']');
        if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
            return false;
        }
        p->host = pattern + 1;
        p->len = (size_t)(close - p->host);
        p->port = close[1] == ':' ? pattern_port(close + 2) : 0;
        p->brackets = true;
    } else if (colon != NULL) {
        p->len = (size_t)(colon - pattern);
        p->port = pattern_port(colon + 1);
    }
    return true;
}

bool host_pattern_host(const char *pattern, const char **host, size_t *len)
{
    struct pattern p;
    if (!split_pattern(pattern, &p)) {
        return false;
    }
    *host = p.host;
    *len = p.len;
    return true;
}

/* Matches a pattern in which only * is special. Of two stars, only the later one ever needs to
 * match more. */
static bool glob(const char *pattern, size_t len, const struct name *n)
{
    size_t p = 0;
    size_t i = 0;
    size_t star = 0;
    size_t resume = 0;
    bool starred = false;
    while (i < n->len) {
        if (p < len && pattern[p] == '*') {
            starred = true;
            star = ++p;
            resume = i;
        } else if (p < len && ascii_lower(pattern[p]) == ascii_lower(n->s[i])) {
            p++;
            i++;
        } else if (starred) {
            p = star;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (p < len && pattern[p] == '*') {
        p++;
    }
    return p == len;
}

/* Whether this is a pattern of addresses, such as 10.*: it must not match 10.example.com, whose
 * owner decides to what it resolves. */
static bool numeric(const struct pattern *p)
{
    bool digits = false;
    for (size_t i = 0; i < p->len; i++) {
        char c = p->host[i];
        if (c >= '0' && c <= '9') {
            digits = true;
        } else if (c != '.' && c != '*') {
            return false;
        }
    }
    return digits;
}

static bool same_name(const struct name *a, const struct name *b)
{
    for (size_t i = 0; a->len == b->len && i < a->len; i++) {
        if (name_at(a, i) != name_at(b, i)) {
            return false;
        }
    }
    return a->len == b->len;
}

bool host_matches(const char *pattern, const char *host, int port)
{
    struct pattern p;
    struct name h;
    struct name wanted;
    if (!split_pattern(pattern, &p) || host[0] == '\0') {
        return false;
    }
    if (p.port != 0 && (p.port < 0 || p.port != port)) {
        return false;
    }
    for (const char *s = host; *s != '\0'; s++) {
        if (*s == '/' || *s == '@' || ascii_blank(*s)) {
            return false; /* no character of a pattern matches these */
        }
    }
    read_name(&h, host, strlen(host));
    read_name(&wanted, p.host, p.len);
    if (memchr(p.host, '*', p.len) != NULL) {
        return (h.literal || !numeric(&p)) && glob(wanted.s, wanted.len, &h);
    }
    return h.literal == wanted.literal && same_name(&h, &wanted);
}

bool host_same_pattern(const char *a, const char *b)
{
    struct pattern p;
    struct pattern q;
    struct name m;
    struct name n;
    if (!split_pattern(a, &p) || !split_pattern(b, &q) || p.port != q.port) {
        return false;
    }
    read_name(&m, p.host, p.len);
    read_name(&n, q.host, q.len);
    return same_name(&m, &n);
}

/* Bytes that no host in libpq's list can contain, and the special characters of other pattern
 * languages. */
static const char *bytes_fault(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '/' && i > 0 && i + 1 < len && strspn(s + i + 1, "0123456789") == len - i - 1) {
            return "an address with a prefix length matches nothing; use a pattern such as 10.*";
        }
        if (s[i] == '/' || s[i] == '@') {
            return "a socket is not a host";
        }
        if (s[i] == ',') {
            return "a list matches nothing; give each host its own section";
        }
        if (s[i] != '\0' && strchr("?\\^$|(){}\"'<>;=", s[i]) != NULL) {
            return "only * is a wildcard, and no host name contains this character";
        }
        if (ascii_blank(s[i])) {
            return "use one section for each host";
        }
        if ((unsigned char)s[i] < ' ' || s[i] == 0x7f) {
            return "a control character";
        }
        if (s[i] == '[' || s[i] == ']') {
            return "brackets are only for IPv6 addresses";
        }
    }
    return NULL;
}

/* Patterns that look like an address or a domain, but would be compared as a name that no host
 * has. */
static const char *never_matches(const struct pattern *p)
{
    static const char localhost[] = "localhost:*";
    const char *colon = memchr(p->host, ':', p->len);
    if (p->host[0] == '.') {
        return "no host name begins with a dot; for all hosts of a domain use *.example";
    }
    if (memchr(p->host, '*', p->len) == NULL && strspn(p->host, "0123456789.") == p->len) {
        return "not an address";
    }
    if (colon != NULL && p->host + p->len - colon == 2 && colon[1] == '*' &&
        (memchr(p->host, '.', p->len) != NULL || strcmp(p->host, localhost) == 0)) {
        return "a port is a number from 1 to 65535; without one, all ports match";
    }
    return NULL;
}

const char *host_pattern_fault(const char *pattern)
{
    struct pattern p;
    char address[ADDRESS_MAX];
    if (!split_pattern(pattern, &p)) {
        return "brackets are only for IPv6 addresses";
    }
    const char *fault = bytes_fault(p.host, p.len);
    if (fault != NULL) {
        return fault;
    }
    if (p.len == 0) {
        return "no host";
    }
    if (p.len >= HOST_MAX) {
        return "too long for a host";
    }
    if (p.port < 0) {
        return "a port is a number from 1 to 65535";
    }
    bool colons = memchr(p.host, ':', p.len) != NULL;
    bool wild = memchr(p.host, '*', p.len) != NULL;
    if (p.brackets && !colons) {
        return "brackets are only for IPv6 addresses";
    }
    if (address_text(p.host, p.len, address)) {
        return NULL;
    }
    if (colons && !wild && (p.brackets || like_ipv6(p.host))) {
        return "neither host:port nor an IPv6 address";
    }
    return never_matches(&p);
}
