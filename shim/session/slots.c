/* slots: what pgseal does where libpq calls out of itself. */
#include "shim/session/slots.h"

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

void *slot_ldap_init(struct linked *libpq, const char *host, int port)
{
    return ldap_refused(libpq->real.ldap_init, host, port);
}

int slot_X509_STORE_load_locations(struct linked *libpq, void *store, const char *file,
                                   const char *dir)
{
    return crl_load(libpq->real.X509_STORE_load_locations, store, file, dir);
}

int slot_SSL_CTX_load_verify_locations(struct linked *libpq, void *ctx, const char *file,
                                       const char *dir)
{
    return root_load(libpq->real.SSL_CTX_load_verify_locations, ctx, file, dir);
}
