/* policy: what a parsed policy answers; and the one that comes from the environment. policy_file.c
 * reads files. */
#include "lib/core/policy/policy.h"
#include "lib/core/policy/policy_keys.h"
#include "lib/core/text/calendar.h"
#include "lib/core/text/hostname.h"
#include "lib/core/text/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void policy_defaults(struct policy *p, const char *name)
{
    memset(p, 0, sizeof *p);
    p->name = name;
    p->global.exempt_until = INT32_MAX;
}

/* Whether the n bytes at s end the variable NAME of a Kubernetes Service: SERVICE_HOST,
 * SERVICE_PORT, SERVICE_PORT_…, PORT, PORT_443_TCP, PORT_443_TCP_…. */
static bool service_suffix(const char *s, size_t n)
{
    static const char *const protocols[] = {"_TCP", "_UDP", "_SCTP"};
    if ((n == 12 && memcmp(s, "SERVICE_HOST", 12) == 0) || (n == 4 && memcmp(s, "PORT", 4) == 0)) {
        return true;
    }
    if (n >= 12 && memcmp(s, "SERVICE_PORT", 12) == 0) {
        return n == 12 || s[12] == '_';
    }
    if (n < 6 || memcmp(s, "PORT_", 5) != 0) {
        return false;
    }
    size_t at = 5;
    while (at < n && s[at] >= '0' && s[at] <= '9') {
        at++;
    }
    for (size_t i = 0; at > 5 && i < sizeof protocols / sizeof protocols[0]; i++) {
        size_t len = strlen(protocols[i]);
        if (n - at >= len && memcmp(s + at, protocols[i], len) == 0) {
            return n - at == len || s[at + len] == '_';
        }
    }
    return false;
}

/* A Service called pgseal or pgseal-… puts these into every pod of its namespace. */
static bool of_kubernetes(const char *name, size_t n)
{
    for (size_t at = 0; at < n; at++) {
        if ((at == 0 || name[at - 1] == '_') && service_suffix(name + at, n - at)) {
            return true;
        }
    }
    return false;
}

bool policy_variable(const char *variable)
{
    static const char prefix[] = "PGSEAL_";
    static const char policy[] = "PGSEAL_POLICY";
    size_t n = strcspn(variable, "=");
    size_t start = sizeof prefix - 1;
    if (strncmp(variable, prefix, start) != 0 ||
        (n == sizeof policy - 1 && memcmp(variable, policy, n) == 0)) {
        return false;
    }
    return !of_kubernetes(variable + start, n - start);
}

void policy_from_settings(struct policy *p, const struct setting *settings, size_t n)
{
    policy_defaults(p, "defaults");
    struct parsing x = {.p = p, .rule = &p->global, .environment = true};
    for (size_t i = 0; i < n; i++) {
        const char *name = settings[i].name;
        const char *value = settings[i].value;
        if (value == NULL || value[0] == '\0' || !policy_variable(name)) {
            continue;
        }
        p->name = "environment";
        enum key key = key_of_variable(name);
        if (key == NO_KEY) {
            if (parsing_fault(&x, name, ": unknown variable", NULL, NULL)) {
                parsing_advise_names(&x);
            }
        } else {
            x.line = (int)key + 1;
            key_set(&x, key, value);
        }
    }
}

void policy_faulty(struct policy *p, const char *name, const char *fault)
{
    policy_defaults(p, name);
    strbuf_copy(p->fault, sizeof p->fault,
                fault != NULL && fault[0] != '\0' ? fault : "the policy cannot be used");
}

void policy_free(struct policy *p)
{
    int kept = errno;
    free(p->rules);
    free(p->filters);
    p->rules = NULL;
    p->filters = NULL;
    p->nrules = 0;
    errno = kept;
}

const struct rule *policy_match(const struct policy *p, const char *host, int port)
{
    char canonical[HOST_MAX];
    const struct host_filter *filters =
        host_canonical(host, canonical, sizeof canonical) ? p->filters : NULL;
    struct filtered_host filtered = {0};
    if (filters != NULL) {
        filtered = filtered_host_of(canonical);
    }
    for (size_t i = 0; i < p->nrules; i++) {
        if (filters != NULL && !host_filter_passes(&filters[i], &filtered)) {
            continue;
        }
        if (host_matches(p->rules[i].pattern, host, port)) {
            return &p->rules[i];
        }
    }
    return &p->global;
}

/* Whether two paths are the same but for slashes that are doubled or at the end. */
static bool same_directory(const char *a, size_t len, const char *b)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        while (i < len && a[i] == '/' && (i + 1 == len || a[i + 1] == '/')) {
            i++;
        }
        while (b[k] == '/' && (b[k + 1] == '\0' || b[k + 1] == '/')) {
            k++;
        }
        if (i == len || b[k] == '\0') {
            return i == len && b[k] == '\0';
        }
        if (a[i++] != b[k++]) {
            return false;
        }
    }
}

size_t policy_next_directory(const char **list, char *buf, size_t size)
{
    const char *s = *list;
    size_t n = 0;
    for (; *s != '\0' && *s != ':'; s++) {
        if (s[0] == '\\' && s[1] == ':') {
            s++;
        }
        if (n + 1 < size) {
            buf[n] = *s;
        }
        n++;
    }
    buf[n < size ? n : size - 1] = '\0';
    *list = *s == ':' ? s + 1 : NULL;
    return n;
}

bool policy_socket_allowed(const struct policy *p, const char *dir)
{
    if (p->sockets != SOCKETS_DIRECTORIES) {
        return p->sockets == SOCKETS_ALLOW;
    }
    char allowed[POLICY_PATH_MAX + 1];
    for (const char *s = p->socket_dirs; s != NULL;) {
        size_t len = policy_next_directory(&s, allowed, sizeof allowed);
        bool same = dir[0] == '/' && allowed[0] == '/'
                        ? same_directory(allowed, len, dir)
                        : strcmp(allowed, dir) == 0; /* abstract: byte for byte */
        if (same) {
            return true;
        }
    }
    return false;
}

void policy_where(const struct policy *p, int line, char *buf, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, buf, size);
    if (line <= 0) {
        strbuf_add(&t, "defaults");
        return;
    }
    strbuf_add(&t, p->name);
    if (strcmp(p->name, "environment") == 0) {
        strbuf_add(&t, ": ");
        strbuf_add(&t, key_variable(line));
    } else {
        strbuf_add(&t, ":");
        strbuf_add_uint(&t, (uint64_t)line, 1);
    }
}

/* The number that the n digits at s are, or -1. */
static int digits(const char *s, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return -1;
        }
        v = v * 10 + (s[i] - '0');
    }
    return v;
}

int32_t policy_day(const char *date)
{
    if (date == NULL || strlen(date) != 10 || date[4] != '-' || date[7] != '-') {
        return INT32_MIN;
    }
    int year = digits(date, 4);
    int month = digits(date + 5, 2);
    int day = digits(date + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > calendar_month_days(year, month)) {
        return INT32_MIN;
    }
    return (int32_t)calendar_days(year, month, day);
}
