#!/bin/bash
# evidence.t: the witness line, field by field, compared with what openssl(1) and the server say; for the OpenSSL of
# each libpq.
. "$(dirname "$0")/../lib/env.sh"

bundled=$("$TEST_TOP/tests/lib/libpqs.sh" 16) || { echo 'Bail out! libpq 16 could not be fetched'; exit 1; }
cat "$PKI/foreign.pem" "$PKI/root.pem" >"$PKI/two-roots.pem"
env_start good
P=$(env_port good)
policy <<<"sslrootcert = $PKI/two-roots.pem"
openssl s_client -starttls postgres -connect "localhost:$P" -CAfile "$PKI/root.pem" -verify_return_error </dev/null >"$TEST_DIR/s_client" 2>&1
openssl x509 -in "$TEST_DIR/s_client" -out "$TEST_DIR/served.pem"
x509() { openssl x509 -in "$TEST_DIR/served.pem" -noout "$@" | sed 's/^[^=]*=//'; }
has "$(<"$TEST_DIR/s_client")" 'Verify return code: 0 (ok)' 'openssl s_client takes the good server'
names=$(openssl x509 -in "$TEST_DIR/served.pem" -noout -ext subjectAltName | sed -n '2s/ *\(DNS\|IP Address\)://g;2s/, */,/g;2p')

look() { # NAME LIBRARY-PATH VERSION LIBPQ LIBSSL
    local name=$1 path=$2 line
    forget_events
    run env LD_LIBRARY_PATH="$path" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row connectdb \
        "query=select version || ' ' || cipher || ' ' || bits from pg_stat_ssl where pid = pg_backend_pid()" \
        -- "host=localhost port=$P user=app dbname=app application_name=looker"
    line=$(events 'select(.event == "witness")')
    field() { jq -r ".$1 // \"\"" <<<"$line"; }
    is "$(out status)" ok "$name: connects"
    is "$(wc -l <<<"$line")" 1 "$name: one witness"
    like "$(field libpq_version)" "^$3" "$name: the libpq that was meant"
    like "$(field libpq)" "$4" "$name: its path"
    is "$(field protocol) $(field cipher) $(field bits)" "$(out server)" "$name: protocol, cipher and bits are those that the server sees"
    is "$(field protocol) $(field cipher)" "$(sed -n 's/^New, \([^,]*\), Cipher is /\1 /p' "$TEST_DIR/s_client" | head -n 1)" "$name: and openssl"
    is "$(field peer_subject)" "$(x509 -subject -nameopt compat)" "$name: peer_subject"
    is "$(field peer_issuer)" "$(x509 -issuer -nameopt compat)" "$name: peer_issuer"
    is "$(field peer_names)" "$names" "$name: peer_names"
    is "$(field peer_not_after)" "$(x509 -enddate -dateopt iso_8601 | tr ' ' T)" "$name: peer_not_after"
    is "$(field peer_sha256)" "$(x509 -fingerprint -sha256 | tr -d : | tr A-F a-f)" "$name: peer_sha256"
    is "$(field verified_name)" localhost "$name: verified_name"
    is "$(field root)" "$PKI/two-roots.pem" "$name: root"
    is "$(field root_sha256)" "$(sha256sum "$PKI/two-roots.pem" | cut -d' ' -f1)" "$name: root_sha256"
    like "$(field openssl)" '^[13]\.[0-9]+\.[0-9]+[a-z]?$' "$name: the version of its OpenSSL"
    is "$(field action) $(field mode) $(field schema)" 'sealed enforce pgseal/1' "$name: action, mode, schema"
    is "$(field host) $(field port) $(field dbname) $(field user) $(field application_name)" "localhost $P app app looker" "$name: the connection"
    is "$(field exe) $(field object)" "$ENTRY_POINTS $ENTRY_POINTS" "$name: exe and object"
    is "$(field uid) $(field entry)" '0 PQconnectdb' "$name: uid and entry"
    like "$(field rule)" '^/etc/pgseal/policy.conf:[0-9]+$' "$name: rule"
    is "$(field reason)" '' "$name: nothing was left unlooked at"
    like "$(field time)" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z$' "$name: time"
    # Which OpenSSL this libpq has brought along.
    has "$(env LD_LIBRARY_PATH="$path" ldd "$ENTRY_POINTS" | tr '\n' ' ')" "$5" "$name: its OpenSSL"
}
look 'system libpq' '' 15 '^/(usr/)?lib/' libssl.so.3
look 'bundled OpenSSL 1.1' "$bundled" 16 "^$bundled/" libssl.so.1.1
look 'libpq linked -Bsymbolic-functions' "$TEST_TOP/build/hostile/symbolic" 15 '/symbolic/' libssl.so.3

# A bundle of several elements: the names in the line are those of the element that answered.
forget_events
run sealed "$ENTRY_POINTS" row connectdb -- "host=refused.invalid,localhost port=$P user=app dbname=app"
is "$(out status) $(events 'select(.event == "witness")' | jq -r '.verified_name, .host' | tr '\n' ' ')" 'ok localhost refused.invalid,localhost ' \
    'a host list: the name that was verified, and the list'
forget_events
run sealed "$ENTRY_POINTS" row connectdb -- "host=prod.example hostaddr=127.0.0.1 port=$P user=app dbname=app"
is "$(out status) $(events 'select(.event == "witness")' | jq -r '.verified_name + " " + .hostaddr')" 'ok prod.example 127.0.0.1' 'hostaddr: both'
forget_events
run sealed "$ENTRY_POINTS" row connectdb -- "host=localhost,localhost port=1,$P user=app dbname=app"
is "$(out status) $(events 'select(.event == "witness")' | jq -r '.port')" "ok 1,$P" 'one name twice, with two ports: the second answers'
run sealed "$ENTRY_POINTS" row connectdb -- "host=localhost,prod.example hostaddr=127.0.0.9,127.0.0.1 port=$P user=app dbname=app"
is "$(out status)" ok 'two addresses: the second answers'
run sealed "$ENTRY_POINTS" row connectdb -- "hostaddr=127.0.0.1 host=127.0.0.1 port=' 0$P ' user=app dbname=app"
is "$(out status) $(events 'select(.event == "violation")')" 'ok ' 'another spelling of the port is no violation'
done_testing
