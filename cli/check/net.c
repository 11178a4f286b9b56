/* net: the tool's own connections: a handshake that only inspects, and the probe whether a server
 * also accepts plaintext. */
#include "cli/check/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* When a step that begins now must have ended, however slowly the peer sends. */
static long long step_end(void)
{
    return now_ms() + CHECK_SECONDS * 1000LL;
}

/* Waits for the events until end; false with errno if it comes first. */
static bool await(int fd, short events, long long end)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        long long left = end - now_ms();
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            errno = ready == 0 ? EAGAIN : errno;
            return false;
        }
    }
}

static int connect_within(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    int error = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        socklen_t len = sizeof error;
        if (!await(fd, POLLOUT, step_end())) {
            error = ETIMEDOUT;
        } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
            error = errno;
        }
    }
    if (error == 0) {
        return fd;
    }
    close(fd);
    errno = error;
    return -1;
}

int net_connect(const char *host, const char *port, char **address, char **reason, bool *no_address)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    *address = *reason = NULL;
    long number = strtol(port, NULL, 10);
    if (number < 1 || number > 65535) { /* getaddrinfo(3) takes it modulo 65536 */
        *no_address = false;
        *reason = xstrdup("the port is not a number from 1 to 65535");
        return -1;
    }
    char service[8]; /* libpq allows blanks around the number, getaddrinfo(3) does not */
    snprintf(service, sizeof service, "%ld", number);
    int error = getaddrinfo(host, service, &hints, &list);
    *no_address = error != 0;
    if (error != 0) {
        *reason = xstrdup(error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return -1;
    }
    int fd = -1;
    int last = ECONNREFUSED;
    for (const struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
        char text[NI_MAXHOST] = "";
        fd = connect_within(a);
        last = fd < 0 ? errno : 0;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) ==
            0) {
            free(*address);
            *address = xstrdup(text);
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        *reason = xstrdup(strerror(last));
    }
    return fd;
}

static bool send_all(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    long long end = step_end();
    while (n > 0) {
        ssize_t sent = await(fd, POLLOUT, end) ? send(fd, at, n, MSG_NOSIGNAL) : -1;
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Reads n bytes; how many came before the end (errno is 0), an error or the time limit. */
static size_t receive(int fd, void *bytes, size_t n)
{
    size_t got = 0;
    long long end = step_end();
    while (got < n) {
        ssize_t more = await(fd, POLLIN, end) ? recv(fd, (char *)bytes + got, n - got, 0) : -1;
        if (more < 0 && errno == EINTR) {
            continue;
        }
        if (more <= 0) {
            errno = more == 0 ? 0 : errno;
            break;
        }
        got += (size_t)more;
    }
    return got;
}

/* Why a peer sent no more; error is of the call that read, 0 for the end. */
static char *silence(int error)
{
    if (error == EAGAIN || error == EWOULDBLOCK) {
        return xprintf("no reply within %d seconds", CHECK_SECONDS);
    }
    return xstrdup(error == ECONNRESET ? "the server reset the connection"
                                       : "the server closed the connection");
}

static char *openssl_words(int error)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    char *words = reason != NULL ? xstrdup(reason) : silence(error);
    ERR_clear_error();
    return words;
}

static SSL_CTX *make_context(int min, int max)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL) {
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    if (min < TLS1_2_VERSION) {
        SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0");
    }
    if (SSL_CTX_set_min_proto_version(ctx, min) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, max) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* SSL_connect within the time limit; *error is errno of the call that failed. */
static bool connect_tls(SSL *ssl, int fd, int *error)
{
    long long end = step_end();
    for (;;) {
        errno = 0;
        int done = SSL_connect(ssl);
        *error = errno;
        int want = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, done);
        if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
            return done == 1;
        }
        if (!await(fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end)) {
            *error = errno;
            return false;
        }
    }
}

static void shake_hands(struct peer *p, int fd, const char *sni, int min, int max)
{
    SSL_CTX *ctx = make_context(min, max);
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    p->stage = PEER_NO_HANDSHAKE;
    if (ssl != NULL && sni != NULL) {
        char *name = xstrdup(sni);
        SSL_set_tlsext_host_name(ssl, name);
        free(name);
    }
    int error = 0;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || !connect_tls(ssl, fd, &error)) {
        p->reason = openssl_words(error);
    } else {
        STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
        p->stage = PEER_TLS;
        p->protocol = xstrdup(SSL_get_version(ssl));
        p->cipher = xstrdup(SSL_get_cipher_name(ssl));
        p->bits = SSL_get_cipher_bits(ssl, NULL);
        p->chain = chain != NULL ? X509_chain_up_ref(chain) : NULL;
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

void peer_look(struct peer *p, const char *host, const char *port, const char *sni, int min,
               int max)
{
    static const unsigned char request[] = {0, 0, 0, 8, 4, 210, 22, 47}; /* SSLRequest */
    bool no_address = false;
    char answer = '\0';
    *p = (struct peer){0};
    ERR_clear_error();
    int fd = net_connect(host, port, &p->address, &p->reason, &no_address);
    if (fd < 0) {
        p->stage = no_address ? PEER_NO_ADDRESS : PEER_NO_CONNECTION;
        return;
    }
    if (!send_all(fd, request, sizeof request) || receive(fd, &answer, 1) != 1) {
        char *words = silence(errno);
        p->stage = PEER_NO_ANSWER;
        p->reason = xprintf("%s, after SSLRequest", words);
        free(words);
    } else if (answer == 'S') {
        shake_hands(p, fd, sni, min, max);
    } else if (answer == 'N') {
        p->stage = PEER_NO_TLS;
        p->reason = xstrdup("the server does not offer it");
    } else {
        p->stage = PEER_NO_ANSWER;
        p->reason = xstrdup(answer == 'E' ? "the server answered SSLRequest with an error"
                                          : "its reply to SSLRequest is not PostgreSQL's");
    }
    close(fd);
}

void peer_free(struct peer *p)
{
    free(p->reason);
    free(p->address);
    free(p->protocol);
    free(p->cipher);
    sk_X509_pop_free(p->chain, X509_free);
    *p = (struct peer){0};
}

static void add_string(unsigned char *packet, size_t *n, const char *s)
{
    size_t len = strlen(s) + 1;
    memcpy(packet + *n, s, len);
    *n += len;
}

/* The fields C (SQLSTATE) and M (message) of an ErrorResponse. */
static void read_error(int fd, char state[6], char **message)
{
    unsigned char length[4];
    char body[4096];
    state[0] = '\0';
    *message = NULL;
    if (receive(fd, length, sizeof length) != sizeof length) {
        return;
    }
    size_t n = (size_t)length[2] << 8 | length[3];
    n = length[0] != 0 || length[1] != 0 || n > sizeof body ? sizeof body : n > 4 ? n - 4 : 0;
    n = receive(fd, body, n);
    for (size_t at = 0; at < n && body[at] != '\0';) {
        const char *end = memchr(body + at + 1, '\0', n - at - 1);
        if (end == NULL) {
            return;
        }
        if (body[at] == 'C' && end - (body + at + 1) == 5) {
            memcpy(state, body + at + 1, 6);
        } else if (body[at] == 'M' && *message == NULL) {
            *message = cleaned(body + at + 1, false);
        }
        at = (size_t)(end - body) + 1;
    }
}

static enum answer read_answer(int fd, char **words)
{
    char type = '\0';
    char state[6];
    if (receive(fd, &type, 1) != 1) {
        *words = xstrdup("no answer");
        return ANSWER_UNCLEAR;
    }
    if (type == 'R') {
        *words = xstrdup("it went on to authentication");
        return ANSWER_YES;
    }
    if (type != 'E') {
        *words = xstrdup("an answer that is not PostgreSQL's");
        return ANSWER_UNCLEAR;
    }
    read_error(fd, state, words);
    if (*words == NULL) {
        *words = xstrdup("an error without a message");
    }
    /* 28000 is what pg_hba.conf says no with; poolers use a protocol error. */
    bool refused = strcmp(state, "28000") == 0 ||
                   (strcmp(state, "08P01") == 0 && strstr(*words, "SSL") != NULL) ||
                   strstr(*words, "no encryption") != NULL;
    return refused ? ANSWER_NO : ANSWER_UNCLEAR;
}

enum answer plaintext_probe(const char *host, const char *port, const char *user,
                            const char *dbname, char **words)
{
    char *address = NULL;
    bool no_address = false;
    int fd = net_connect(host, port, &address, words, &no_address);
    free(address);
    if (fd < 0) {
        return ANSWER_UNCLEAR;
    }
    size_t n = 4;
    unsigned char *packet = xcalloc(1, strlen(user) + strlen(dbname) + 64);
    packet[n++] = 0, packet[n++] = 3, packet[n++] = 0, packet[n++] = 0;
    add_string(packet, &n, "user");
    add_string(packet, &n, user);
    add_string(packet, &n, "database");
    add_string(packet, &n, dbname);
    packet[n++] = '\0';
    packet[2] = (unsigned char)(n >> 8), packet[3] = (unsigned char)n;
    enum answer answer = ANSWER_UNCLEAR;
    if (n > 10000 || !send_all(fd, packet, n)) {
        *words = xstrdup("the probe could not be sent");
    } else {
        answer = read_answer(fd, words);
    }
    free(packet);
    close(fd);
    return answer;
}
