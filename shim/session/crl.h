/* crl: the CRL file, judged where libpq opens it: that is what its verification rests on. */
#ifndef PGSEAL_CRL_H
#define PGSEAL_CRL_H

/* X509_STORE_load_locations(3) as this libpq calls it through its own linkage table, to load CRLs
 * into the store of a connection. For a connection that pgseal does not hold to anything: the real
 * one. Else only CRLs get into the store, from bytes that were read once and judged: a file that is
 * not there is none (0, as with the real one), unless it is the policy's; anything else is refused,
 * with the reason as the connection's message: then 1 is returned with nothing loaded, which makes
 * libpq demand a CRL of every certificate, so that its handshake fails whatever the server shows
 * (fe-secure-openssl.c initialize_SSL). A directory is never read. Keeps errno; allocates. */
struct linked;
int crl_load(const struct linked *libpq, void *store, const char *file, const char *dir);

#endif
