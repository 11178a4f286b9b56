/* policy: what a parsed policy answers; and the one that comes from the environment. policy_file.c
 * reads files. */
#include "lib/core/policy/policy.h"
#include "lib/core/policy/policy_keys.h"
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

void policy_from_settings(struct policy *p, const struct setting *settings, size_t n)
{
    static const char prefix[] = "PGSEAL_";
    policy_defaults(p, "defaults");
    struct parsing x = {.p = p, .rule = &p->global, .environment = true};
    for (size_t i = 0; i < n; i++) {
        const char *name = settings[i].name;
        const char *value = settings[i].value;
        if (value == NULL || value[0] == '\0' || strncmp(name, prefix, sizeof prefix - 1) != 0 ||
            strcmp(name, "PGSEAL_POLICY") == 0) {
            continue;
        }
        p->name = "environment";
        enum key key = key_of_variable(name);
        if (key == NO_KEY) {
            parsing_fault(&x, name, ": unknown variable", NULL, NULL);
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
    p->rules = NULL;
    p->nrules = 0;
    errno = kept;
}

const struct rule *policy_match(const struct policy *p, const char *host, int port)
{
    for (size_t i = 0; i < p->nrules; i++) {
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

bool policy_socket_allowed(const struct policy *p, const char *dir)
{
    if (p->sockets != SOCKETS_DIRECTORIES) {
        return p->sockets == SOCKETS_ALLOW;
    }
    for (const char *s = p->socket_dirs;;) {
        size_t len = strcspn(s, ":");
        bool same =
            dir[0] == '/' && s[0] == '/'
                ? same_directory(s, len, dir)
                : strncmp(s, dir, len) == 0 && dir[len] == '\0'; /* abstract: byte for byte */
        if (same) {
            return true;
        }
        if (s[len] == '\0') {
            return false;
        }
        s += len + 1;
    }
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
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date == NULL || strlen(date) != 10 || date[4] != '-' || date[7] != '-') {
        return INT32_MIN;
    }
    int year = digits(date, 4);
    int month = digits(date + 5, 2);
    int day = digits(date + 8, 2);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && leap)) {
        return INT32_MIN;
    }
    int past = year - 1; /* whole years before this one, since the year 1 */
    int32_t days = past * 365 + past / 4 - past / 100 + past / 400 + day - 1;
    for (int m = 1; m < month; m++) {
        days += lengths[m - 1] + (m == 2 && leap);
    }
    return days - 719162; /* 1970-01-01 */
}
