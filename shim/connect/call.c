/* call: converts a call for the real libpq, always into array form, with the forced options last.
 * libpq itself parses. */
#include "shim/connect/call.h"

#include "lib/core/text/strbuf.h"

#include <string.h>

static void add(struct call_params *out, const char *keyword, const char *value)
{
    out->keywords[out->params.n] = keyword;
    out->values[out->params.n++] = value;
}

bool call_to_params(const struct call *call, struct call_params *out)
{
    out->params = (struct params){.keywords = out->keywords, .values = out->values, .expand = 1};
    switch (call->entry_point) {
    case HOOK_PQconnectdbParams:
    case HOOK_PQconnectStartParams:
    case HOOK_PQpingParams:
        /* As libpq reads them: values may be NULL if there are no keywords. */
        out->params.keywords = call->keywords;
        out->params.values = call->values;
        out->params.expand = call->expand;
        while (call->keywords[out->params.n] != NULL) {
            out->params.n++;
        }
        return true;
    case HOOK_PQsetdbLogin:
        /* dbname first: if it is a connection string, its settings lose to the arguments
         * (PQsetdbLogin). */
        out->params.login = true;
        add(out, "dbname", call->dbname);
        add(out, "host", call->host);
        add(out, "port", call->port);
        add(out, "options", call->options);
        add(out, "user", call->user);
        add(out, "password", call->secret);
        return true;
    default:
        if (call->conninfo == NULL) {
            return false;
        }
        if (params_blank(call->conninfo)) {
            return true;
        }
        add(out, "dbname", call->conninfo);
        return params_recognized(call->conninfo);
    }
}

size_t call_room(size_t n)
{
    size_t flat = SEAL_OPTIONS + 8;
    return n + SEAL_FORCED + PROBE_EXTRA + flat;
}

int call_sealed(const struct params *params, const struct verdict *v, const char **keywords,
                const char **values)
{
    size_t n = 0;
    for (; n < params->n; n++) {
        keywords[n] = params->keywords[n];
        values[n] = params->values[n];
    }
    for (size_t i = 0; i < v->nforced; i++, n++) {
        keywords[n] = v->forced[i].option;
        values[n] = v->forced[i].value;
    }
    keywords[n] = values[n] = NULL;
    return params->expand;
}

/* Whether an option says where to connect. */
static bool is_target(const char *name)
{
    return strcmp(name, "host") == 0 || strcmp(name, "hostaddr") == 0 || strcmp(name, "port") == 0;
}

int call_pinned(const struct request *r, const char **keywords, const char **values, char *words,
                size_t size)
{
    struct strbuf t;
    size_t n = 1;

    /* An array cannot set an option to "nothing"; a string can. All keywords are libpq's own, so
     * nothing needs quoting. */
    strbuf_init(&t, words, size);
    for (size_t i = 0; i < r->noptions; i++) {
        const struct asked *a = &r->options[i];
        const char *value = is_target(a->name) ? a->value != NULL ? a->value : "" : a->given;
        if (value != NULL && value[0] != '\0') {
            keywords[n] = a->name;
            values[n++] = value;
        } else if (value != NULL) {
            strbuf_add(&t, t.len > 0 ? " " : "", a->name, "=''");
        }
    }
    if (t.cut) { /* does not happen with the options that are known today */
        return call_refused("pgseal: refused: too many empty options", keywords, values);
    }
    keywords[0] =
        "dbname"; /* this one is expanded; a later dbname is a plain name (conninfo_array_parse) */
    values[0] = words;
    keywords[n] = values[n] = NULL;
    return 1;
}

int call_refused(const char *text, const char **keywords, const char **values)
{
    keywords[0] = text;
    values[0] = "1";
    keywords[1] = values[1] = NULL;
    return 0;
}

PGconn *call_real_params(const struct libpq *pq, enum hook entry_point, const char *const *keywords,
                         const char *const *values, int expand, PGPing *ping)
{
    switch (entry_point) {
    case HOOK_PQping:
    case HOOK_PQpingParams:
        *ping = pq->PQpingParams(keywords, values, expand);
        return NULL;
    case HOOK_PQconnectStart:
    case HOOK_PQconnectStartParams:
        return pq->PQconnectStartParams(keywords, values, expand);
    default:
        return pq->PQconnectdbParams(keywords, values, expand);
    }
}

PGconn *call_real(const struct libpq *pq, const struct call *call, PGPing *ping)
{
    switch (call->entry_point) {
    case HOOK_PQconnectdb:
        return pq->PQconnectdb(call->conninfo);
    case HOOK_PQconnectStart:
        return pq->PQconnectStart(call->conninfo);
    case HOOK_PQping:
        *ping = pq->PQping(call->conninfo);
        return NULL;
    case HOOK_PQsetdbLogin:
        return pq->PQsetdbLogin(call->host, call->port, call->options, call->tty, call->dbname,
                                call->user, call->secret);
    default:
        return call_real_params(pq, call->entry_point, call->keywords, call->values, call->expand,
                                ping);
    }
}
