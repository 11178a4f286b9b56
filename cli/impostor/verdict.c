/* verdict: the table of trials, and what a result means. */
#include "cli/impostor/impostor.h"

#include <stdlib.h>
#include <string.h>

const struct trial trials[TRIALS] = {
    {"genuine", "right name, the trial's root", CERTIFICATE_GENUINE, TLS_ACCEPT},
    {"no-tls", "answers N to SSLRequest", CERTIFICATE_GENUINE, TLS_REFUSE},
    {"self-signed", "right name, its own issuer", CERTIFICATE_SELF_SIGNED, TLS_ACCEPT},
    {"foreign-ca", "right name, an unknown CA", CERTIFICATE_FOREIGN, TLS_ACCEPT},
    {"wrong-name", "the trial's root, another name", CERTIFICATE_WRONG_NAME, TLS_ACCEPT},
    {"expired", "right name and root, expired", CERTIFICATE_EXPIRED, TLS_ACCEPT},
    {"not-yet-valid", "right name and root, not yet valid", CERTIFICATE_NOT_YET, TLS_ACCEPT},
    [TRIAL_REVOKED] = {"revoked", "right name and root, revoked", CERTIFICATE_REVOKED, TLS_ACCEPT},
    {"old-tls", "right name and root, TLS 1.1", CERTIFICATE_GENUINE, TLS_OLD},
    {"stripped", "answers S, ends the handshake", CERTIFICATE_GENUINE, TLS_STRIP},
};

const char *const told_names[TOLD_KINDS] = {"user", "password", "scram", "query", "cancel"};
const char *const verdict_names[] = {"not-run", "ok", "told", "control-failed", "timed-out"};

int trial_find(const char *name, size_t n)
{
    for (int i = 0; i < TRIALS; i++) {
        if (strlen(trials[i].name) == n && memcmp(trials[i].name, name, n) == 0) {
            return i;
        }
    }
    return -1;
}

enum verdict verdict_of(const struct trial *trial, const struct result *r)
{
    if (trial == &trials[TRIAL_GENUINE]) {
        if (!r->in) {
            return r->timed_out ? VERDICT_TIMED_OUT : VERDICT_CONTROL_FAILED;
        }
        /* It is the right server, and yet all that is in clear is told to the network. A cancel
         * request shows neither user nor query, and old libraries have no other. */
        return (r->told[0] & ~(1U << TOLD_CANCEL)) != 0 ? VERDICT_TOLD : VERDICT_OK;
    }
    if ((r->told[0] | r->told[1]) != 0) {
        return VERDICT_TOLD;
    }
    return r->timed_out ? VERDICT_TIMED_OUT : VERDICT_OK;
}

const char *how_of(const struct result *r)
{
    return r->told[0] != 0 ? "clear" : r->told[1] != 0 ? "tls" : "none";
}

int status_of(const struct result results[TRIALS])
{
    bool told = false;
    bool timed_out = false;
    for (size_t i = 0; i < TRIALS; i++) {
        told = told || results[i].verdict == VERDICT_TOLD;
        timed_out = timed_out || results[i].verdict == VERDICT_TIMED_OUT;
    }
    enum verdict control = results[TRIAL_GENUINE].verdict;
    if (control != VERDICT_OK && control != VERDICT_TOLD) {
        return STATUS_USAGE;
    }
    return told ? STATUS_FOUND : timed_out ? STATUS_USAGE : STATUS_OK;
}

void result_free(struct result *r)
{
    free(r->reason);
    free(r->values);
    free(r->tail);
    *r = (struct result){0};
}
