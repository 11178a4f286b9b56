/* root_load: libpq's root file, answered from what was judged. */
#include "shim/session/root_load.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"
#include "shim/session/current.h"
#include "shim/session/openssl.h"
#include "shim/session/stop.h"

#include <string.h>

/* What was judged is given back when the witness has seen the session: a second host of a list, and a
 * cancel that libpq copies from the connection, have the file judged anew. */
static bool judged(struct conn_state *d)
{
    char fault[256];
    char reason[REASON_MAX - 32];
    struct strbuf t;
    struct world w;
    struct roots *roots = NULL;
    if (d->roots != NULL) {
        return true;
    }
    files_world(&w, &roots);
    if (w.root_ok(w.data, d->root, fault, sizeof fault)) {
        d->roots = roots;
        return true;
    }
    strbuf_init(&t, reason, sizeof reason);
    strbuf_add(&t, "sslrootcert: ");
    strbuf_add(&t, d->root);
    strbuf_add(&t, ": ");
    strbuf_add(&t, fault);
    session_refuse(d, STOP_FAILED, reason);
    return false;
}

int root_load(load_verify_locations_fn *real, void *ctx, const char *file, const char *dir)
{
    struct conn_state *d = current_state();
    if (d != NULL && d->sealed && d->root != NULL && dir == NULL && file != NULL &&
        strcmp(file, d->root) == 0) {
        if (!judged(d)) {
            return 0;
        }
        const struct openssl *o = openssl_of(&d->libpq);
        if (o != NULL && o->has_demand != 0 && d->roots != NULL &&
            demand_roots(&o->demand, ctx, d->roots)) {
            return 1;
        }
    }
    return real(ctx, file, dir);
}
