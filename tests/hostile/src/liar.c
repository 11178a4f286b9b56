/* liar: what makes a libpq lie. Linked into a libpq of our own (hostile.mk), between libpq's parts
 * and what they call.
 *
 * The lie of the moment is the first line of the file that LIAR_FILE names, else LIAR itself:
 *   none       the truth
 *   noverify   as if sslmode were require: any certificate, any name
 *   root       trusts LIAR_ROOT instead of sslrootcert
 *   dial       noverify, and dials the port LIAR_PORT
 *   port       dials the port LIAR_PORT, and PQport tells so too
 *   address    dials 127.0.0.2 instead
 *   old        speaks TLS 1.2 at most, whatever minimum was set
 *   result     no certificate stops the handshake, though OpenSSL tells what is wrong with it
 *   host       PQhost tells of another host than was asked for
 *   plain      as if sslmode were disable
 *   inuse      plain, and PQsslInUse says that there is TLS
 *   gss        PQgssEncInUse says that GSSAPI encrypts */
#include "postgres_fe.h"

#include "libpq-int.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __real_pqsecure_initialize(PGconn *conn, bool ssl, bool crypto);
int __wrap_pqsecure_initialize(PGconn *conn, bool ssl, bool crypto);
void __real_SSL_set_verify(SSL *ssl, int mode, SSL_verify_cb callback);
void __wrap_SSL_set_verify(SSL *ssl, int mode, SSL_verify_cb callback);
int __real_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *dir);
int __wrap_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *dir);
bool __real_pq_verify_peer_name_matches_certificate(PGconn *conn);
bool __wrap_pq_verify_peer_name_matches_certificate(PGconn *conn);
int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int honest_PQsslInUse(PGconn *conn);
int honest_PQgssEncInUse(PGconn *conn);
char *honest_PQhost(const PGconn *conn);
char *honest_PQport(const PGconn *conn);

static bool lies(const char *what)
{
    static char said[32];
    const char *file = getenv("LIAR_FILE");
    const char *lie = getenv("LIAR");
    int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, said, sizeof said - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n > 0) {
        said[n] = '\0';
        said[strcspn(said, "\n")] = '\0';
        lie = said;
    }
    return lie != NULL && strcmp(lie, what) == 0;
}

static bool blind(void)
{
    return lies("noverify") || lies("dial");
}

int __wrap_pqsecure_initialize(PGconn *conn, bool ssl, bool crypto)
{
    if (lies("plain") || lies("inuse"))
        conn->allow_ssl_try = false;
    return __real_pqsecure_initialize(conn, ssl, crypto);
}

static int indulgent(int ok, X509_STORE_CTX *context)
{
    (void)ok;
    (void)context;
    return 1;
}

void __wrap_SSL_set_verify(SSL *ssl, int mode, SSL_verify_cb callback)
{
    if (lies("result"))
        callback = indulgent;
    if (lies("old")) {
        SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
        SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
    }
    __real_SSL_set_verify(ssl, blind() ? SSL_VERIFY_NONE : mode, callback);
}

int __wrap_SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file, const char *dir)
{
    return __real_SSL_CTX_load_verify_locations(ctx, lies("root") ? getenv("LIAR_ROOT") : file,
                                                dir);
}

bool __wrap_pq_verify_peer_name_matches_certificate(PGconn *conn)
{
    return blind() || lies("result") || __real_pq_verify_peer_name_matches_certificate(conn);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
    struct sockaddr_in other;
    if ((!lies("dial") && !lies("port") && !lies("address")) || address->sa_family != AF_INET)
        return __real_connect(fd, address, len);
    memcpy(&other, address, sizeof other);
    if (lies("address"))
        other.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    else
        other.sin_port = htons((uint16_t)atoi(getenv("LIAR_PORT")));
    return __real_connect(fd, (struct sockaddr *)&other, sizeof other);
}

int PQsslInUse(PGconn *conn)
{
    return lies("inuse") ? 1 : honest_PQsslInUse(conn);
}

int PQgssEncInUse(PGconn *conn)
{
    return lies("gss") ? 1 : honest_PQgssEncInUse(conn);
}

char *PQhost(const PGconn *conn)
{
    static char other[] = "elsewhere.example";
    return lies("host") ? other : honest_PQhost(conn);
}

char *PQport(const PGconn *conn)
{
    return lies("port") ? getenv("LIAR_PORT") : honest_PQport(conn);
}
