#!/bin/bash
# linkage.t: which slots of loaded objects lead to pgseal, that the protection of their pages is restored, and what
# happens if they cannot be rewritten.
. "$(dirname "$0")/../lib/env.sh"
. "$TEST_TOP/tests/lib/reach.sh"

env_start good
policy <<<"sslrootcert = $PKI/root.pem"
target="host=localhost port=$(env_port good) dbname=app user=app"
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

# --- a reference that is no slot: an address with something added to it

printf '#include <libpq-fe.h>\nchar *after = (char *)PQconnectdb + 4;\n' >"$REACH/odd.c"
reach_cc -fPIC -shared -o "$REACH/odd.so" "$REACH/odd.c" "$REACH_SRC/module.c" -lpq
for flags in n nd; do
    forget_events
    run sealed "$REACH/reach" open x $flags "$REACH/odd.so" connect x "$target"
    like "$OUT" ': connect: ok$' "a reference that is no slot ($flags): it connects"
    want=
    [[ $flags == n ]] || want="\"the linkage table of $REACH/odd.so cannot be rewritten (not supported): pgseal does not intercept its calls to PQconnectdb\""
    is "$(events 'select(.entry == "linkage") | .reason')" "$want" "a reference that is no slot ($flags): logged where it leads past pgseal"
done

# --- where a page may not be made writable (a seccomp filter)

slots=(env SLOTS_SECCOMP=1 "$REACH/slots" "$target" nothing nothing)
run bare "${slots[@]}"
is "$RC $OUT" '0 OK' 'mprotect forbidden: bare, it connects'
policy <<<"sslrootcert = $PKI/root.pem"$'\nlog_level = downgrade'
log_mark good
forget_events
run sealed "${slots[@]}"
has "$OUT" "pgseal: refused: libpq's calls to ldap_init cannot be intercepted" 'mprotect forbidden: refused'
is "$RC $(contacts good)" '0 0' 'mprotect forbidden: the server saw nothing'
is "$(events 'select(.entry == "linkage") | .event' | sort -u)" '"process"' 'mprotect forbidden: logged at once, whatever the level'
like "$(events 'select(.entry == "linkage") | .reason' | grep ldap_init)" \
    'linkage table of .*/libpq.so.5.* cannot be rewritten \(operation not permitted\): pgseal does not intercept its calls to ldap_init' \
    'mprotect forbidden: what could not be rewritten, and why'
policy <<<"sslrootcert = $PKI/root.pem"$'\nmode = audit'
log_mark good
forget_events
run sealed "${slots[@]}"
is "$RC $OUT $(sessions good)" '0 OK - ssl' 'mprotect forbidden, audit: it connects as bare'
is "$(verdicts)" 'refuse/would-refuse' 'mprotect forbidden, audit: would refuse'
run "$TEST_TOP/build/pgseal" check --lib "$OBJECT" --json -- "${slots[@]}"
is "$(jq -c '[.fired, .finding]' <<<"$OUT")" '[true,"unseen"]' 'mprotect forbidden: pgseal check says so'
has "$(jq -r .text <<<"$OUT")" 'cannot be rewritten (operation not permitted)' 'mprotect forbidden: and why'
is "$RC" 1 'mprotect forbidden: pgseal check found something'

done_testing
