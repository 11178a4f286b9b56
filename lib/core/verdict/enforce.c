/* enforce: every option but roots, CRLs and hosts that a sealed connection must have, and what
 * asked for less. */
#include "lib/core/options/options.h"
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

/* A path that can exist nowhere: libpq goes on without a client certificate on ENOTDIR
 * (fe-secure-openssl.c). */
#define NO_CERTIFICATE "/dev/null/no-client-certificate"

static bool force_pins(struct deciding *d)
{
    const struct rule *rule = d->v->rule;
    for (size_t i = 0; i < rule->npins; i++) {
        const struct pin *pin = &rule->pins[i];
        if (request_option(d->r, pin->option) == NULL) {
            struct strbuf t = seal_reason(d->v);
            seal_where(d, &t, pin->line);
            strbuf_add(&t, ": ");
            strbuf_add(&t, pin->option);
            strbuf_add(&t, ": this program's libpq (version ");
            seal_version(&t, d->r->version);
            strbuf_add(&t, ") does not know this option");
            return false;
        }
        if (strcmp(pin->option, "ssl_min_protocol_version") != 0) {
            seal_force(d, pin->option, pin->value, true);
        }
    }
    return true;
}

/* The minimum rises to the policy's; a maximum below it becomes TLSv1.3. */
static void force_protocols(struct deciding *d)
{
    const struct pin *pin = rule_pin(d->v->rule, "ssl_min_protocol_version");
    const char *least = pin != NULL ? pin->value : "TLSv1.2";
    d->v->min_tls = tls_version(least);
    const char *asked = request_value(d->r, "ssl_min_protocol_version");
    int minimum = tls_version(asked);
    const struct asked *option = request_option(d->r, "ssl_min_protocol_version");
    if (asked == NULL && option->source != FROM_DEFAULT) {
        d->less = true; /* ssl_min_protocol_version='' asks for no minimum at all */
    }
    if (minimum >= d->v->min_tls) {
        verdict_force(d->v, "ssl_min_protocol_version", asked);
    } else {
        seal_force(d, "ssl_min_protocol_version", least, true);
    }
    if (rule_pin(d->v->rule, "ssl_max_protocol_version") != NULL) {
        return;
    }
    const char *maximum = request_value(d->r, "ssl_max_protocol_version");
    if (maximum != NULL && tls_version(maximum) < d->v->min_tls) {
        seal_force(d, "ssl_max_protocol_version", "TLSv1.3", true);
    } else if (maximum == NULL && d->r->service) {
        verdict_force(d->v, "ssl_max_protocol_version", "TLSv1.3");
    }
}

/* Names a file of ~/.postgresql into the verdict's memory; NULL: no home. */
static const char *home_file(struct deciding *d, const char *name)
{
    char path[POLICY_PATH_MAX + 1];
    if (!d->w->home_file(d->w->data, d->r->version, name, path, sizeof path)) {
        return NULL;
    }
    return seal_keep(d->v, path, strlen(path));
}

/* Leaves out the certificate in ~/.postgresql where libpq could not use it: it fails on one, or asks
 * for a pass phrase where nobody answers, where a weaker sslmode never came that far. One that works
 * goes on working. */
static void leave_out_certificate(struct deciding *d, const char *key)
{
    const char *certificate = home_file(d, "postgresql.crt");
    bool passphrase = d->r->passphrase_hook || request_value(d->r, "sslpassword") != NULL;
    const char *fault = certificate != NULL && key != NULL
                            ? d->w->certificate_fault(d->w->data, certificate, key, passphrase)
                            : NULL;
    if (fault == NULL) {
        return;
    }
    seal_force(d, "sslcert", NO_CERTIFICATE, false);
    struct strbuf t = {
        .buf = d->v->reason, .size = sizeof d->v->reason, .len = strlen(d->v->reason)};
    strbuf_add(&t, t.len > 0 ? "; " : "");
    strbuf_add(&t, "the client certificate in ~/.postgresql is not used: ");
    strbuf_add(&t, fault);
}

static bool force_client_certificate(struct deciding *d)
{
    const struct rule *rule = d->v->rule;
    const char *key = request_value(d->r, "sslkey");
    if (rule_pin(rule, "sslkey") == NULL && key != NULL && strchr(key, ':') != NULL) {
        struct strbuf t = seal_reason(d->v);
        strbuf_add(&t,
                   "sslkey names an engine (it has a colon): libpq would load and run it before "
                   "the server is verified; "
                   "name a key file, or pin sslkey in the policy");
        return false;
    }
    bool pinned = rule_pin(rule, "sslcert") != NULL || rule_pin(rule, "sslkey") != NULL;
    const char *default_key = key == NULL ? home_file(d, "postgresql.key") : NULL;
    if (!pinned && request_value(d->r, "sslcert") == NULL) {
        leave_out_certificate(d, key != NULL ? key : default_key);
    }
    /* A service file that changes now could still name an engine: say outright what was seen. */
    if (d->r->service && rule_pin(rule, "sslkey") == NULL) {
        verdict_force(d->v, "sslkey",
                      key != NULL           ? key
                      : default_key != NULL ? default_key
                                            : NO_CERTIFICATE);
    }
    return true;
}

static void force_if_known(struct deciding *d, const char *option, const char *value)
{
    if (value != NULL && request_option(d->r, option) != NULL) {
        verdict_force(d->v, option, value);
    }
}

bool seal_force_options(struct deciding *d)
{
    const char *keylog = request_value(d->r, "sslkeylogfile");
    const char *compression = request_value(d->r, "sslcompression");

    seal_force(d, "gssencmode", "disable", true);
    if (compression != NULL && strcmp(compression, "0") != 0) {
        seal_force(d, "sslcompression", "0", true);
    } else {
        force_if_known(d, "sslcompression", "0");
    }
    if (keylog != NULL && strcmp(keylog, "/dev/null") != 0) {
        seal_force(d, "sslkeylogfile", "/dev/null", true);
    } else if (d->r->service) {
        force_if_known(d, "sslkeylogfile", "/dev/null");
    }
    if (!force_pins(d)) {
        return false;
    }
    if (request_option(d->r, "ssl_min_protocol_version") != NULL) {
        force_protocols(d);
    }
    if (!force_client_certificate(d)) {
        return false;
    }
    if (d->r->service) {
        /* A service file is read again by the real call: what was judged here is what is dialled.
         */
        force_if_known(d, "host", request_value(d->r, "host"));
        force_if_known(d, "hostaddr", request_value(d->r, "hostaddr"));
        force_if_known(d, "port", request_value(d->r, "port"));
    }
    return true;
}
