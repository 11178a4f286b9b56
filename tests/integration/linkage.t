#!/bin/bash
# linkage.t: the slots of loaded objects that lead to pgseal: which, that their pages are as they were, and what happens where
# they cannot be rewritten.
. "$(dirname "$0")/../lib/env.sh"
. "$LAB_TOP/tests/lib/reach.sh"

lab_start good
policy <<<"sslrootcert = $PKI/root.pem"
target="host=localhost port=$(lab_port good) dbname=app user=app"
own=(getaddrinfo ldap_init SSL_CTX_load_verify_locations X509_STORE_load_locations)
reach_cc -o "$REACH/slots" "$REACH_SRC/slots.c" -lpq

# --- libpq's own slots

run bare "$REACH/slots" "$target" libpq.so.5 "${own[@]}"
is "$RC $(sort <<<"$OUT" | sed 's/-[0-9.]*so.*\.so/.so/; s/\.so[^ ]*//' | paste -sd ';')" \
    '0 OK;SSL_CTX_load_verify_locations libssl r--p;X509_STORE_load_locations libcrypto r--p;getaddrinfo libc r--p;ldap_init libldap-2.5 r--p' \
    'bare, libpq calls its libraries'
run sealed "$REACH/slots" "$target" libpq.so.5 "${own[@]}"
is "$RC $(sort <<<"$OUT" | paste -sd ';')" \
    "0 OK;$(printf '%s libpgseal.so r--p\n' "${own[@]}" | sort | paste -sd ';')" \
    'sealed, it calls pgseal there, and the pages are read-only again'
log_mark good
run sealed "$REACH/reach" open a l "$REACH/a/moda.so" connect a "$target" open c n "$REACH/c/modc.so" connect c "$target" \
    query a 'select 1' query c 'select 2'
is "$RC $(sessions good)" $'0 - ssl\n- ssl' 'two copies, each through its own slots'

done_testing
