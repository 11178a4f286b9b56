/* probe: lets libpq parse and add up, with one nonsense value last that makes it stop before it
 * dials. */
#include "shim/connect/probe.h"

#include "lib/core/options/options.h"
#include "lib/core/text/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* No session attribute of any libpq; its text in the message tells our own refusal from others. */
#define NONSENSE "pgseal-probe"

bool probe_uri(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

bool probe_recognized(const char *s)
{
    return probe_uri(s) || strchr(s, '=') != NULL;
}

PGconn *probe_start(const struct libpq *pq, const char **keywords, const char **values, size_t n,
                    int expand, bool *refused)
{
    keywords[n] = "target_session_attrs";
    values[n] = NONSENSE;
    keywords[n + 1] = values[n + 1] = NULL;
    PGconn *conn = pq->PQconnectStartParams(keywords, values, expand);
    /* The word alone: what stands around it, quotes too, is translated (transparency.t, de_DE). */
    *refused = conn != NULL && pq->PQstatus(conn) == CONNECTION_BAD &&
               strstr(pq->PQerrorMessage(conn), NONSENSE) != NULL;
    return conn;
}

/* The index of the dbname entry that libpq would expand, or n: the first with a value, even an
 * empty one (conninfo_array_parse). */
static size_t expanded(const struct params *params)
{
    for (size_t i = 0; params->expand != 0 && i < params->n; i++) {
        if (strcmp(params->keywords[i], "dbname") == 0 && params->values[i] != NULL) {
            return probe_recognized(params->values[i]) ? i : params->n;
        }
    }
    return params->n;
}

static const char *parsed_value(const PQconninfoOption *parsed, const char *name)
{
    for (const PQconninfoOption *o = parsed; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, name) == 0) {
            return o->val;
        }
    }
    return NULL;
}

/* What the call itself said of an option (later wins), and where. */
static void find_given(const struct params *params, size_t at, const PQconninfoOption *parsed,
                       struct asked *a)
{
    enum source direct = params->login ? FROM_LOGIN : FROM_PARAMS;
    for (size_t i = 0; i < params->n; i++) {
        const char *value = params->values[i];
        if (value == NULL || value[0] == '\0') {
            continue; /* an array's NULL and "" count for nothing (conninfo_array_parse) */
        }
        if (i == at) {
            const char *inner = parsed_value(parsed, a->name);
            if (inner != NULL) {
                a->given = inner;
                a->source = probe_uri(value) ? FROM_URI : FROM_CONNINFO;
            }
        } else if (strcmp(params->keywords[i], a->name) == 0) {
            a->given = value;
            a->source = direct;
        }
    }
}

/* Where a value came from that the call did not give: a service file beats the environment, both
 * beat the default. */
static enum source find_source(const PQconninfoOption *o, const struct probe *p)
{
    bool stanza = p->request.service && service_sets(&p->stanza, o->keyword);
    const char *environment = o->envvar != NULL ? getenv(o->envvar) : NULL;
    if (o->val == NULL) {
        return FROM_DEFAULT;
    }
    if (stanza) {
        return FROM_SERVICE;
    }
    if (environment != NULL && strcmp(environment, o->val) == 0) {
        return FROM_ENVIRONMENT;
    }
    bool compiled = o->compiled != NULL && strcmp(o->compiled, o->val) == 0;
    if (strcmp(o->keyword, "sslmode") == 0 && environment == NULL && !compiled) {
        const char *require = getenv("PGREQUIRESSL");
        if (require != NULL && require[0] == '1' && strcmp(o->val, "require") == 0) {
            return FROM_ENVIRONMENT;
        }
    }
    /* `user` has no compiled default, but one from the operating system. */
    return p->request.service && !compiled && strcmp(o->keyword, "user") != 0 ? FROM_SERVICE
                                                                              : FROM_DEFAULT;
}

static bool fill_request(const struct params *params, size_t at, struct probe *p)
{
    struct request *r = &p->request;
    r->noptions = 0;
    for (const PQconninfoOption *o = p->effective; o->keyword != NULL; o++) {
        if (r->noptions == SEAL_OPTIONS) {
            return false;
        }
        struct asked *a = &r->options[r->noptions++];
        *a = (struct asked){.name = o->keyword, .value = o->val, .compiled = o->compiled};
        find_given(params, at, p->parsed, a);
        if (a->given == NULL) {
            a->source = find_source(o, p);
        }
        if (strcmp(a->name, "password") == 0) {
            a->value = NULL; /* the probe's own */
        } else if (strcmp(a->name, "target_session_attrs") == 0) {
            a->value = a->given != NULL ? a->given : NULL; /* likewise */
        }
    }
    return true;
}

/* What an empty host element dials: the compiled socket directory, seen where the first element is
 * empty, else asked for with a list of two empty elements. */
static void find_default_host(const struct libpq *pq, const char **keywords, const char **values,
                              struct probe *p)
{
    const char *host = request_value(&p->request, "host");
    const char *hostaddr = request_value(&p->request, "hostaddr");
    p->request.default_host = "/";
    if (hostaddr == NULL && (host == NULL || host[0] == ',')) {
        strbuf_copy(p->default_host, sizeof p->default_host, pq->PQhost(p->conn));
    } else if (host != NULL && (strstr(host, ",,") != NULL || host[strlen(host) - 1] == ',')) {
        bool refused;
        keywords[0] = "host";
        values[0] = ",";
        keywords[1] = "password";
        values[1] = "pgseal";
        PGconn *conn = probe_start(pq, keywords, values, 2, 0, &refused);
        strbuf_copy(p->default_host, sizeof p->default_host, conn != NULL ? pq->PQhost(conn) : "");
        pq->PQfinish(conn);
    }
    if (p->default_host[0] != '\0') {
        p->request.default_host = p->default_host;
    }
}

static enum probe_result refused(struct probe *p, const char *why)
{
    strbuf_copy(p->reason, sizeof p->reason, why);
    return PROBE_REFUSED;
}

/* Whether it was really pgseal's own value that libpq refused: another message may quote the word
 * too, where the program said it itself. */
static enum probe_result really_refused(struct probe *p)
{
    const char *own = parsed_value(p->effective, "target_session_attrs");
    if (own == NULL || strcmp(own, NONSENSE) != 0) {
        return PROBE_LIBPQ; /* it did not even parse */
    }
    for (const PQconninfoOption *o = p->effective; o->keyword != NULL; o++) {
        if (o->val != NULL && o->val != own && strstr(o->val, NONSENSE) != NULL) {
            return refused(p, "an option holds the word " NONSENSE
                              ", with which pgseal questions libpq; use another word");
        }
    }
    return PROBE_OK;
}

/* The service in effect, if any: before libpq may read its file, pgseal looks for what must not be
 * in it. */
static bool look_at_service(const struct libpq *pq, const struct params *params, size_t at,
                            struct probe *p)
{
    struct asked service = {.name = "service"};
    struct asked file = {.name = "servicefile"}; /* libpq 19 */
    find_given(params, at, p->parsed, &service);
    find_given(params, at, p->parsed, &file);
    if (service.given == NULL) {
        service.given = getenv("PGSERVICE");
    }
    p->request.service = service.given != NULL;
    return service.given == NULL ||
           service_ok(service.given, pq->version >= 190000 ? file.given : NULL, pq->version,
                      pq->base, &p->stanza, p->reason, sizeof p->reason);
}

/* Whether string, arrays or environment set an option of this libpq that pgseal does not know, to
 * anything but its compiled default. */
static bool unknown_option(const struct libpq *pq, const struct params *params, size_t at,
                           struct probe *p)
{
    bool set = false;
    PQconninfoOption *all = pq->PQconninfoParse("", NULL);
    if (all == NULL) {
        strbuf_copy(p->reason, sizeof p->reason, "out of memory");
        return true;
    }
    for (const PQconninfoOption *o = all; !set && o->keyword != NULL; o++) {
        if (option_known(o->keyword) != NULL) {
            continue;
        }
        struct asked a = {.name = o->keyword};
        find_given(params, at, p->parsed, &a);
        set = option_differs(a.given, o->compiled) ||
              (o->envvar != NULL && option_differs(getenv(o->envvar), o->compiled));
        if (set) {
            option_unknown_reason(p->reason, sizeof p->reason, pq->version, o->keyword);
        }
    }
    pq->PQconninfoFree(all);
    return set;
}

static enum probe_result run(const struct libpq *pq, const struct params *params,
                             const char **keywords, const char **values, struct probe *p)
{
    size_t at = expanded(params);
    bool stopped = false;

    p->request.version = pq->version;
    p->request.passphrase_hook =
        pq->PQgetSSLKeyPassHook_OpenSSL != NULL && pq->PQgetSSLKeyPassHook_OpenSSL() != NULL;
    if (pq->version < 100000) {
        return refused(p, "this program's libpq is older than 10, which pgseal cannot question "
                          "safely; update it");
    }
    if (at < params->n) {
        p->parsed = pq->PQconninfoParse(params->values[at], NULL);
    }
    if (unknown_option(pq, params, at, p)) {
        return PROBE_REFUSED;
    }
    /* A string that does not parse fails in libpq before any service is looked up. */
    if ((at == params->n || p->parsed != NULL) && !look_at_service(pq, params, at, p)) {
        return PROBE_REFUSED;
    }

    for (size_t i = 0; i < params->n; i++) {
        keywords[i] = params->keywords[i];
        values[i] = params->values[i];
    }
    keywords[params->n] = "password";
    values[params->n] = "pgseal"; /* some password, so that libpq leaves .pgpass alone */
    p->conn = probe_start(pq, keywords, values, params->n + 1, params->expand, &stopped);
    if (p->conn == NULL) {
        return PROBE_LIBPQ; /* no memory in libpq: NULL is its own answer */
    }
    if (!stopped && pq->PQstatus(p->conn) != CONNECTION_BAD) {
        return refused(p, "this libpq dialled though it was given a value that it must refuse; it "
                          "cannot be sealed");
    }
    if (!stopped) {
        return PROBE_LIBPQ;
    }
    p->effective = pq->PQconninfo(p->conn);
    if (p->effective == NULL) {
        return refused(p, "out of memory");
    }
    enum probe_result really = really_refused(p);
    if (really != PROBE_OK) {
        return really;
    }
    if (!fill_request(params, at, p)) {
        return refused(p, "this libpq knows more options than pgseal can judge; update pgseal");
    }
    find_default_host(pq, keywords, values, p);
    return PROBE_OK;
}

enum probe_result probe_run(const struct libpq *pq, const struct params *params,
                            const char **keywords, const char **values, struct probe *p)
{
    int saved = errno;
    p->conn = NULL;
    p->effective = p->parsed = NULL;
    p->default_host[0] = p->reason[0] = '\0';
    p->stanza.keys[0] = '\0';
    enum probe_result result = run(pq, params, keywords, values, p);
    errno = saved;
    return result;
}

void probe_free(const struct libpq *pq, struct probe *p, bool keep_conn)
{
    int saved = errno;
    if (p->effective != NULL) {
        pq->PQconninfoFree(p->effective);
    }
    if (p->parsed != NULL) {
        pq->PQconninfoFree(p->parsed);
    }
    if (p->conn != NULL && !keep_conn) {
        pq->PQfinish(p->conn);
    }
    p->effective = p->parsed = NULL;
    p->conn = NULL;
    errno = saved;
}
