/* evidence: the facts about a TLS session, read through the OpenSSL of the libpq that owns it. */
#ifndef PGSEAL_EVIDENCE_H
#define PGSEAL_EVIDENCE_H

#include "shim/session/session.h"

#include <stdbool.h>

struct evidence {
    /* what could not be checked ("libpq's OpenSSL shows no functions…"), or NULL; static */
    const char *note;
    bool gone; /* the peer closed the connection: nothing can be sent, and libpq may try another */
    int bits;
    char protocol[16];
    char cipher[64];
    char subject[256];
    char issuer[256];
    char names[768]; /* the certificate's DNS names and addresses, with commas */
    char not_after[32];
    char sha256[65];
    char root_sha256[65]; /* of the root file */
    char verified_name[256];
    char openssl[32]; /* the version of that libpq's OpenSSL: 3.0.15 */
};

/* Compares the session with d: TLS and not GSS; verify mode and result; the last certificate of the
 * verified chain is in the root file (as it is now, or as it was judged); protocol and bits; host,
 * port and address family. Returns NULL if all match, else a static text that says what does not.
 * Fills *e as far as possible. If that libpq's SSL functions cannot be found, e->note says so, and
 * only what libpq itself reports is checked. Allocates; may change errno; not async-signal-safe.
 * Relies on SSL_get_verify_result(3), SSL_get0_verified_chain(3), PQsslStruct (libpq.sgml). */
const char *evidence_gather(const struct conn_state *d, PGconn *conn, struct evidence *e);

#endif
