/* root_load: libpq's root file, answered from what was judged. */
#include "shim/session/root_load.h"

#include "shim/session/current.h"
#include "shim/session/openssl.h"

#include <string.h>

int root_load(load_verify_locations_fn *real, void *ctx, const char *file, const char *dir)
{
    struct conn_state *d = current_state();
    if (d != NULL && d->sealed && d->roots != NULL && d->root != NULL && dir == NULL &&
        file != NULL && strcmp(file, d->root) == 0) {
        const struct openssl *o = openssl_of(&d->libpq);
        if (o != NULL && o->has_demand && demand_roots(&o->demand, ctx, d->roots)) {
            return 1;
        }
    }
    return real(ctx, file, dir);
}
