/* session: a connection exactly as a sealed program makes it, and what both ends report about
 * it. */
#include "cli/check/check.h"
#include "cli/lib/safe.h"
#include "shim/connect/passwords.h"
#include "shim/session/current.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Adds the tool's own options: a timeout, and an application name. */
static void add_own(const struct preview *q)
{
    size_t n = 0;
    while (q->keywords[n] != NULL) {
        n++;
    }
    if (request_value(&q->probe.request, "connect_timeout") == NULL) {
        q->keywords[n] = "connect_timeout";
        q->values[n++] = "10";
    }
    q->keywords[n] = "fallback_application_name";
    q->values[n++] = "pgseal check";
    q->keywords[n] = q->values[n] = NULL;
}

/* Makes the state of the connection, for libpq's look-ups. NULL with c->failure. */
static struct conn_state *prepare(struct check *c)
{
    struct preview *q = c->strict;
    const struct verdict *v = &q->verdict;
    char reason[REASON_MAX];
    struct conn_state *d =
        conn_state_new(&q->libpq, &q->policy, &q->probe.request, v, "pgseal check", "");
    if (d == NULL) {
        c->failure = xstrdup("out of memory");
    } else if (v->renamed && !passwords_find(&q->libpq, &q->probe.request, v, q->keywords,
                                             q->values, &d->passwords, reason, sizeof reason)) {
        c->failure = xstrdup(reason);
        conn_state_free(d);
        d = NULL;
    }
    return d;
}

/* As connect.c of the shim does it. NULL with c->failure. */
static PGconn *open_sealed(struct check *c)
{
    struct preview *q = c->strict;
    struct conn_state *d = prepare(c);
    if (d == NULL) {
        return NULL;
    }
    int expand = call_sealed(&q->array.params, &q->verdict, q->keywords, q->values);
    add_own(q);
    struct current before = current_enter(d);
    PGconn *conn = q->libpq.PQconnectdbParams(q->keywords, q->values, expand);
    current_leave(before);
    if (d->blocked) {
        c->failure = cleaned(d->message, false);
    } else if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
        c->failure = cleaned(conn != NULL ? PQerrorMessage(conn) : "out of memory",
                             request_cut(&q->probe.request));
    }
    conn_state_free(d);
    if (c->failure != NULL) {
        PQfinish(conn);
        conn = NULL;
    }
    return conn;
}

/* Whether a result has come, or its end; a server that sends none in time is not asked again. */
static bool await(struct check *c, PGconn *conn, time_t end)
{
    while (PQconsumeInput(conn) == 1 && PQisBusy(conn) == 1) {
        struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};
        if (time(NULL) >= end) {
            c->unanswered = true;
            shutdown(p.fd, SHUT_RDWR);
            return false;
        }
        poll(&p, 1, 1000);
    }
    return true;
}

/* The last result of a query, or NULL. */
static PGresult *run(struct check *c, PGconn *conn, const char *query)
{
    PGresult *result = NULL;
    PGresult *next = NULL;
    time_t end = time(NULL) + CHECK_SECONDS;
    bool more = !c->unanswered && PQsendQuery(conn, query) == 1;
    while (more && await(c, conn, end) && (next = PQgetResult(conn)) != NULL) {
        PQclear(result);
        result = next;
        more = PQresultStatus(result) == PGRES_TUPLES_OK ||
               PQresultStatus(result) == PGRES_FATAL_ERROR;
    }
    return result;
}

/* The first row of a query as an object, or NULL. */
static json_t *ask(struct check *c, PGconn *conn, const char *query)
{
    json_t *row = NULL;
    PGresult *result = run(c, conn, query);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        row = json_object();
        for (int i = 0; i < PQnfields(result); i++) {
            json_object_set_new(
                row, PQfname(result, i),
                PQgetisnull(result, 0, i) ? json_null() : term_json_text(PQgetvalue(result, 0, i)));
        }
    }
    PQclear(result);
    return row;
}

static json_t *ask_sslinfo(struct check *c, PGconn *conn)
{
    json_t *place = ask(c, conn,
                        "select n.nspname as s from pg_catalog.pg_extension e join "
                        "pg_catalog.pg_namespace n on n.oid = e.extnamespace where "
                        "e.extname = 'sslinfo'");
    const char *schema = json_string_value(json_object_get(place, "s"));
    char *quoted = schema != NULL ? PQescapeIdentifier(conn, schema, strlen(schema)) : NULL;
    json_t *row = NULL;
    if (quoted != NULL) {
        char *query = xprintf("select %s.ssl_is_used(), %s.ssl_version(), %s.ssl_cipher()", quoted,
                              quoted, quoted);
        row = ask(c, conn, query);
        free(query);
    }
    PQfreemem(quoted);
    json_decref(place);
    return row;
}

static bool says_no(json_t *row, const char *key)
{
    const char *value = json_string_value(json_object_get(row, key));
    return value != NULL && strcmp(value, "f") == 0;
}

static void ask_server(struct check *c, PGconn *conn)
{
    c->server = json_object();
    json_t *version = ask(c, conn, "show server_version");
    json_t *stat = ask(c, conn,
                       "select ssl, version, cipher, bits, client_dn, issuer_dn from "
                       "pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()");
    json_t *info = ask_sslinfo(c, conn);
    if (says_no(stat, "ssl") || says_no(info, "ssl_is_used")) {
        check_found(c, "tls-ends-before-server",
                    xstrdup("The server itself sees no TLS: something in between terminates it."),
                    xstrdup("A pooler or proxy has the certificate; its own settings decide how it "
                            "connects to the server."));
    }
    if (c->unanswered) {
        check_found(
            c, "no-answer",
            xprintf("The server accepted the login, and answered no query within %d seconds.",
                    CHECK_SECONDS),
            xstrdup("If it is a pooler, it may be waiting for a free connection to its "
                    "server."));
    }
    if (version != NULL) {
        json_object_set(c->server, "version", json_object_get(version, "server_version"));
        json_decref(version);
    }
    if (stat != NULL) {
        json_object_set_new(c->server, "pg_stat_ssl", stat);
    }
    if (info != NULL) {
        json_object_set_new(c->server, "sslinfo", info);
    }
}

static void read_tls(struct check *c, PGconn *conn)
{
    const char *bits = PQsslAttribute(conn, "key_bits");
    const char *protocol = PQsslAttribute(conn, "protocol");
    const char *cipher = PQsslAttribute(conn, "cipher");
    c->protocol = xstrdup(protocol != NULL ? protocol : "");
    c->cipher = xstrdup(cipher != NULL ? cipher : "");
    c->bits = bits != NULL ? atoi(bits) : 0;
    SSL *ssl = PQsslStruct(conn, "OpenSSL");
    STACK_OF(X509) *chain = ssl != NULL ? SSL_get0_verified_chain(ssl) : NULL;
    if (chain == NULL) {
        return;
    }
    c->chain = X509_chain_up_ref(chain);
    chain_describe(c);
    if (c->certificates.n > 0) {
        chain_find_root(c);
    }
}

void session_check(struct check *c)
{
    safe_stderr(); /* libpq prints the server's notices there, also before it returns a PGconn */
    PGconn *conn = open_sealed(c);
    if (conn == NULL) {
        return;
    }
    c->connected = true;
    c->host = xstrdup(PQhost(conn));
    c->address = xstrdup(PQhostaddr(conn));
    c->port = xstrdup(PQport(conn));
    c->verified_name = xstrdup(PQhost(conn));
    if (PQsslInUse(conn)) {
        read_tls(c, conn);
    }
    ask_server(c, conn);
    PQfinish(conn);
}
