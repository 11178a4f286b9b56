/* options: libpq's connection options: which are known, which are secret, which can be pinned. */
#ifndef PGSEAL_OPTIONS_H
#define PGSEAL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the value of this option must never be shown: password, sslpassword, scram_client_key,
 * scram_server_key, oauth_client_secret. Unknown names are no secrets. Keeps errno. */
bool option_is_secret(const char *name);

/* Whether a policy may pin `name` to `value`: returns NULL if so, else a static text without the
 * name ("unknown option", "cannot be pinned", "must be TLSv1.2 or TLSv1.3", "must be require"...).
 * Only options that strengthen TLS or authentication can be pinned: sslcert, sslkey,
 * sslcertmode, ssl_min_protocol_version, ssl_max_protocol_version, sslnegotiation, sslsni,
 * channel_binding, require_auth, requirepeer, passfile, gssdelegation, krbsrvname, gsslib,
 * oauth_issuer, oauth_ca_file, max_protocol_version, min_protocol_version. A value may only
 * strengthen: ssl_min_protocol_version TLSv1.2|TLSv1.3, ssl_max likewise, channel_binding require,
 * gssdelegation 0, require_auth not none. Keeps errno. */
const char *option_pin_fault(const char *name, const char *value);

/* The name as a static string if it is an option of libpq 10 to 19, else NULL. Keeps errno. */
const char *option_known(const char *name);

/* The number of a TLS protocol name of libpq, in any case: 10 (TLSv1), 11, 12, 13; 0 for NULL,
 * empty or unknown. Pure. */
int tls_version(const char *name);

#endif
