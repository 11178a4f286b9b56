#!/bin/bash
# cancel.t: plaintext_cancel = allow, refuse, encrypt: psql's Ctrl-C, handlers inside malloc, children, held locks. A
# relay between client and server shows what was sent.
. "$(dirname "$0")/../lib/env.sh"
built=$TEST_TOP/build/hostile here=$TEST_TOP/tests/hostile
psql=$TEST_BIN/psql
for major in 17 18; do
    "$TEST_TOP/tests/lib/libpqs.sh" "$major" >"$TEST_DIR/libpq-$major" || { echo "Bail out! libpq $major could not be fetched"; exit 1; }
done
declare -A libs=([15]='' [17]=$(<"$TEST_DIR/libpq-17") [18]=$(<"$TEST_DIR/libpq-18"))

env_start good
P=$(env_port good)
mkdir "$TEST_DIR/srv/relay"
"$here/relay" "$TEST_DIR/srv/relay" "$P" </dev/null >"$TEST_DIR/srv/relay.log" 2>&1 &
_env_pid["relay"]=$! _env_signal["relay"]=TERM
for ((i = 0; i < 500; i++)); do [[ -f $TEST_DIR/srv/relay/port ]] && break; sleep 0.02; done
R=$(<"$TEST_DIR/srv/relay/port")
CANCEL=0000001004d2162e # a CancelRequest's first eight bytes
outside() { sleep 0.2; "$here/relay" --outside "$TEST_DIR/srv/relay" | cut -c1-16 | sort | uniq -c | sed 's/^ *//'; }
connections() { find "$TEST_DIR/srv/relay" -name '*.raw' | wc -l; }
rule() { policy <<<"sslrootcert = $PKI/root.pem"$'\n'"plaintext_cancel = $1"; }
fresh() { forget_events; rm -f "$TEST_DIR/srv/relay"/*.raw; log_mark good; }
cancels() { events 'select(.event == "plaintext_cancel")' | jq -r '"\(.action) \(.entry) \(.libpq_version / 10000 | floor)"' | sort | uniq -c | sed 's/^ *//'; }
canceled() { log_since good | grep -c 'canceling statement due to user request' || true; }

# interrupt VERSION: psql, a query, Ctrl-C; leaves OUT (both streams), RC, and how long psql lived after it (WAITED).
interrupt() {
    local pid i began
    fresh
    LD_LIBRARY_PATH=${libs[$1]} LD_PRELOAD=${2-$OBJECT} "$psql" "host=localhost port=$R user=app dbname=app" -c 'select pg_sleep(5)' \
        >"$TEST_DIR/psql.out" 2>&1 &
    pid=$!
    for ((i = 0; i < 400; i++)); do
        [[ $(psql -h localhost -p "$P" -U postgres -d postgres -Atc \
            "select count(*) from pg_stat_activity where query = 'select pg_sleep(5)' and state = 'active'") == 1 ]] && break
        sleep 0.05
    done
    began=$SECONDS
    kill -INT "$pid"
    RC=0
    wait "$pid" || RC=$?
    WAITED=$((SECONDS - began))
    OUT=$(<"$TEST_DIR/psql.out")
}

# --- psql's Ctrl-C
no_policy
interrupt 15 ''
has "$(outside)" "1 $CANCEL" 'bare: the cancel request is plaintext'
for version in 15 17; do
    rule allow
    interrupt "$version"
    has "$OUT" 'canceling statement due to user request' "allow, libpq $version: the query is cancelled"
    is "$(canceled)" 1 "allow, libpq $version: the server says so"
    is "$(cancels)" "1 allowed PQcancel $version" "allow, libpq $version: one line"
    has "$(outside)" "1 $CANCEL" "allow, libpq $version: it was plaintext"
    rule refuse
    interrupt "$version"
    has "$OUT" 'Could not send cancel request: pgseal: refused: plaintext cancel request: the policy says plaintext_cancel = refuse' \
        "refuse, libpq $version: psql says why"
    is "$(canceled)" 0 "refuse, libpq $version: the query runs to its end"
    is "$(cancels)" "1 refused PQcancel $version" "refuse, libpq $version: one line"
    is "$(outside)" "1 $SSL_REQUEST" "refuse, libpq $version: nothing but the SSLRequest outside TLS"
done
rule encrypt
for version in 17 18; do
    interrupt "$version"
    has "$OUT" 'canceling statement due to user request' "encrypt, libpq $version: the query is cancelled"
    is "$(canceled)" 1 "encrypt, libpq $version: the server says so"
    is "$(connections) $(outside)" "2 2 $SSL_REQUEST" "encrypt, libpq $version: the cancel's bytes are all inside TLS"
    is "$(cancels)" '' "encrypt, libpq $version: no plaintext_cancel line"
    ok "encrypt, libpq $version: at once ($WAITED s)" test "$WAITED" -lt 4
done
interrupt 15
has "$OUT" 'pgseal: refused: plaintext cancel request: plaintext_cancel = encrypt needs libpq 17 or newer' 'encrypt, libpq 15: refused, with the reason'
is "$(canceled)" 0 'encrypt, libpq 15: the query runs to its end'
is "$(cancels)" '1 refused PQcancel 15' 'encrypt, libpq 15: one line'
is "$(reason plaintext_cancel)" 'plaintext_cancel = encrypt needs libpq 17 or newer' 'encrypt, libpq 15: its reason'
is "$(outside)" "1 $SSL_REQUEST" 'encrypt, libpq 15: nothing in clear'
policy <<<"mode = audit"$'\n'"sslrootcert = $PKI/root.pem"$'\n'"plaintext_cancel = refuse"
interrupt 15
is "$(canceled) $(cancels)" '1 1 would-refuse PQcancel 15' 'audit: the query is cancelled, and the line says would-refuse'

# --- a C program, in its handlers
canceller() { # VERSION WHAT…
    local version=$1 preload=${PRELOAD-$OBJECT}
    shift
    [[ $1 != strict && $1 != held ]] || preload=$OBJECT:$built/onelock.so
    fresh
    run env LD_LIBRARY_PATH="${libs[$version]}" LD_PRELOAD="$preload" timeout 120 "$built/canceller" "$@" \
        "host=localhost port=$R user=app dbname=app"
}
quick='slowest [0-9]{1,4} '
for version in 17 18; do
    rule encrypt
    canceller "$version" busy 200
    like "$OUT" '^sent 200 refused 0 ' "encrypt, libpq $version: 200 signals in the middle of malloc: all sent"
    diag "$OUT"
    is "$(connections) $(outside)" "201 201 $SSL_REQUEST" "encrypt, libpq $version: 200 connections, all inside TLS"
    for what in once fork forked; do
        canceller "$version" "$what"
        like "$OUT" "sent 1 refused 0 $quick" "encrypt, libpq $version, $what: sent"
        has "$OUT" 'query ERROR:  canceling statement due to user request' "encrypt, libpq $version, $what: the query is cancelled"
        is "$(connections) $(outside)" "2 2 $SSL_REQUEST" "encrypt, libpq $version, $what: inside TLS"
    done
    canceller "$version" request
    like "$OUT" 'sent 1 refused 0 ' "encrypt, libpq $version: PQrequestCancel"
    is "$(connections) $(outside)" "2 2 $SSL_REQUEST" "encrypt, libpq $version: PQrequestCancel is inside TLS"
    canceller "$version" strict
    is "$RC" 0 "encrypt, libpq $version: the handler enters no malloc"
    like "$OUT" 'sent 1 refused 0 ' "encrypt, libpq $version: the handler enters no malloc, and it is sent"
    canceller "$version" held
    like "$OUT" 'sent 0 refused 1 slowest (9[0-9]{3}|1[01][0-9]{3}) ' "encrypt, libpq $version: a held lock: 0 within some 10 s, no deadlock"
    has "$OUT" 'it could not be sent over TLS in time' "encrypt, libpq $version: a held lock: the reason"
    is "$RC $(canceled)" '0 0' "encrypt, libpq $version: a held lock: nothing is sent afterwards"
    is "$(cancels)" "1 refused PQcancel $version" "encrypt, libpq $version: a held lock: one line"
done
recorder_start foreign S --cert "$PKI/impostor.crt" --key "$PKI/impostor.key"
for version in 17 18; do
    canceller "$version" again "echo $(env_port foreign) >$TEST_DIR/srv/relay/to" "rm $TEST_DIR/srv/relay/to"
    like "$OUT" 'sent 0 refused 2 .* message the cancel request cannot be sent over TLS again' \
        "encrypt, libpq $version: once TLS has failed, libpq cannot try again, and the message says so"
done
canceller 15 request
is "$(cancels)" '1 refused PQrequestCancel 15' 'encrypt, libpq 15: PQrequestCancel: its line'
like "$OUT" 'sent 0 refused 1 .*message pgseal: refused: plaintext cancel request: plaintext_cancel = encrypt needs libpq 17' \
    'encrypt, libpq 15: PQrequestCancel: refused, with the reason in PQerrorMessage'
for version in 15 17; do
    rule allow
    canceller "$version" strict
    like "$RC $OUT" '^0 sent 1 refused 0 ' "allow, libpq $version: the handler enters no malloc"
    is "$(canceled)" 1 "allow, libpq $version: and cancels"
    canceller "$version" fork
    like "$OUT" 'sent 1 refused 0 .*canceling statement' "allow, libpq $version: in a child"
    rule refuse
    canceller "$version" strict
    like "$RC $OUT" '^0 sent 0 refused 1 ' "refuse, libpq $version: the handler enters no malloc"
    canceller "$version" busy 200
    like "$RC $OUT" '^0 sent 0 refused 200 slowest [0-9]{1,3} ' "refuse, libpq $version: 200 signals in the middle of malloc"
    is "$(cancels)" "200 refused PQcancel $version" "refuse, libpq $version: 200 lines, each whole"
    is "$(connections)" 1 "refuse, libpq $version: no connection"
done

# The reason of a refused PQrequestCancel is not taken for that of a later error.
for version in 15 17; do
    rule allow
    canceller "$version" request
    has "$OUT" 'sent 1 refused 0 ' "allow, libpq $version: PQrequestCancel: sent"
    is "$(cancels)" "1 allowed PQrequestCancel $version" "allow, libpq $version: PQrequestCancel: one line"
    rule refuse
    canceller "$version" ignored
    is "$(cancels)" "1 refused PQrequestCancel $version" "refuse, libpq $version: PQrequestCancel: its line"
    has "$OUT" 'sent 0 refused 1 ' "refuse, libpq $version: PQrequestCancel: refused"
    has "$OUT" 'message ERROR:  syntax error at or near "mistake"' "refuse, libpq $version: then a query's own error is shown"
done

# A cancel is judged even if it interrupts that of another connection, which the policy allows, and after that was left.
for version in 15 17; do
    no_policy
    PRELOAD='' canceller "$version" left "${_env_pid[good]}" "host=$(env_socket_dir good) port=$P user=app dbname=app"
    has "$OUT" 'sent 2 refused 0 ' "bare, libpq $version: a handler inside another PQrequestCancel, left by longjmp: both are sent"
    has "$(outside)" "2 $CANCEL" "bare, libpq $version: in plaintext"
    rule refuse
    canceller "$version" left "${_env_pid[good]}" "host=$(env_socket_dir good) port=$P user=app dbname=app"
    has "$OUT" 'sent 0 refused 2 ' "refuse, libpq $version: a handler inside another PQrequestCancel, left by longjmp: both are refused"
    is "$(cancels)" "2 refused PQcancel $version" "refuse, libpq $version: two lines"
    is "$(outside)" "1 $SSL_REQUEST" "refuse, libpq $version: nothing but the SSLRequest outside TLS"
done

# The handler that enters malloc would be seen.
fresh
run env LD_PRELOAD="$built/onelock.so" "$built/canceller" strict "host=localhost port=$R user=app dbname=app"
like "$RC $OUT" '^0 sent 1' 'bare: libpq itself keeps to it'

done_testing
