/* evidence: compares a TLS session with the verdict, and records what it showed. */
#include "shim/session/evidence.h"

#include "lib/core/event/event.h"
#include "lib/core/text/calendar.h"
#include "lib/core/text/hostname.h"
#include "lib/core/text/list.h"
#include "lib/core/text/pem.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"
#include "shim/session/openssl.h"
#include "shim/session/verify_as.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BITS_LEAST = 128 };

static void hex(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static void digest(const struct openssl *o, const void *data, size_t n, char out[65])
{
    unsigned char md[64];
    unsigned size = 0;
    if (o->EVP_Digest(data, n, md, &size, o->EVP_sha256(), NULL) == 1 && size == 32) {
        hex(md, size, out);
    }
}

/* The certificate's DNS names and addresses. */
static void find_names(const struct openssl *o, const void *x, char *out, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, out, size);
    void *names = o->X509_get_ext_d2i(x, OSSL_NID_SUBJECT_ALT_NAME, NULL, NULL);
    for (int i = 0; names != NULL && i < o->OPENSSL_sk_num(names); i++) {
        int type = 0;
        const void *value = o->GENERAL_NAME_get0_value(o->OPENSSL_sk_value(names, i), &type);
        if (value == NULL || (type != OSSL_GEN_DNS && type != OSSL_GEN_IPADD)) {
            continue;
        }
        const unsigned char *bytes = o->ASN1_STRING_get0_data(value);
        int n = o->ASN1_STRING_length(value);
        char address[INET6_ADDRSTRLEN];
        strbuf_add(&t, t.len > 0 ? "," : "");
        if (type == OSSL_GEN_DNS) {
            strbuf_addn(&t, (const char *)bytes, n > 0 ? (size_t)n : 0);
        } else if ((n == 4 || n == 16) &&
                   inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address) != NULL) {
            strbuf_add(&t, address);
        }
    }
    if (names != NULL) {
        o->GENERAL_NAMES_free(names);
    }
}

static void find_not_after(const struct openssl *o, const void *x, char *out, size_t size)
{
    struct tm tm = {0};
    if (o->ASN1_TIME_to_tm(o->X509_get0_notAfter(x), &tm) != 1) {
        return;
    }
    int64_t hours = calendar_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 24 + tm.tm_hour;
    event_time(((hours * 60 + tm.tm_min) * 60 + tm.tm_sec) * 1000, out, size);
    strbuf_copy(strchr(out, '.'), sizeof "Z", "Z"); /* no milliseconds */
}

/* The DER of a certificate, malloc'ed; NULL: no memory. */
static unsigned char *encode(const struct openssl *o, const void *x, size_t *n)
{
    int size = o->i2d_X509(x, NULL);
    unsigned char *der = size > 0 ? malloc((size_t)size) : NULL;
    unsigned char *at = der;
    if (der != NULL) {
        o->i2d_X509(x, &at);
    }
    *n = size > 0 ? (size_t)size : 0;
    return der;
}

/* The root file as it was judged for this session; as it is now, if libpq loaded it in a way that
 * pgseal does not see. The caller holds it. NULL if there is none, or it has a fault. */
static struct roots *judged_roots(const struct conn_state *d)
{
    char fault[256];
    const char *path = conn_state_root(d);
    if (d->roots != NULL || path == NULL) {
        return roots_keep(d->roots);
    }
    return files_root(path, fault, sizeof fault);
}

/* Whether the anchor is in the root file. */
static bool anchored(const struct conn_state *d, const struct openssl *o, const void *anchor,
                     struct evidence *e)
{
    size_t n;
    unsigned char *der = encode(o, anchor, &n);
    struct roots *roots = judged_roots(d);
    bool held = der != NULL && roots != NULL && pem_holds(&roots->blocks, der, n);
    if (held && d->policy->log_all) { /* only the witness line has it, and a bundle is long */
        digest(o, roots->bytes, roots->len, e->root_sha256);
    }
    roots_release(roots);
    free(der);
    return held;
}

/* The address that is connected to for a canonical address: for 0.0.0.0 and :: the loopback address
 * (ip(7)). */
static const char *peer_of(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 ? "127.0.0.1"
           : strcmp(address, "::") == 0    ? "::1"
                                           : address;
}

/* How well the peer matches one element of the decided list. */
enum agreement { OTHER_HOST, OTHER_PORT, OTHER_ADDRESS, NOT_SHOWN, AGREES };

static enum agreement agree(const struct conn_state *d, size_t i, const char *host,
                            const char *address, int port, const struct sockaddr_storage *peer)
{
    char name[HOST_MAX];
    char decided[HOST_MAX];
    bool fits = list_copy(d->hostaddr, i, decided, sizeof decided);
    fits = list_copy(d->hosts, i, name, sizeof name) && fits;
    if (!fits || strcmp(host, name[0] != '\0' ? name : decided) != 0) {
        return OTHER_HOST;
    }
    list_copy(d->port, list_length(d->port) == 1 ? 0 : i, name, sizeof name);
    if (port_number(name[0] != '\0' ? name : "5432") != port) {
        return OTHER_PORT;
    }
    if (decided[0] == '\0') {
        return verify_as_dialled(d, host, port, peer) ? AGREES : NOT_SHOWN;
    }
    decided[strcspn(decided, "%")] = '\0'; /* inet_ntop(3) writes no scope */
    bool same = host_canonical(decided, name, sizeof name) &&
                host_canonical(address, decided, sizeof decided) &&
                strcmp(peer_of(name), decided) == 0;
    return same ? AGREES : OTHER_ADDRESS;
}

/* Compares the session's host, port and address family with the verdict. NULL if they match. */
static const char *judge_peer(const struct conn_state *d, PGconn *conn, struct evidence *e)
{
    static const char *const reasons[] = {
        [OTHER_HOST] = "the session is with an unexpected host",
        [OTHER_PORT] = "the session is on an unexpected port",
        [OTHER_ADDRESS] = "the session is with an unexpected address",
        [NOT_SHOWN] = "the address did not come from a lookup of the requested name",
    };
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    char address[INET6_ADDRSTRLEN] = "";
    int port = -1;

    if (getpeername(d->libpq.PQsocket(conn), (struct sockaddr *)&peer, &len) != 0) {
        /* ENOTSOCK: libpq waits for another descriptor while its OAuth module asks the issuer. */
        e->gone = errno == ENOTCONN || errno == ENOTSOCK;
        e->note = e->gone ? NULL
                          : "getpeername does not tell whom the session is with: only libpq's own "
                            "verification of the name applies";
        return e->gone || d->ndials == 0 ? NULL : reasons[NOT_SHOWN];
    }
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&peer;
        inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
        port = ntohs(in->sin_port);
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&peer;
        inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof address);
        port = ntohs(in6->sin6_port);
    } else {
        return "the session does not use a TCP socket";
    }
    const char *host = d->libpq.PQhost(conn);
    enum agreement best = OTHER_HOST;
    size_t hosts = list_length(d->hosts);
    size_t addresses = list_length(d->hostaddr);
    for (size_t i = 0; host != NULL && i < (hosts > addresses ? hosts : addresses); i++) {
        enum agreement this = agree(d, i, host, address, port, &peer);
        best = this > best ? this : best;
    }
    strbuf_copy(e->verified_name, sizeof e->verified_name, best != OTHER_HOST ? host : "");
    return best == AGREES ? NULL : reasons[best];
}

/* The second word of "OpenSSL 3.0.15 3 Sep 2024". */
static void find_version(const struct openssl *o, char *out, size_t size)
{
    struct strbuf t;
    const char *name = o->OpenSSL_version(OSSL_VERSION_TEXT);
    const char *version = name != NULL ? strchr(name, ' ') : NULL;
    strbuf_init(&t, out, size);
    if (version != NULL) {
        strbuf_addn(&t, version + 1, strcspn(version + 1, " "));
    }
}

static void describe_peer(const struct openssl *o, const void *leaf, struct evidence *e)
{
    size_t n;
    unsigned char *der = encode(o, leaf, &n);
    if (der != NULL) {
        digest(o, der, n, e->sha256);
    }
    free(der);
    o->X509_NAME_oneline(o->X509_get_subject_name(leaf), e->subject, sizeof e->subject);
    o->X509_NAME_oneline(o->X509_get_issuer_name(leaf), e->issuer, sizeof e->issuer);
    find_names(o, leaf, e->names, sizeof e->names);
    find_not_after(o, leaf, e->not_after, sizeof e->not_after);
}

/* Compares what libpq's OpenSSL reports about the session with the verdict. NULL if it matches. */
static const char *judge_tls(const struct conn_state *d, const struct openssl *o, const void *ssl,
                             struct evidence *e)
{
    const void *cipher = o->SSL_get_current_cipher(ssl);
    const void *chain = o->SSL_get0_verified_chain(ssl);
    int certificates = chain != NULL ? o->OPENSSL_sk_num(chain) : 0;

    find_version(o, e->openssl, sizeof e->openssl);
    strbuf_copy(e->protocol, sizeof e->protocol, o->SSL_get_version(ssl));
    if (cipher != NULL) {
        strbuf_copy(e->cipher, sizeof e->cipher, o->SSL_CIPHER_get_name(cipher));
        e->bits = o->SSL_CIPHER_get_bits(cipher, NULL);
    }
    if (certificates > 0 && d->policy->log_all) { /* only the witness line has it */
        describe_peer(o, o->OPENSSL_sk_value(chain, 0), e);
    }
    if ((o->SSL_get_verify_mode(ssl) & OSSL_VERIFY_PEER) == 0) {
        return "verification of the server's certificate was not requested";
    }
    if (o->SSL_get_verify_result(ssl) != 0 || certificates == 0) {
        return "the server's certificate was not verified";
    }
    if (o->SSL_version(ssl) < (d->min_tls >= 13 ? OSSL_TLS1_3 : OSSL_TLS1_2)) {
        return "the session's protocol is older than the policy allows";
    }
    if (e->bits < BITS_LEAST) {
        return "the session's cipher has fewer than 128 bits";
    }
    if (!anchored(d, o, o->OPENSSL_sk_value(chain, certificates - 1), e)) {
        return "the server's chain does not end in one of the policy's roots";
    }
    return NULL;
}

/* Whether a libpq without access to its OpenSSL session says that it uses OpenSSL
 * (PQsslAttribute(3): "library"). */
static bool claims_openssl(const struct conn_state *d, PGconn *conn)
{
    if (d->libpq.PQsslStruct == NULL || d->libpq.PQsslAttribute == NULL) {
        return false;
    }
    const char *library = d->libpq.PQsslAttribute(conn, "library");
    return library == NULL || strcmp(library, "OpenSSL") == 0;
}

const char *evidence_gather(const struct conn_state *d, PGconn *conn, struct evidence *e)
{
    memset(e, 0, sizeof *e);
    if (!session_in_tls(d, conn)) {
        return "the session does not use TLS";
    }
    if (d->libpq.PQgssEncInUse != NULL && d->libpq.PQgssEncInUse(conn) != 0) {
        return "the session is encrypted by GSSAPI, which verifies no certificate";
    }
    const char *reason = judge_peer(d, conn, e);
    if (reason != NULL) {
        return reason;
    }
    const void *ssl = d->libpq.PQsslStruct != NULL ? d->libpq.PQsslStruct(conn, "OpenSSL") : NULL;
    if (ssl == NULL && claims_openssl(d, conn)) {
        return "libpq reports TLS, but the session has none";
    }
    const struct openssl *o = ssl != NULL ? openssl_of(d->libpq.linked) : NULL;
    const char *missing =
        ssl == NULL ? "this libpq exposes no OpenSSL session: only libpq's own verification applies"
        : o == NULL ? "out of memory: only libpq's own verification applies"
                    : o->missing;
    if (missing != NULL) {
        e->note = missing;
        return NULL;
    }
    reason = judge_tls(d, o, ssl, e);
    o->ERR_clear_error(); /* an error that was left there must not become libpq's next message */
    return reason;
}
