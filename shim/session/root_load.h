/* root_load: libpq's root file, answered from what was judged. */
#ifndef PGSEAL_ROOT_LOAD_H
#define PGSEAL_ROOT_LOAD_H

/* SSL_CTX_load_verify_locations(3) as libpq calls it through its own linkage table; real is what
 * stood there. For a sealed connection, and its own root file only (under `sslrootcert = program`
 * where the program names none: whichever libpq found by itself), the store gets the certificates
 * that were judged, on demand (demand.h); a file that is not fit is refused (0, with the reason as
 * the connection's message). Everything else is real: other connections, other files, an OpenSSL
 * without the functions for it. Keeps errno where it does not call real. */
typedef int load_verify_locations_fn(void *ctx, const char *file, const char *dir);
int root_load(load_verify_locations_fn *real, void *ctx, const char *file, const char *dir);

/* Returns the result of libpq's look at path. If it is not a root file that libpq was to find by
 * itself, the connection that ends thereby gets the reason as its message. Keeps errno. */
int root_looked_for(const char *path, int result);

#endif
