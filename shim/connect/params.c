/* params: a call in array form, and where the value of each option comes from. */
#include "shim/connect/params.h"

#include <stdlib.h>
#include <string.h>

static bool is_uri(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

bool params_recognized(const char *s)
{
    return is_uri(s) || strchr(s, '=') != NULL;
}

bool params_blank(const char *s)
{
    return s[strspn(s, " \t\n\v\f\r")] == '\0';
}

size_t params_expandable(const struct params *params)
{
    for (size_t i = 0; params->expand != 0 && i < params->n; i++) {
        if (strcmp(params->keywords[i], "dbname") == 0 && params->values[i] != NULL) {
            return i;
        }
    }
    return params->n;
}

size_t params_expanded(const struct params *params)
{
    size_t i = params_expandable(params);
    return i < params->n && params_recognized(params->values[i]) ? i : params->n;
}

void params_find_given(const struct params *params, size_t at, const PQconninfoOption *parsed,
                       struct asked *a)
{
    enum source direct = params->login ? FROM_LOGIN : FROM_PARAMS;
    for (size_t i = 0; i < params->n; i++) {
        const char *value = params->values[i];
        if (value == NULL || value[0] == '\0') {
            continue; /* in an array, NULL and "" do not count (conninfo_array_parse) */
        }
        if (i == at) {
            const char *inner = options_value(parsed, a->name);
            if (inner != NULL) {
                a->given = inner;
                a->source = is_uri(value) ? FROM_URI : FROM_CONNINFO;
            }
        } else if (strcmp(params->keywords[i], a->name) == 0) {
            a->given = value;
            a->source = direct;
        }
    }
}

enum source params_source(const PQconninfoOption *o, bool service)
{
    if (o->val == NULL) {
        return FROM_DEFAULT;
    }
    const char *environment = o->envvar != NULL ? getenv(o->envvar) : NULL;
    if (environment != NULL && strcmp(environment, o->val) == 0) {
        return FROM_ENVIRONMENT;
    }
    if (environment != NULL && service) {
        return FROM_SERVICE; /* nothing else precedes the environment */
    }
    bool compiled = o->compiled != NULL && strcmp(o->compiled, o->val) == 0;
    if (strcmp(o->keyword, "sslmode") == 0 && environment == NULL && !compiled) {
        const char *require = getenv("PGREQUIRESSL");
        if (require != NULL && require[0] == '1' && strcmp(o->val, "require") == 0) {
            return FROM_ENVIRONMENT;
        }
    }
    /* `user` has no compiled default, but one from the operating system. */
    return service && !compiled && strcmp(o->keyword, "user") != 0 ? FROM_SERVICE : FROM_DEFAULT;
}
