/* enforce: the options that a sealed connection must have, except for roots, CRLs and hosts; and
 * which values asked for less. */
#include "lib/core/options/options.h"
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

/* A path that can exist nowhere. */
#define NO_KEY "/dev/null/no-client-key"

static bool force_pins(struct deciding *d)
{
    const struct rule *rule = d->v->rule;
    for (size_t i = 0; i < rule->npins; i++) {
        const struct pin *pin = &rule->pins[i];
        if (request_option(d->r, pin->option) == NULL) {
            struct strbuf t = seal_reason(d->v);
            seal_where(d, &t, pin->line);
            strbuf_add(&t, ": ", pin->option, ": this program's libpq (version ");
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

/* Raises the minimum to the policy's; a maximum below it becomes TLSv1.3. */
static void force_protocols(struct deciding *d)
{
    const struct pin *pin = rule_pin(d->v->rule, "ssl_min_protocol_version");
    const char *least = pin != NULL ? pin->value : "TLSv1.2";
    d->v->min_tls = tls_version(least);
    const char *asked = request_value(d->r, "ssl_min_protocol_version");
    int minimum = tls_version(asked);
    const struct asked *option = request_option(d->r, "ssl_min_protocol_version");
    if (asked == NULL && option->source != FROM_DEFAULT) {
        d->is_downgrade = true; /* ssl_min_protocol_version='' asks for no minimum at all */
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

static bool force_client_certificate(struct deciding *d)
{
    const struct rule *rule = d->v->rule;
    const char *key = request_value(d->r, "sslkey");
    if (rule_pin(rule, "sslkey") == NULL && key != NULL && strchr(key, ':') != NULL) {
        return seal_fail(d, SEAL_ENGINE_REFUSED);
    }
    bool pinned = rule_pin(rule, "sslcert") != NULL || rule_pin(rule, "sslkey") != NULL;
    d->v->cert_found_by_libpq = !pinned && request_value(d->r, "sslcert") == NULL;
    d->v->passphrase = d->r->passphrase_hook || request_value(d->r, "sslpassword") != NULL;
    d->v->engine_allowed = rule_pin(rule, "sslkey") != NULL;
    d->v->key = key;
    /* A service file that changes now could still name an engine: force what was found, unless an
     * engine is refused when libpq loads it. */
    if (d->r->service && rule_pin(rule, "sslkey") == NULL && (key != NULL || !d->r->root_judged)) {
        const char *own = key == NULL ? seal_home_file(d, "postgresql.key") : key;
        verdict_force(d->v, "sslkey", own != NULL ? own : NO_KEY);
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
        /* The real call reads the service file again: force what was judged here. */
        force_if_known(d, "host", request_value(d->r, "host"));
        force_if_known(d, "hostaddr", request_value(d->r, "hostaddr"));
        force_if_known(d, "port", request_value(d->r, "port"));
    }
    return true;
}
