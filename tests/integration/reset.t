#!/bin/bash
# reset.t: PQreset and PQresetStart connect again under the verdict of the first connection: files and exemptions are
# checked again.
. "$(dirname "$0")/../lib/env.sh"

steps=$TEST_DIR/bin/steps
gcc -std=gnu17 -D_GNU_SOURCE= -O2 -g -Wall -Wextra -rdynamic -I"$(pg_config --includedir)" -o "$steps" \
    "$TEST_TOP/tests/integration/src/steps.c" -lpq
env_start good nossl
P=$(env_port good) N=$(env_port nossl)
w='user=app dbname=app sslmode=disable'

# --- PQreset: the CRL file has become empty, and the server has the certificate that was revoked
crl=/etc/pgseal/crl.pem
policy <<END
sslrootcert = $PKI/root.pem
sslcrl = $crl
END
cat >"$TEST_DIR/bin/replace" <<END
#!/bin/bash
# replace NAME: from now on the good server shows this certificate.
install -o postgres -m 0600 "$PKI/\$1.key" "$TEST_DIR/srv/good/server.key"
install -o postgres "$PKI/\$1.crt" "$TEST_DIR/srv/good/server.crt"
kill -HUP "\$(head -n 1 "$TEST_DIR/srv/good/postmaster.pid")"
want=\$(openssl x509 -noout -serial -in "$PKI/\$1.crt")
for ((i = 0; i < 300; i++)); do
    got=\$(openssl s_client -starttls postgres -connect 127.0.0.1:$P </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null)
    [[ \$got != "\$want" ]] || exit 0
    sleep 0.05
done
exit 1
END
chmod 0755 "$TEST_DIR/bin/replace"
replace="env -u LD_PRELOAD '$TEST_DIR/bin/replace'"
reset() { # sync|start COMMAND: leaves RESET, what came of it, RESET_ERROR, and RESET_CONTACTS, what the server saw of the reset
    cp "$PKI/crl.pem" "$crl"
    forget_events
    run sealed "$ENTRY_POINTS" x connectdb "between=$2 && stat -c %s '$(env_log good)' >'$TEST_DIR/mark'" "reset=$1" \
        -- "host=localhost port=$P user=app dbname=app"
    sleep 0.05
    RESET_CONTACTS=$(tail -c "+$(($(<"$TEST_DIR/mark") + 1))" "$(env_log good)" | grep -c 'connection received' || true)
    RESET=$(jq -rs '[.[] | .step + " " + .status + " " + (.server // "-")] | join(", ")' <<<"$OUT")
    RESET_ERROR=$(jq -rs '.[1].error' <<<"$OUT")
}
for how in sync start; do
    reset "$how" true
    is "$RESET" 'connect ok t, reset ok t' "$how: a reset while nothing has changed"
    is "$RESET_CONTACTS" 1 "$how: the server saw it come"
    reset "$how" "$replace revoked"
    is "$RESET" 'connect ok t, reset bad -' "$how: a reset to a revoked certificate fails by the CRL"
    "$TEST_DIR/bin/replace" good
    reset "$how" ": >$crl; $replace revoked"
    is "$RESET" 'connect ok t, reset bad -' "$how: nor is there one when the CRL file is empty by then"
    is "$RESET_CONTACTS" 0 "$how: the server saw nothing of it"
    has "$RESET_ERROR" "pgseal: refused: sslcrl: $crl: " "$how: the caller is told why"
    is "$(verdicts)" 'seal/sealed refuse/refused' "$how: the refusal is logged"
    has "$(reason refuse)" "sslcrl: $crl: " "$how: with its reason"
    run bare "$ENTRY_POINTS" x connectdb -- "host=localhost port=$P user=app dbname=app sslmode=verify-full sslrootcert=$PKI/root.pem"
    is "$(out status server)" 'ok t' "$how: (that server takes who does not ask for a CRL)"
    "$TEST_DIR/bin/replace" good
    reset "$how" "rm $crl"
    is "$RESET, $RESET_CONTACTS" 'connect ok t, reset bad -, 0' "$how: nor when it is missing, and the server saw nothing of it"
done
cp "$PKI/root.pem" /etc/pgseal/roots.pem
policy <<<"sslrootcert = /etc/pgseal/roots.pem"
reset sync 'chmod o+w /etc/pgseal/roots.pem'
is "$RESET, $RESET_CONTACTS" 'connect ok t, reset bad -, 0' 'nor when anybody may write the root by then'
has "$RESET_ERROR" 'pgseal: refused: sslrootcert: /etc/pgseal/roots.pem: ' 'the caller is told'

# --- PQreset of an exempt connection: logged each time, and no longer than the exemption lasts
exempt="sslrootcert = $PKI/root.pem
[host 127.0.0.1:$N]
exempt = an old server
exempt_until = $(date -u -d tomorrow +%F)"
policy <<<"$exempt"
forget_events
log_mark nossl
run sealed "$steps" reset "host=127.0.0.1 port=$N $w" sync start
is "$OUT" $'ok f\nok f\nok f' 'an exempt connection may be reset'
is "$(verdicts)" 'exempt/allowed exempt/allowed exempt/allowed' 'each use of the exemption is logged'
is "$(events 'select(.reason == "an old server") | .event' | wc -l)" 3 'with its reason'
forget_events
log_mark nossl
run sealed "$steps" reset "host=127.0.0.1 port=$N $w application_name=old" sync +3 sync start
like "$OUT" $'^ok f\nok f\nbad pgseal: refused: the exemption at [^\n]* has ended[^\n]*\nbad pgseal: refused: the exemption' \
    'after its last day there is no reset'
is "$(verdicts)" 'exempt/allowed exempt/allowed refuse/refused refuse/refused' 'which is logged'
is "$(sessions nossl | sort | uniq -c | xargs)" '2 old plain' 'the server saw the first two'
is "$(contacts nossl)" 2 'and not so much as a connection of the others'
policy <<<"mode = audit
log = file:$TEST_DIR/log/missing/events.jsonl
$exempt"
# shellcheck disable=SC2016
run bash -c 'LD_PRELOAD=$0 exec "$@" 2>&-' "$OBJECT" "$steps" reset "host=127.0.0.1 port=$N $w" sync +3 sync
is "$OUT" $'ok f\nok f\nok f' 'in audit mode neither a lost line nor the date changes anything'

done_testing
