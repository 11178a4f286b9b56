/* client_key: the client certificate in ~/.postgresql and its key, judged when libpq looks them up;
 * and the engine that a key may name. */
#include "shim/session/client_key.h"

#include "lib/core/policy/policy.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/client_cert.h"
#include "shim/session/current.h"
#include "shim/session/slots.h"
#include "shim/session/stop.h"

#include <errno.h>
#include <string.h>

bool client_key_left_out(const char *path)
{
    static const char name[] = "/.postgresql/postgresql.crt";
    const size_t tail = sizeof name - 1;
    struct conn_state *d = current_state();
    char key[POLICY_PATH_MAX + 1];
    size_t len = path != NULL ? strlen(path) : 0;
    if (d == NULL || !d->sealed || !d->cert_found_by_libpq || len < tail ||
        strcmp(path + len - tail, name) != 0 || !strbuf_copy(key, sizeof key, path)) {
        return false;
    }
    memcpy(key + len - strlen(".crt"), ".key", sizeof ".key"); /* the file beside it */
    d->left_out = client_cert_fault(path, d->key != NULL ? d->key : key, d->passphrase);
    if (d->left_out != NULL) {
        errno = ENOENT;
    }
    return d->left_out != NULL;
}

/* libpq loads the engine that a key names. A sealed connection whose policy pins no key gets none,
 * and fails with the reason. */
void *slot_ENGINE_by_id(struct linked *libpq, const char *id)
{
    struct conn_state *d = current_state();
    if (d == NULL || !d->sealed || d->engine_allowed) {
        return libpq->real.ENGINE_by_id(id);
    }
    session_refuse(d, STOP_FAILED, SEAL_ENGINE_REFUSED);
    return NULL;
}

const char *client_key_note(const struct conn_state *d, const char *reason, char *buf, size_t size)
{
    if (d->left_out == NULL) {
        return reason;
    }
    strbuf_join(buf, size, "the client certificate in ~/.postgresql is not used: ", d->left_out,
                reason != NULL ? "; " : "", reason);
    return buf;
}
