/* crl: reads, judges and loads through the OpenSSL that this libpq is bound to. */
#include "shim/session/crl.h"

#include "lib/core/event/event.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/trust_files.h"
#include "shim/session/current.h"
#include "shim/session/stop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* X(return type, name, (parameters)), as OpenSSL 1.1.0 to 4 have them. */
#define CRL_FUNCTIONS(X)                                                                           \
    X(void *, d2i_X509_CRL, (void *crl, const unsigned char **der, long len))                      \
    X(int, X509_STORE_add_crl, (void *store, void *crl))                                           \
    X(void, X509_CRL_free, (void *crl))

struct functions {
#define CRL_MEMBER(type, name, parameters) type(*name) parameters;
    CRL_FUNCTIONS(CRL_MEMBER)
#undef CRL_MEMBER
};

/* They stand in the library that defines what the slot held. */
static bool find_functions(load_locations_fn *real, struct functions *f)
{
    union {
        load_locations_fn *call;
        const void *address;
    } from = {real};
    struct object crypto;
    if (!object_of(from.address, &crypto)) {
        return false;
    }
#define CRL_FIND(type, name, parameters)                                                           \
    f->name = (type(*) parameters)object_symbol(&crypto, #name);                                   \
    if (f->name == NULL) {                                                                         \
        return false;                                                                              \
    }
    CRL_FUNCTIONS(CRL_FIND)
#undef CRL_FIND
    return true;
}

/* Adds the CRLs of these blocks to the store. */
static bool add(const struct functions *f, void *store, const struct pem_blocks *blocks)
{
    bool added = true;
    const struct pem_block *b = NULL;
    while (added && (b = pem_next(blocks, b)) != NULL) {
        const unsigned char *der = b->der;
        void *crl = f->d2i_X509_CRL(NULL, &der, (long)b->len);
        added = crl != NULL && f->X509_STORE_add_crl(store, crl) == 1;
        f->X509_CRL_free(crl);
    }
    return added;
}

/* NULL, or why the file must not be used (perhaps in reason). *found tells whether there are CRLs
 * now. known: it was there and fine when the connection was decided on; else one that cannot be
 * opened is none, as it is to libpq. */
static const char *load(load_locations_fn *real, void *store, const char *file, bool known,
                        bool *found, char *reason, size_t size)
{
    struct functions f;
    struct pem_blocks blocks;
    const char *fault = NULL;
    enum crl_state state = crl_read(file, &blocks, reason, size);
    *found = state == CRL_FINE;
    if (state == CRL_FAULTY || (state == CRL_UNREADABLE && known)) {
        fault = reason;
    } else if (state == CRL_ABSENT && known) {
        fault = "no such file";
    } else if (state == CRL_FINE && !find_functions(real, &f)) {
        fault = "this libpq's OpenSSL lacks the functions that load it";
    } else if (state == CRL_FINE && !add(&f, store, &blocks)) {
        fault = "OpenSSL cannot parse one of its blocks";
    }
    free(blocks.at);
    return fault;
}

static void refuse(struct conn_state *d, const char *option, const char *path, const char *fault)
{
    char reason[REASON_MAX - 32];
    if (d == NULL || d->blocked) {
        return;
    }
    strbuf_join(reason, sizeof reason, option, ": ", event_redacts(path) ? "(hidden)" : path, ": ",
                fault, d->crl_required ? "" : SEAL_CRLS_ONLY);
    session_refuse(d, STOP_FAILED, reason);
}

int crl_load(load_locations_fn *real, void *store, const char *file, const char *dir)
{
    static const char nothing[] = "/dev/null";
    struct conn_state *d = current_state();
    char reason[256];
    bool found = false;
    const char *fault = NULL;
    int saved_errno = errno;
    if (d != NULL ? !d->sealed : current_as_bare()) {
        return real(store, file, dir);
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
        fault = load(real, store, file, decided != NULL, &found, reason, sizeof reason);
    }
    if (fault != NULL) {
        refuse(d, "sslcrl", file, fault);
    }
    errno = saved_errno;
    return fault != NULL || found ? 1 : 0;
}
