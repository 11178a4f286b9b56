#!/bin/bash
# cancelconn.t: PQcancelCreate, PQcancelStart, PQcancelPoll and PQcancelBlocking of libpq 17 and 18: those of a sealed
# connection are sealed, those of a plaintext one follow plaintext_cancel. A relay between client and server shows
# what was sent.
. "$(dirname "$0")/../lib/env.sh"
built=$TEST_TOP/build/hostile here=$TEST_TOP/tests/hostile
declare -A libs=()
for major in 17 18; do
    libs[$major]=$("$TEST_TOP/tests/lib/libpqs.sh" "$major") || { echo "Bail out! libpq $major could not be fetched"; exit 1; }
    mkdir "$TEST_DIR/symbolic-$major"
    "$TEST_TOP/tests/matrix/symbolic.py" "${libs[$major]}/libpq.so.5" "$TEST_DIR/symbolic-$major/libpq.so.5"
    libs[$major-symbolic]=$TEST_DIR/symbolic-$major:${libs[$major]}
done

env_start good
P=$(env_port good)
recorder_start foreign S --cert "$PKI/impostor.crt" --key "$PKI/impostor.key"
recorder_start plain N
mkdir "$TEST_DIR/srv/relay"
"$here/relay" "$TEST_DIR/srv/relay" "$P" </dev/null >"$TEST_DIR/srv/relay.log" 2>&1 &
_env_pid["relay"]=$! _env_signal["relay"]=TERM
for ((i = 0; i < 500; i++)); do [[ -f $TEST_DIR/srv/relay/port ]] && break; sleep 0.02; done
R=$(<"$TEST_DIR/srv/relay/port")
CANCEL=0000001004d2162e # a CancelRequest's first eight bytes
outside() { sleep 0.2; "$here/relay" --outside "$TEST_DIR/srv/relay" | cut -c1-16 | sort | uniq -c | xargs; }
cancels() { events 'select(.event == "plaintext_cancel")' | jq -r '"\(.action) \(.entry) \(.libpq_version / 10000 | floor) \(.reason // "-")"' | sort | uniq -c | xargs; }
canceled() { log_since good | grep -c 'canceling statement due to user request' || true; }

# cancelconn VERSION HOW COMMAND [OPTION…]: leaves FIRST, AGAIN (the two cancels), QUERY and RC. The port is the good
# server's until COMMAND says otherwise.
cancelconn() {
    local version=$1 how=$2 command=$3
    shift 3
    rm -f "$TEST_DIR/srv/relay/to"
    forget_events
    rm -f "$TEST_DIR/srv/relay"/*.raw
    forget_recorded foreign
    forget_recorded plain
    log_mark good
    run env LD_LIBRARY_PATH="${libs[$version]}" LD_PRELOAD="${PRELOAD-$OBJECT}" timeout 60 "$built/cancelconn" "$how" "$command" \
        "host=localhost port=$R user=app dbname=app $*"
    { IFS= read -r FIRST; IFS= read -r AGAIN; IFS= read -r QUERY; } <<<"$OUT" || true
}
becomes() { echo "echo $(env_port "$1") >$TEST_DIR/srv/relay/to"; }
rule() { policy <<<"sslrootcert = $PKI/root.pem"$'\n'"plaintext_cancel = $1"; }
exempt() { policy <<<"sslrootcert = $PKI/root.pem"$'\n'"plaintext_cancel = $1"$'\n'"${2:-}"$'\n'"[host localhost]"$'\n''exempt = to be seen'; }
sent='began 1 sent 1 status ok message '
cancelled='query ERROR:  canceling statement due to user request'

PRELOAD='' cancelconn 17 poll true sslmode=disable
is "$FIRST $QUERY" "$sent $cancelled" 'bare: a cancel in plaintext'
is "$(outside)" "2 $CANCEL 1 0000001f00030000" 'bare: the cancel request is plaintext'
PRELOAD='' cancelconn 17 starved true sslmode=disable
is "$FIRST $QUERY" "$sent $cancelled" 'bare: memory for it'

for version in 17 18 17-symbolic 18-symbolic; do
    major=${version%-*}
    # PQcancelStatus is no hook: it tells of a refusal by the PQstatus inside libpq, which a libpq that binds it to itself does not.
    told=bad
    [[ $version != *-symbolic ]] || told=other
    refused="sent 0 status $told message pgseal: refused: plaintext cancel request: plaintext_cancel does not allow it"
    for how in poll blocking; do
        name="libpq $version, $how"
        # --- sealed: whatever plaintext_cancel says
        for word in refuse encrypt allow; do
            rule "$word"
            cancelconn "$version" "$how" true sslmode=disable
            is "$RC $FIRST $QUERY" "0 $sent $cancelled" "$name, $word: sealed, and the query is cancelled"
            is "$AGAIN" "$sent" "$name, $word: and again after PQcancelReset"
            is "$(canceled) $(outside)" "1 3 $SSL_REQUEST" "$name, $word: nothing outside TLS"
            is "$(cancels) $(events 'select(.event == "violation")')" ' ' "$name, $word: no line of it"
        done
        # --- the port becomes an impostor's, or one without TLS
        cancelconn "$version" "$how" "$(becomes foreign)" sslmode=disable
        is "$RC ${FIRST%%message*}" '0 began 1 sent 0 status bad ' "$name, an impostor: not sent"
        has "$FIRST" 'certificate verify failed' "$name, an impostor: PQcancelErrorMessage says why"
        has "$AGAIN" 'sent 0 status bad' "$name, an impostor: nor after PQcancelReset"
        is "$(canceled) $(outside)" "0 2 $SSL_REQUEST" "$name, an impostor: nothing outside TLS"
        is "$(recorded foreign | wc -l) $(recorded_tls foreign | tr -d '\n')" '1 ' "$name, an impostor: it was called, and told nothing inside TLS"
        cancelconn "$version" "$how" "$(becomes plain)" sslmode=disable
        has "$FIRST" 'sent 0 status bad message' "$name, no TLS: not sent"
        is "$(outside)" "2 $SSL_REQUEST" "$name, no TLS: nothing but SSLRequests"
        # --- an exempt connection in plaintext
        for word in refuse encrypt; do
            exempt "$word"
            cancelconn "$version" "$how" true sslmode=disable
            is "${FIRST#began [01] }" "$refused" "$name, exempt, $word: refused, in words"
            is "${AGAIN#began [01] }" "$refused" "$name, exempt, $word: PQcancelReset opens nothing"
            is "$(cancels)" "1 refused PQcancelCreate $major plaintext_cancel does not allow it" "$name, exempt, $word: one line"
            hasnt "$(outside)" "$CANCEL" "$name, exempt, $word: no cancel request"
            is "$(canceled) $QUERY" '0 query ' "$name, exempt, $word: the query runs to its end"
        done
        exempt allow
        cancelconn "$version" "$how" true sslmode=disable
        is "$FIRST $AGAIN $QUERY" "$sent $sent $cancelled" "$name, exempt, allow: sent"
        is "$(cancels)" "1 allowed PQcancelCreate $major -" "$name, exempt, allow: one line"
        has "$(outside)" "2 $CANCEL" "$name, exempt, allow: in plaintext"
        exempt refuse 'mode = audit'
        cancelconn "$version" "$how" true sslmode=disable
        is "$FIRST $(cancels)" "$sent 1 would-refuse PQcancelCreate $major plaintext_cancel does not allow it" "$name, audit: sent, and the line says would-refuse"
    done
    # --- exempt, and in TLS all the same: whether its cancel can fall back to plaintext
    exempt refuse
    for mode in prefer allow require; do
        for how in poll blocking; do
            cancelconn "$version" "$how" "$(becomes plain)" sslmode=$mode
            hasnt "$(outside)" "$CANCEL" "libpq $version, $how, exempt, sslmode=$mode: a server that has no TLS any more gets no cancel"
        done
    done
    cancelconn "$version" poll true sslmode=require
    is "$FIRST $QUERY $(cancels)" "$sent $cancelled " "libpq $version, exempt, sslmode=require: sent in TLS, no line"
    cancelconn "$version" poll true sslmode=prefer
    like "$FIRST" 'pgseal: refused: plaintext cancel request: .*sslmode=require' "libpq $version, exempt, sslmode=prefer: refused, with what to do"
    is "$(events 'select(.event == "plaintext_cancel")' | wc -l)" 1 "libpq $version, exempt, sslmode=prefer: one line"
    # --- exempt, in plaintext, and pgseal has no memory for the PGcancelConn
    cancelconn "$version" starved true sslmode=disable
    is "$RC $FIRST $AGAIN $QUERY" '0 none none query ' "libpq $version, exempt, no memory: PQcancelCreate returns NULL"
    hasnt "$(outside)" "$CANCEL" "libpq $version, exempt, no memory: no cancel request"
done
done_testing
