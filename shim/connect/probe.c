/* probe: lets libpq parse and combine the options, with an invalid value last that makes it fail
 * before it connects. */
#include "shim/connect/probe.h"

#include "lib/core/options/options.h"
#include "lib/core/text/list.h"
#include "lib/core/text/strbuf.h"
#include "shim/dynlink/linkage.h"
#include "shim/session/current.h"
#include "shim/session/ldap.h"
#include "shim/session/passfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Not a session attribute of any libpq. Its text in a message shows that the probe's own value was
 * rejected. */
#define NONSENSE "pgseal-probe"

/* Starts a connection with this value last, which libpq must reject. Functions that libpq calls
 * through its own slots know that this is a probe. */
static PGconn *start_with(const struct libpq *pq, const char **keywords, const char **values,
                          size_t n, int expand, const char *nonsense, bool *refused)
{
    struct current *now = current_get();
    bool before = now->probing;
    keywords[n] = "target_session_attrs";
    values[n] = nonsense;
    keywords[n + 1] = values[n + 1] = NULL;
    now->probing = true;
    PGconn *conn = pq->PQconnectStartParams(keywords, values, expand);
    now->probing = before;
    /* Search only for the word: the text around it, even the quotes, is translated (transparency.t,
     * de_DE). */
    *refused = conn != NULL && pq->PQstatus(conn) == CONNECTION_BAD &&
               strstr(pq->PQerrorMessage(conn), NONSENSE) != NULL;
    return conn;
}

PGconn *probe_start(const struct libpq *pq, const char **keywords, const char **values, size_t n,
                    int expand, bool *refused)
{
    return start_with(pq, keywords, values, n, expand, NONSENSE, refused);
}

/* Whether a connection string shows that it is a URI that libpq split in the wrong place, because
 * its password has an unencoded '@': in libpq's parse of it, or by an '@' behind a comma that libpq
 * took for that of an abstract socket, without `host=`. */
static bool is_cut(const char *s, const PQconninfoOption *parsed)
{
    const char *socket = strstr(s, ",@");
    const char *option = strstr(s, "host=");
    const char *host = options_value(parsed, "host");
    bool cut = strstr(s, "://") != NULL && socket != NULL && (option == NULL || option > socket) &&
               host != NULL && strstr(host, ",@") != NULL;
    for (const PQconninfoOption *o = parsed; o != NULL && o->keyword != NULL && !cut; o++) {
        cut = event_cut(o->keyword, o->val);
    }
    return cut;
}

static bool fill_request(const struct params *params, size_t at, struct probe *p)
{
    struct request *r = &p->request;
    const PQconninfoOption *parsed = p->parsed;
    for (const PQconninfoOption *o = p->effective; o->keyword != NULL; o++) {
        if (r->noptions == SEAL_OPTIONS) {
            return false;
        }
        struct asked *a = &r->options[r->noptions++];
        *a = (struct asked){.name = o->keyword, .value = o->val, .compiled = o->compiled};
        /* One libpq lists its options in one order. */
        bool same =
            parsed != NULL && parsed->keyword != NULL && strcmp(parsed->keyword, o->keyword) == 0;
        params_find_given(params, at, same ? parsed++ : p->parsed, a);
        if (a->given == NULL) {
            a->source = params_source(o, p->request.service);
        }
        if (strcmp(a->name, "password") == 0) {
            a->value = NULL; /* the probe's own */
        } else if (strcmp(a->name, "target_session_attrs") == 0) {
            a->value = a->given; /* likewise */
        }
    }
    return true;
}

/* What an element without host and address means: the compiled socket directory. It is in the
 * options if there is one element; otherwise it is asked for with lists of two empty elements,
 * which also exclude a host and an address from the environment. */
static void find_default_host(const struct libpq *pq, const char **keywords, const char **values,
                              struct probe *p)
{
    const char *host = request_value(&p->request, "host");
    const char *hostaddr = request_value(&p->request, "hostaddr");
    p->request.default_host = "/";
    if (hostaddr == NULL && host == NULL) {
        strbuf_copy(p->default_host, sizeof p->default_host, pq->PQhost(p->conn));
    } else if (list_has_empty(host) || list_has_empty(hostaddr)) {
        bool refused;
        keywords[0] = "host";
        values[0] = ",";
        keywords[1] = "hostaddr";
        values[1] = ",";
        keywords[2] = "password";
        values[2] = "pgseal";
        PGconn *conn = probe_start(pq, keywords, values, 3, 0, &refused);
        strbuf_copy(p->default_host, sizeof p->default_host, conn != NULL ? pq->PQhost(conn) : "");
        pq->PQfinish(conn);
    }
    if (p->default_host[0] != '\0') {
        p->request.default_host = p->default_host;
    }
}

void probe_home(const struct libpq *pq, const char **keywords, const char **values, struct probe *p)
{
    static const char passfile[] = PASSFILE_DEFAULT;
    bool stopped;
    keywords[0] = "dbname";
    /* An empty passfile counts as set, and as none; nor may lists in the environment disagree. */
    values[0] = "host=localhost hostaddr='' port='' user=pgseal dbname=pgseal password='' "
                "passfile=''";
    current_get()->home = true;
    PGconn *conn = probe_start(pq, keywords, values, 1, 1, &stopped);
    current_get()->home = false;
    PQconninfoOption *options = stopped ? pq->PQconninfo(conn) : NULL;
    const char *path = options_value(options, "passfile");
    size_t len = path != NULL ? strlen(path) : 0;
    size_t tail = sizeof passfile - 1;
    if (path != NULL && len == 0) {
        p->request.home = ""; /* libpq found no home, so it opens no file there */
    } else if (len > tail && strcmp(path + len - tail, passfile) == 0 &&
               strbuf_copy(p->home, sizeof p->home, path)) {
        p->home[len - tail] = '\0';
        p->request.home = p->home;
    }
    pq->PQconninfoFree(options);
    pq->PQfinish(conn);
}

static enum probe_result refused(struct probe *p, const char *reason)
{
    strbuf_copy(p->reason, sizeof p->reason, reason);
    return PROBE_REFUSED;
}

/* Whether the program itself used that word: then a message that quotes it may not be about the
 * probe's value. */
static bool says_nonsense(const struct probe *p, const char *own)
{
    for (const PQconninfoOption *o = p->effective; o->keyword != NULL; o++) {
        if (o->val != NULL && o->val != own && strstr(o->val, NONSENSE) != NULL) {
            return true;
        }
    }
    return false;
}

/* The service in effect, or NULL. */
static const char *find_service(const struct params *params, size_t at, const struct probe *p)
{
    struct asked service = {.name = "service"};
    params_find_given(params, at, p->parsed, &service);
    return service.given != NULL ? service.given : getenv("PGSERVICE");
}

/* Whether a service look-up was refused during the probe. Nothing was sent, and nothing was read
 * that the real call could not read again. */
static enum probe_result service_refused(struct probe *p, const char *service)
{
    struct current *now = current_get();
    if (now->ldap) {
        ldap_reason(service, p->reason, sizeof p->reason);
    } else {
        strbuf_join(p->reason, sizeof p->reason, "service file ", current_file(),
                    ": not a regular file, so pgseal and libpq could read different contents; "
                    "use a regular file");
    }
    now->ldap = now->file = false;
    return PROBE_REFUSED;
}

/* libpq's answer to the caller's own values alone, except for one that keeps it from connecting,
 * whatever a service file says by now. */
static enum probe_result rejected(const struct libpq *pq, const struct params *params, size_t at,
                                  const char **keywords, const char **values, struct probe *p)
{
    char attributes[256];
    struct strbuf t;
    struct asked own = {.name = "target_session_attrs"};
    bool accepted = false;
    if (current_as_bare()) {
        return PROBE_REJECTED; /* the real call says so */
    }
    params_find_given(params, at, p->parsed, &own);
    const char *value = own.given != NULL ? own.given : getenv("PGTARGETSESSIONATTRS");
    strbuf_init(&t, attributes, sizeof attributes - sizeof NONSENSE);
    strbuf_add(&t, value != NULL ? value : "any");
    t.size = sizeof attributes;
    strbuf_add(&t, " " NONSENSE);
    pq->PQfinish(p->conn);
    p->conn = start_with(pq, keywords, values, params->n, params->expand, attributes, &accepted);
    /* Only that value was rejected: the others are accepted by now. */
    accepted = p->conn != NULL && strstr(pq->PQerrorMessage(p->conn), attributes) != NULL;
    if (accepted || current_get()->ldap || current_get()->file) {
        return refused(p, "the settings of this call changed while pgseal read them; try again");
    }
    return PROBE_REJECTED;
}

void probe_show_rejected(PQconninfoOption *options)
{
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        char *at = o->val != NULL && strcmp(o->keyword, "target_session_attrs") == 0
                       ? strstr(o->val, " " NONSENSE)
                       : NULL;
        if (at != NULL) {
            *at = '\0';
        }
    }
}

/* Whether string, arrays or environment set an option that pgseal does not know to anything but its
 * compiled default. */
static bool unknown_option(const struct libpq *pq, const struct params *params, size_t at,
                           struct probe *p)
{
    bool set = false;
    if (pq->options_known) {
        return false;
    }
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
        params_find_given(params, at, p->parsed, &a);
        set = option_differs(a.given, o->compiled) ||
              (o->envvar != NULL && option_differs(getenv(o->envvar), o->compiled));
        if (set) {
            option_unknown_reason(p->reason, sizeof p->reason, pq->version, o->keyword);
        }
    }
    pq->PQconninfoFree(all);
    return set;
}

bool probe_unknown_string(const struct libpq *pq, const char *s, char *reason, size_t size)
{
    int saved_errno = errno;
    PQconninfoOption *parsed = NULL;
    struct strbuf t;
    if (!params_recognized(s) && !params_blank(s)) {
        parsed = pq->PQconninfoParse(s, NULL);
    }
    if (parsed != NULL) {
        strbuf_init(&t, reason, size);
        strbuf_add(&t, "this program's libpq (version ");
        strbuf_add_uint(&t, (uint64_t)pq->version / 10000, 1);
        strbuf_add(&t, ") accepts this connection string, and pgseal does not know its kind; use "
                       "key=value or a postgresql URI, or update pgseal");
        pq->PQconninfoFree(parsed);
    }
    errno = saved_errno;
    return parsed != NULL;
}

/* What shows before libpq is asked. PROBE_OK: nothing is against it. */
static enum probe_result prepare(const struct libpq *pq, const struct params *params, size_t at,
                                 struct probe *p)
{
    size_t dbname = params_expandable(params);
    p->request.version = pq->version;
    p->request.passphrase_hook =
        pq->PQgetSSLKeyPassHook_OpenSSL != NULL && pq->PQgetSSLKeyPassHook_OpenSSL() != NULL;
    if (pq->version < 100000) {
        return refused(p, "this program's libpq is older than version 10, which pgseal cannot "
                          "probe safely; update it");
    }
    if (dbname < params->n &&
        probe_unknown_string(pq, params->values[dbname], p->reason, sizeof p->reason)) {
        return PROBE_REFUSED;
    }
    if (at < params->n) {
        p->parsed = pq->PQconninfoParse(params->values[at], NULL);
    }
    if (unknown_option(pq, params, at, p)) {
        return PROBE_REFUSED;
    }
    p->request.service = find_service(params, at, p) != NULL;
    if (p->request.service && !LINKED_HAS(pq->linked, ldap_init) && ldap_inside(pq->base)) {
        return refused(p, "this libpq could look the service up in LDAP, in plaintext, and pgseal "
                          "cannot intercept that; do not use a service");
    }
    return PROBE_OK;
}

/* Fills the request from what libpq made of the values. */
static enum probe_result read_answer(const struct libpq *pq, const struct params *params, size_t at,
                                     const char **keywords, const char **values, struct probe *p)
{
    p->effective = pq->PQconninfo(p->conn);
    if (p->effective == NULL || (at < params->n && p->parsed == NULL)) {
        return refused(p, "out of memory");
    }
    const char *own = options_value(p->effective, "target_session_attrs");
    if (own == NULL || strcmp(own, NONSENSE) != 0) { /* libpq could not parse it */
        return rejected(pq, params, at, keywords, values, p);
    }
    if (says_nonsense(p, own)) {
        return refused(p, "an option contains the word " NONSENSE
                          ", which pgseal uses to probe libpq; use another word");
    }
    if (!fill_request(params, at, p)) {
        return refused(p, "this libpq knows more options than pgseal can judge; update pgseal");
    }
    p->request.cut = at < params->n && is_cut(params->values[at], p->parsed);
    find_default_host(pq, keywords, values, p);
    p->request.crl_judged = LINKED_HAS(pq->linked, X509_STORE_load_locations);
    p->request.root_judged = LINKED_HAS(pq->linked, SSL_CTX_load_verify_locations);
    if (!p->request.crl_judged || !p->request.root_judged) {
        probe_home(pq, keywords, values, p);
    }
    return PROBE_OK;
}

static enum probe_result run(const struct libpq *pq, const struct params *params,
                             const char **keywords, const char **values, struct probe *p)
{
    size_t at = params_expanded(params);
    bool stopped = false;
    if (prepare(pq, params, at, p) != PROBE_OK) {
        return PROBE_REFUSED;
    }
    for (size_t i = 0; i < params->n; i++) {
        keywords[i] = params->keywords[i];
        values[i] = params->values[i];
    }
    keywords[params->n] = "password";
    values[params->n] = "pgseal"; /* any password, so that libpq does not read .pgpass */
    p->conn = probe_start(pq, keywords, values, params->n + 1, params->expand, &stopped);
    if (current_get()->ldap || current_get()->file) {
        return service_refused(p, find_service(params, at, p));
    }
    if (p->conn == NULL) {
        return PROBE_REJECTED; /* libpq has no memory: its own answer is NULL */
    }
    if (stopped) {
        return read_answer(pq, params, at, keywords, values, p);
    }
    if (pq->PQstatus(p->conn) != CONNECTION_BAD) {
        return refused(p, "this libpq connected although it was given a value that it must reject; "
                          "it cannot be sealed");
    }
    return rejected(pq, params, at, keywords, values, p);
}

enum probe_result probe_run(const struct libpq *pq, const struct params *params,
                            const char **keywords, const char **values, struct probe *p)
{
    int saved_errno = errno;
    current_get()->ldap = current_get()->file = false;
    enum probe_result result = run(pq, params, keywords, values, p);
    errno = saved_errno;
    return result;
}

void probe_free(const struct libpq *pq, struct probe *p)
{
    int saved_errno = errno;
    if (p->effective != NULL) {
        pq->PQconninfoFree(p->effective);
    }
    if (p->parsed != NULL) {
        pq->PQconninfoFree(p->parsed);
    }
    if (p->conn != NULL) {
        pq->PQfinish(p->conn);
    }
    errno = saved_errno;
}
