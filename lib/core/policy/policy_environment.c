/* policy_environment: makes a policy from the PGSEAL_ variables, and names its lines. */
#include "lib/core/policy/policy.h"
#include "lib/core/policy/policy_keys.h"
#include "lib/core/text/strbuf.h"

#include <string.h>

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
    for (size_t i = 0; at > 5 && i < ARRAY_LEN(protocols); i++) {
        size_t len = strlen(protocols[i]);
        if (n - at >= len && memcmp(s + at, protocols[i], len) == 0) {
            return n - at == len || s[at + len] == '_';
        }
    }
    return false;
}

/* Kubernetes sets these in every pod of the namespace of a Service called pgseal or pgseal-…. */
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
        p->origin = POLICY_OF_ENVIRONMENT;
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

void policy_where(const struct policy *p, int line, char *buf, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, buf, size);
    if (line <= 0) {
        strbuf_add(&t, "defaults");
        return;
    }
    strbuf_add(&t, p->name);
    if (p->origin == POLICY_OF_ENVIRONMENT) {
        strbuf_add(&t, ": ", key_variable(line));
    } else {
        strbuf_add(&t, ":");
        strbuf_add_uint(&t, (uint64_t)line, 1);
    }
}
