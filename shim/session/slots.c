/* slots: what pgseal does where libpq calls out of itself. */
#include "shim/session/slots.h"

#include "shim/session/client_key.h"
#include "shim/session/crl.h"
#include "shim/session/ldap.h"
#include "shim/session/passfile.h"
#include "shim/session/root_load.h"
#include "shim/session/verify_as.h"

int slot_getaddrinfo(struct linked *libpq, const char *node, const char *service,
                     const struct addrinfo *hints, struct addrinfo **res)
{
    return verify_as_getaddrinfo(libpq->real.getaddrinfo, node, service, hints, res);
}

FILE *slot_fopen(struct linked *libpq, const char *path, const char *mode)
{
    return passfile_fopen(libpq->real.fopen, libpq->base, path, mode);
}

FILE *slot_fopen64(struct linked *libpq, const char *path, const char *mode)
{
    return passfile_fopen(libpq->real.fopen64, libpq->base, path, mode);
}

/* libpq looks at a default file before it opens it. */

int slot_stat(struct linked *libpq, const char *path, void *buf)
{
    return client_key_left_out(path) ? -1 : root_looked_for(path, libpq->real.stat(path, buf));
}

int slot_stat64(struct linked *libpq, const char *path, void *buf)
{
    return client_key_left_out(path) ? -1 : root_looked_for(path, libpq->real.stat64(path, buf));
}

int slot___xstat(struct linked *libpq, int version, const char *path, void *buf)
{
    return client_key_left_out(path)
               ? -1
               : root_looked_for(path, libpq->real.__xstat(version, path, buf));
}

int slot___xstat64(struct linked *libpq, int version, const char *path, void *buf)
{
    return client_key_left_out(path)
               ? -1
               : root_looked_for(path, libpq->real.__xstat64(version, path, buf));
}

void *slot_ENGINE_by_id(struct linked *libpq, const char *id)
{
    return client_key_engine(libpq->real.ENGINE_by_id, id);
}

void *slot_ldap_init(struct linked *libpq, const char *host, int port)
{
    return ldap_refused(libpq->real.ldap_init, host, port);
}

int slot_X509_STORE_load_locations(struct linked *libpq, void *store, const char *file,
                                   const char *dir)
{
    return crl_load(libpq, store, file, dir);
}

int slot_SSL_CTX_load_verify_locations(struct linked *libpq, void *ctx, const char *file,
                                       const char *dir)
{
    return root_load(libpq->real.SSL_CTX_load_verify_locations, ctx, file, dir);
}
