/* evidence: holds a TLS session against the decision, and writes down what it showed. */
#include "evidence.h"

#include "core/hostname.h"
#include "core/pem.h"
#include "core/text.h"
#include "objects.h"
#include "openssl.h"
#include "sys.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BITS_LEAST = 128, ROOT_MAX = 64 << 20 };

/* The objects that the dynamic linker has bound this libpq's own imports to: just those hold its
 * session. (dlsym with a link map as its handle is no way: one that was never dlopen'ed has no
 * search list yet.) */
struct binding {
    struct object ssl;
    struct object crypto;
    bool have_ssl, have_crypto;
};

static bool find_binding(const char *name, void *const *slot, void *data)
{
    struct binding *b = data;
    struct object o;
    if (!b->have_ssl && strncmp(name, "SSL_", 4) == 0 && object_of(*slot, &o)) {
        b->ssl = o;
        b->have_ssl = object_symbol(&o, "SSL_get_verify_result") != NULL;
    } else if (!b->have_crypto &&
               (strncmp(name, "X509_", 5) == 0 || strncmp(name, "ERR_", 4) == 0) &&
               object_of(*slot, &o)) {
        b->crypto = o;
        b->have_crypto = object_symbol(&o, "X509_get_subject_name") != NULL;
    }
    return b->have_ssl && b->have_crypto;
}

/* Finds the OpenSSL that this libpq uses; a bundled one has names of its own. NULL: found; else
 * what is missing. */
static const char *find_openssl(const struct libpq *pq, struct openssl *o)
{
    struct binding b = {0};
    struct object libpq;
    if (!object_of((const void *)pq->PQconnectPoll, &libpq) ||
        !object_each_import(&libpq, find_binding, &b))
        return "this libpq's OpenSSL cannot be found: libpq's own verification stands alone";
#define OPENSSL_FIND(type, name, parameters)                                                       \
    o->name = (type(*) parameters)object_symbol(&b.ssl, #name);                                    \
    if (o->name == NULL)                                                                           \
        o->name = (type(*) parameters)object_symbol(&b.crypto, #name);                             \
    if (o->name == NULL)                                                                           \
        return "this libpq's OpenSSL has no " #name ": libpq's own verification stands alone";
    OPENSSL_FUNCTIONS(OPENSSL_FIND)
#undef OPENSSL_FIND
    return NULL;
}

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
    if (o->EVP_Digest(data, n, md, &size, o->EVP_sha256(), NULL) == 1 && size == 32)
        hex(md, size, out);
}

/* The certificate's DNS names and addresses. */
static void find_names(const struct openssl *o, const void *x, char *out, size_t size)
{
    struct text t;
    text_init(&t, out, size);
    void *names = o->X509_get_ext_d2i(x, OSSL_NID_SUBJECT_ALT_NAME, NULL, NULL);
    for (int i = 0; names != NULL && i < o->OPENSSL_sk_num(names); i++) {
        int type = 0;
        const void *value = o->GENERAL_NAME_get0_value(o->OPENSSL_sk_value(names, i), &type);
        if (value == NULL || (type != OSSL_GEN_DNS && type != OSSL_GEN_IPADD))
            continue;
        const unsigned char *bytes = o->ASN1_STRING_get0_data(value);
        int n = o->ASN1_STRING_length(value);
        char address[INET6_ADDRSTRLEN];
        text_add(&t, t.len > 0 ? "," : "");
        if (type == OSSL_GEN_DNS)
            text_addn(&t, (const char *)bytes, n > 0 ? (size_t)n : 0);
        else if ((n == 4 || n == 16) &&
                 inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address) != NULL)
            text_add(&t, address);
    }
    if (names != NULL)
        o->GENERAL_NAMES_free(names);
}

static void find_not_after(const struct openssl *o, const void *x, char *out, size_t size)
{
    struct tm tm = {0};
    struct text t;
    text_init(&t, out, size);
    if (o->ASN1_TIME_to_tm(o->X509_get0_notAfter(x), &tm) != 1)
        return;
    const struct {
        int value;
        unsigned width;
        const char *after;
    } parts[] = {{tm.tm_year + 1900, 4, "-"}, {tm.tm_mon + 1, 2, "-"}, {tm.tm_mday, 2, "T"},
                 {tm.tm_hour, 2, ":"},        {tm.tm_min, 2, ":"},     {tm.tm_sec, 2, "Z"}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        text_add_uint(&t, (uint64_t)parts[i].value, parts[i].width);
        text_add(&t, parts[i].after);
    }
}

/* The DER of a certificate, malloc'ed; NULL: no memory. */
static unsigned char *encode(const struct openssl *o, const void *x, size_t *n)
{
    int size = o->i2d_X509(x, NULL);
    unsigned char *der = size > 0 ? malloc((size_t)size) : NULL;
    unsigned char *at = der;
    if (der != NULL)
        o->i2d_X509(x, &at);
    *n = size > 0 ? (size_t)size : 0;
    return der;
}

/* Whether the anchor stands in the root file: as it was judged, or as it is now (a bundle may be
 * rotated in between). */
static bool anchored(const struct decision *d, const struct openssl *o, const void *anchor,
                     struct evidence *e)
{
    size_t n;
    size_t len = 0;
    unsigned char *der = encode(o, anchor, &n);
    bool held =
        der != NULL && d->root_bytes != NULL && pem_holds(d->root_bytes, d->root_len, der, n);
    if (held) {
        digest(o, d->root_bytes, d->root_len, e->root_sha256);
    } else if (der != NULL && d->root != NULL) {
        int fd = open(d->root, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        char *bytes = fd >= 0 ? sys_read_file(fd, ROOT_MAX, false, &len) : NULL;
        held = bytes != NULL && pem_holds(bytes, len, der, n);
        if (held)
            digest(o, bytes, len, e->root_sha256);
        free(bytes);
        if (fd >= 0)
            close(fd);
    }
    free(der);
    return held;
}

/* The i-th element of a list equals s. */
static bool element_is(const char *element, size_t len, const char *s)
{
    return strlen(s) == len && memcmp(element, s, len) == 0;
}

/* Whether list (NULL: empty) has s as an element; *at is where. */
static bool listed(const char *list, const char *s, size_t *at)
{
    size_t i = 0;
    for (const char *e = list; e != NULL; i++) {
        size_t len = strcspn(e, ",");
        if (element_is(e, len, s)) {
            *at = i;
            return true;
        }
        e = e[len] == ',' ? e + len + 1 : NULL;
    }
    return false;
}

bool evidence_socket_listed(const struct decision *d)
{
    for (const char *e = d->hosts; e != NULL;
         e = strchr(e, ',') != NULL ? strchr(e, ',') + 1 : NULL)
        if (e[0] == '/' || e[0] == '@' || e[0] == '\0' || e[0] == ',')
            return true;
    return false;
}

/* Host, port and address family of the session are the decided ones. NULL: they are. */
static const char *judge_peer(const struct decision *d, PGconn *conn, struct evidence *e)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    char address[INET6_ADDRSTRLEN] = "";
    int port = -1;
    size_t at;

    if (getpeername(d->libpq.PQsocket(conn), (struct sockaddr *)&peer, &len) != 0)
        return NULL; /* gone already; nothing can be sent on it either */
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&peer;
        inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
        port = ntohs(in->sin_port);
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&peer;
        inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof address);
        port = ntohs(in6->sin6_port);
    } else {
        return "the session is on no TCP socket";
    }
    const char *host = d->libpq.PQhost(conn);
    if (host == NULL || (!listed(d->hosts, host, &at) && !listed(d->addresses, host, &at)))
        return "the session is with another host than was decided";
    text_copy(e->verified_name, sizeof e->verified_name, host);
    if (port_number(d->libpq.PQport(conn)) != port && port_number(d->libpq.PQport(conn)) > 0)
        return "the session is on another port than was decided";
    char canonical[HOST_MAX];
    char dialled[HOST_MAX];
    if (d->addresses != NULL && host_canonical(address, dialled, sizeof dialled)) {
        bool matches = false;
        for (const char *a = d->addresses; a != NULL;
             a = strchr(a, ',') != NULL ? strchr(a, ',') + 1 : NULL) {
            char element[HOST_MAX];
            struct text t;
            text_init(&t, element, sizeof element);
            text_addn(&t, a, strcspn(a, ","));
            matches = matches || t.len == 0 ||
                      (host_canonical(element, canonical, sizeof canonical) &&
                       strcmp(canonical, dialled) == 0);
        }
        if (!matches)
            return "the session is with another address than was decided";
    }
    return NULL;
}

/* What libpq's OpenSSL says of the session. NULL: as decided. */
static const char *judge_tls(const struct decision *d, const struct openssl *o, const void *ssl,
                             struct evidence *e)
{
    const void *cipher = o->SSL_get_current_cipher(ssl);
    const void *chain = o->SSL_get0_verified_chain(ssl);
    int certificates = chain != NULL ? o->OPENSSL_sk_num(chain) : 0;

    text_copy(e->protocol, sizeof e->protocol, o->SSL_get_version(ssl));
    if (cipher != NULL) {
        text_copy(e->cipher, sizeof e->cipher, o->SSL_CIPHER_get_name(cipher));
        e->bits = o->SSL_CIPHER_get_bits(cipher, NULL);
    }
    if (certificates > 0) {
        const void *leaf = o->OPENSSL_sk_value(chain, 0);
        size_t n;
        unsigned char *der = encode(o, leaf, &n);
        if (der != NULL)
            digest(o, der, n, e->sha256);
        free(der);
        o->X509_NAME_oneline(o->X509_get_subject_name(leaf), e->subject, sizeof e->subject);
        o->X509_NAME_oneline(o->X509_get_issuer_name(leaf), e->issuer, sizeof e->issuer);
        find_names(o, leaf, e->names, sizeof e->names);
        find_not_after(o, leaf, e->not_after, sizeof e->not_after);
    }
    if ((o->SSL_get_verify_mode(ssl) & OSSL_VERIFY_PEER) == 0)
        return "the server's certificate was not asked to be verified";
    if (o->SSL_get_verify_result(ssl) != 0 || certificates == 0)
        return "the server's certificate was not verified";
    if (o->SSL_version(ssl) < (d->min_tls >= 13 ? OSSL_TLS1_3 : OSSL_TLS1_2))
        return "the session's protocol is older than the policy allows";
    if (e->bits < BITS_LEAST)
        return "the session's cipher has less than 128 bits";
    if (!anchored(d, o, o->OPENSSL_sk_value(chain, certificates - 1), e))
        return "the server's chain does not end in one of the policy's roots";
    return NULL;
}

const char *evidence_gather(const struct decision *d, PGconn *conn, struct evidence *e)
{
    struct openssl o;
    memset(e, 0, sizeof *e);
    if (d->libpq.PQsslInUse == NULL || d->libpq.PQsslInUse(conn) != 1)
        return "the session is not in TLS";
    if (d->libpq.PQgssEncInUse != NULL && d->libpq.PQgssEncInUse(conn) != 0)
        return "the session is encrypted by GSSAPI, which verifies no certificate";
    const char *why = judge_peer(d, conn, e);
    if (why != NULL)
        return why;
    const void *ssl = d->libpq.PQsslStruct != NULL ? d->libpq.PQsslStruct(conn, "OpenSSL") : NULL;
    e->note = ssl == NULL
                  ? "this libpq shows no OpenSSL session: libpq's own verification stands alone"
                  : find_openssl(&d->libpq, &o);
    if (e->note != NULL)
        return NULL;
    why = judge_tls(d, &o, ssl, e);
    o.ERR_clear_error(); /* what a look left there must not become libpq's next message */
    return why;
}
