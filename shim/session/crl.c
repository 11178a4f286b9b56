/* crl: reads, judges and loads a CRL file, with the OpenSSL that this libpq uses. */
#include "lib/core/event/event.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"
#include "shim/session/current.h"
#include "shim/session/openssl.h"
#include "shim/session/slots.h"
#include "shim/session/stop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Adds the CRLs of these blocks to the store. */
static bool add(const struct openssl *o, void *store, const struct pem_blocks *blocks)
{
    bool added = true;
    const struct pem_block *b = NULL;
    while (added && (b = pem_next(blocks, b)) != NULL) {
        const unsigned char *der = b->der;
        void *crl = o->d2i_X509_CRL(NULL, &der, (long)b->len);
        added = crl != NULL && o->X509_STORE_add_crl(store, crl) == 1;
        o->X509_CRL_free(crl);
    }
    return added;
}

/* Loads a CRL file into the store. Returns NULL, or why the file must not be used (perhaps in
 * reason). *found says that it has CRLs. known says that the file existed and was fine at the
 * verdict; otherwise a file that cannot be opened counts as absent, as for libpq. */
static const char *load(const struct linked *libpq, void *store, const char *file, bool known,
                        bool *found, char *reason, size_t size)
{
    struct pem_blocks blocks;
    enum crl_state state = crl_read(file, &blocks, reason, size);
    *found = state == CRL_FINE;
    if (!*found) {
        return state == CRL_FAULTY || known ? reason : NULL;
    }
    const struct openssl *o = openssl_of(libpq);
    const char *fault = NULL;
    if (o == NULL || o->has_crl == 0) {
        fault = "this libpq's OpenSSL lacks the functions that load it";
    } else if (!add(o, store, &blocks)) {
        fault = "OpenSSL cannot parse one of its blocks";
    }
    free(blocks.at);
    return fault;
}

static void refuse(struct conn_state *d, const char *option, const char *path, const char *fault)
{
    char reason[REASON_MAX - 32];
    if (d == NULL) {
        return;
    }
    strbuf_join(reason, sizeof reason, option, ": ", event_redacts(path) ? "(hidden)" : path, ": ",
                fault, d->crl_required ? "" : SEAL_CRLS_ONLY);
    session_refuse(d, STOP_FAILED, reason);
}

/* libpq loads CRLs into a connection's store, which would also accept roots. If pgseal does not
 * seal the connection, this is the real call. Otherwise only CRLs are loaded, from bytes that were
 * read once and judged. A missing file counts as none (0, as in the real call), unless it is the
 * policy's. Anything else is refused, with the reason as the connection's message: the result is 1
 * with nothing loaded, so libpq demands a CRL for every certificate, and the handshake fails with
 * any server (initialize_SSL in fe-secure-openssl.c). A directory is never read. Keeps errno. */
int slot_X509_STORE_load_locations(struct linked *libpq, void *store, const char *file,
                                   const char *dir)
{
    static const char nothing[] = "/dev/null";
    struct conn_state *d = current_state();
    char reason[256];
    bool found = false;
    const char *fault = NULL;
    int saved_errno = errno;
    if (d != NULL ? !d->sealed : current_as_bare()) {
        return libpq->real.X509_STORE_load_locations(store, file, dir);
    }
    if (dir != NULL && strcmp(dir, nothing) != 0) {
        refuse(d, "sslcrldir", dir, "a CRL directory can also add roots");
        return 1;
    }
    const char *decided = d != NULL ? d->crl : NULL;
    if (decided != NULL && (file == NULL || strcmp(file, decided) != 0)) {
        file = decided;
        fault = "libpq was about to load a different file";
    } else if (file != NULL && strcmp(file, nothing) != 0) {
        fault = load(libpq, store, file, decided != NULL, &found, reason, sizeof reason);
    }
    if (fault != NULL) {
        refuse(d, "sslcrl", file, fault);
    }
    errno = saved_errno;
    return fault != NULL || found ? 1 : 0;
}
