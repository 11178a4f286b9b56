/* naive: what a first attempt at this looks like: a preloaded object that is linked to libpq and
 * OpenSSL. */
#include <libpq-fe.h>
#include <openssl/ssl.h>

PGconn *naive_connect(const char *conninfo);
PGconn *naive_connect(const char *conninfo)
{
    return TLS_client_method() != NULL ? PQconnectdb(conninfo) : NULL;
}
