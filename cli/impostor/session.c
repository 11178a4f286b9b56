/* session: one client of our server: TLS, the login, its queries. */
#include "cli/impostor/impostor.h"
#include "cli/impostor/message.h"
#include "cli/impostor/reply.h"
#include "cli/impostor/scram.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STARTUP_MAX = 10000, MESSAGE_MAX = 16 * 1024 * 1024, TOLD_MAX = 8 };

struct connection {
    const struct session *session;
    SSL *ssl; /* once there is TLS */
    unsigned told[TOLD_KINDS];
    char *message; /* the last one, with a NUL behind it */
    size_t n;
};

static void send_event(struct connection *c, unsigned what, const char *text, size_t n)
{
    struct event event = {.what = (unsigned char)what, .tls = c->ssl != NULL};
    event.scram = c->session->scram;
    memcpy(event.text, text, n < sizeof event.text ? n : sizeof event.text - 1);
    while (send(c->session->events, &event, sizeof event, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

/* The first few of each kind; more of it shows nothing new. */
static void tell(struct connection *c, enum told what, const char *text, size_t n)
{
    if (c->told[what]++ < TOLD_MAX) {
        send_event(c, what, text, n);
    }
}

static void give_reason(struct connection *c, const char *text)
{
    send_event(c, EVENT_REASON, text, strlen(text));
}

/* Reads exactly n bytes; false at the end. */
static bool read_all(struct connection *c, char *at, size_t n)
{
    while (n > 0) {
        int want = n < 65536 ? (int)n : 65536;
        ssize_t got =
            c->ssl != NULL ? SSL_read(c->ssl, at, want) : recv(c->session->fd, at, (size_t)want, 0);
        if (got < 0 && c->ssl == NULL && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool write_all(struct connection *c, const char *at, size_t n)
{
    while (n > 0) {
        ssize_t put = c->ssl != NULL ? SSL_write(c->ssl, at, (int)n)
                                     : send(c->session->fd, at, n, MSG_NOSIGNAL);
        if (put < 0 && c->ssl == NULL && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        at += put;
        n -= (size_t)put;
    }
    return true;
}

static bool send_reply(struct connection *c, struct reply *reply)
{
    bool sent = write_all(c, reply->at, reply->n);
    reply->n = 0;
    return sent;
}

/* Reads a length word and what it counts, up to max bytes. */
static bool read_body(struct connection *c, size_t max)
{
    unsigned char size[4];
    if (!read_all(c, (char *)size, 4)) {
        return false;
    }
    size_t n = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
    if (n < 4 || n - 4 > max) {
        return false;
    }
    c->n = n - 4;
    c->message = xrealloc(c->message, c->n + 1);
    c->message[c->n] = '\0';
    return read_all(c, c->message, c->n);
}

/* Returns the type of the next message, or 0 if there is none. */
static char read_message(struct connection *c)
{
    char type = '\0';
    return read_all(c, &type, 1) && read_body(c, MESSAGE_MAX) ? type : '\0';
}

/* --- TLS */

/* What an attacker on the way can do to a handshake: let it fail. */
static void strip(struct connection *c)
{
    static const char alert[] = {21, 3, 1, 0, 2, 2, 40}; /* fatal, handshake_failure */
    char hello[16384];
    if (recv(c->session->fd, hello, sizeof hello, 0) > 0) {
        write_all(c, alert, sizeof alert);
        shutdown(c->session->fd, SHUT_WR);
    }
    give_reason(c, "the handshake was aborted");
}

static bool begin_tls(struct connection *c)
{
    if (c->session->trial->tls == TLS_STRIP) {
        strip(c);
        return false;
    }
    SSL *ssl = SSL_new(c->session->context);
    if (ssl == NULL || SSL_set_fd(ssl, c->session->fd) != 1) {
        SSL_free(ssl);
        return false;
    }
    if (SSL_accept(ssl) != 1) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        char *text = xprintf("TLS handshake: %s", reason != NULL ? reason : "the client left");
        give_reason(c, text);
        free(text);
        SSL_free(ssl);
        return false;
    }
    c->ssl = ssl;
    return true;
}

/* --- the login */

static bool login_cleartext(struct connection *c, struct reply *reply)
{
    reply_auth(reply, 3, "", 0);
    char type = send_reply(c, reply) ? read_message(c) : '\0';
    if (type != 'p') {
        give_reason(c, "the client disconnected when it was asked for a password");
        send_event(c, EVENT_LEFT_AT_PASSWORD, "", 0);
        return false;
    }
    tell(c, TOLD_PASSWORD, c->message, strlen(c->message));
    return true;
}

/* What a client that binds the channel hashes: the certificate, by the hash it is signed with. */
static unsigned binding_of(struct connection *c, unsigned char hash[EVP_MAX_MD_SIZE])
{
    unsigned n = 0;
    if (c->ssl != NULL) {
        X509_digest(SSL_get_certificate(c->ssl), EVP_sha256(), hash, &n);
    }
    return n;
}

static bool login_scram(struct connection *c, struct reply *reply)
{
    static const char plus[] = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0";
    size_t skip = c->ssl != NULL ? 0 : sizeof "SCRAM-SHA-256-PLUS";
    const char *mechanism = NULL;
    const char *first = NULL;
    size_t first_n = 0;
    struct scram scram = {0};
    char *final = NULL;
    reply_auth(reply, 10, plus + skip, sizeof plus - skip);
    const char *answer = NULL;
    if (send_reply(c, reply) && read_message(c) == 'p' &&
        sasl_initial_parse(c->message, c->n, &mechanism, &first, &first_n)) {
        answer = scram_first(&scram, first, first_n);
    }
    bool done = false;
    if (answer != NULL) {
        reply_auth(reply, 11, answer, strlen(answer));
        done = send_reply(c, reply) && read_message(c) == 'p';
    }
    if (!done) {
        give_reason(c, "the client disconnected during SCRAM");
    } else {
        unsigned char binding[EVP_MAX_MD_SIZE];
        unsigned n = binding_of(c, binding);
        tell(c, TOLD_SCRAM, c->message, c->n);
        /* An impostor does not know the password: it leaves out what it cannot compute. */
        if (c->session->trial == &trials[TRIAL_GENUINE]) {
            final = scram_final(&scram, c->message, c->n, c->session->password, binding, n);
            if (final != NULL) {
                reply_auth(reply, 12, final, strlen(final));
            } else {
                reply_error(reply, "28P01", "password authentication failed");
                send_reply(c, reply);
                give_reason(c, "SCRAM with a password other than PGPASSWORD");
                done = false;
            }
        }
    }
    free(final);
    scram_free(&scram);
    return done;
}

/* --- queries */

struct answers {
    struct statement statement; /* of the last Parse */
    unsigned parameters;
    char transaction; /* 'I' or 'T' */
};

static void answer_statement(struct answers *a, struct reply *reply, const struct statement *s)
{
    if (s->tag[0] == '\0') {
        reply_empty(reply, 'I');
        return;
    }
    if (s->rows) {
        reply_row(reply);
    }
    reply_begin(reply, 'C');
    reply_string(reply, s->tag);
    reply_end(reply);
    a->transaction = s->after != '\0' ? s->after : a->transaction;
}

/* A simple query: every statement of it has its own answer. */
static void answer_query(struct connection *c, struct answers *a, struct reply *reply)
{
    size_t n = strlen(c->message);
    for (size_t at = 0; at < n && reply_room(reply);) {
        struct statement statement;
        at += statement_parse(c->message + at, n - at, &statement);
        if (statement.rows) {
            reply_columns(reply);
        }
        if (statement.tag[0] != '\0') {
            answer_statement(a, reply, &statement);
        }
    }
    if (reply->n == 0) {
        reply_empty(reply, 'I');
    }
    reply_ready(reply, a->transaction);
}

static void answer_parse(struct connection *c, struct answers *a, struct reply *reply)
{
    size_t name = strlen(c->message);
    const char *query = name < c->n ? c->message + name + 1 : "";
    tell(c, TOLD_QUERY, query, strlen(query));
    statement_parse(query, strlen(query), &a->statement);
    a->parameters = statement_parameters(query);
    reply_empty(reply, '1');
}

static void answer_describe(const struct connection *c, const struct answers *a,
                            struct reply *reply)
{
    if (c->message[0] == 'S') {
        reply_parameters(reply, a->parameters);
    }
    if (a->statement.rows) {
        reply_columns(reply);
    } else {
        reply_empty(reply, 'n');
    }
}

static void serve(struct connection *c, struct reply *reply)
{
    struct answers answers = {.transaction = 'I'};
    bool first = true;
    for (char type; (type = read_message(c)) != '\0';) {
        if (first) {
            send_event(c, EVENT_IN, "", 0);
            first = false;
        }
        switch (type) {
        case 'X':
            return;
        case 'Q':
            tell(c, TOLD_QUERY, c->message, strlen(c->message));
            answer_query(c, &answers, reply);
            break;
        case 'P':
            answer_parse(c, &answers, reply);
            break;
        case 'B':
            reply_empty(reply, '2');
            break;
        case 'D':
            answer_describe(c, &answers, reply);
            break;
        case 'E':
            answer_statement(&answers, reply, &answers.statement);
            break;
        case 'C':
            reply_empty(reply, '3');
            break;
        case 'S':
            reply_ready(reply, answers.transaction);
            break;
        case 'F':
            reply_error(reply, "0A000", "not supported");
            reply_ready(reply, answers.transaction);
            break;
        default:
            break;
        }
        if (!send_reply(c, reply)) {
            return;
        }
    }
    if (first) {
        give_reason(c, "the client disconnected after the login");
    }
}

static void login(struct connection *c, const struct startup *startup)
{
    struct reply reply = {0};
    tell(c, TOLD_USER, startup->user, strlen(startup->user));
    if (startup->minor != 0 || startup->nunknown != 0) {
        reply_negotiate(&reply, startup->unknown, startup->nunknown);
    }
    if (c->session->scram ? login_scram(c, &reply) : login_cleartext(c, &reply)) {
        reply_welcome(&reply);
        reply_ready(&reply, 'I');
        if (send_reply(c, &reply)) {
            serve(c, &reply);
        }
    }
}

/* What stands before a login: requests for encryption, cancel requests. */
static void start(struct connection *c)
{
    char first = '\0';
    if (recv(c->session->fd, &first, 1, MSG_PEEK) == 1 && first == 0x16 &&
        (c->session->trial->tls == TLS_REFUSE || !begin_tls(c))) {
        return;
    }
    for (int round = 0; round < 4 && read_body(c, STARTUP_MAX); round++) {
        struct startup startup = startup_parse(c->message, c->n);
        bool accept =
            startup.kind == STARTUP_SSL && c->ssl == NULL && c->session->trial->tls != TLS_REFUSE;
        switch (startup.kind) {
        case STARTUP_SSL:
        case STARTUP_GSS:
            if (!write_all(c, accept ? "S" : "N", 1) || (accept && !begin_tls(c))) {
                return;
            }
            break;
        case STARTUP_CANCEL:
            tell(c, TOLD_CANCEL, "", 0);
            return;
        case STARTUP_LOGIN:
            login(c, &startup);
            return;
        default:
            give_reason(c, "the client does not speak PostgreSQL protocol 3");
            return;
        }
    }
}

void session_run(const struct session *session)
{
    struct connection c = {.session = session};
    start(&c);
    if (c.ssl != NULL) {
        SSL_shutdown(c.ssl);
        SSL_free(c.ssl);
    }
    free(c.message);
}
