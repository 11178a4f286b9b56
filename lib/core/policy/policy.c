/* policy: queries on a parsed policy. policy_file.c and policy_environment.c parse. */
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
    bool fits = host_canonical(host, canonical, sizeof canonical);
    struct filtered_host filtered = filtered_host_of(fits ? canonical : "");
    for (size_t i = 0; i < p->nrules; i++) {
        if ((!fits || host_filter_passes(&p->filters[i], &filtered)) &&
            host_matches(p->rules[i].pattern, host, port)) {
            return &p->rules[i];
        }
    }
    return &p->global;
}

/* Whether two paths are equal, apart from doubled slashes and slashes at the end. */
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

/* The number in the n digits at s, or -1. */
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
