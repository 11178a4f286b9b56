/* slots: what pgseal does where libpq calls out of itself. */
#include "shim/session/slots.h"

int slot_getaddrinfo(struct linked *libpq, const char *node, const char *service,
                     const struct addrinfo *hints, struct addrinfo **res)
{
    return libpq->real.getaddrinfo(node, service, hints, res);
}

void *slot_ldap_init(struct linked *libpq, const char *host, int port)
{
    return libpq->real.ldap_init(host, port);
}

int slot_X509_STORE_load_locations(struct linked *libpq, void *store, const char *file,
                                   const char *dir)
{
    return libpq->real.X509_STORE_load_locations(store, file, dir);
}

int slot_SSL_CTX_load_verify_locations(struct linked *libpq, void *ctx, const char *file,
                                       const char *dir)
{
    return libpq->real.SSL_CTX_load_verify_locations(ctx, file, dir);
}
