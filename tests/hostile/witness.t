#!/bin/bash
# witness.t: libpqs that lie: blocking and non-blocking callers see a failed connection, the log has one violation,
# the server gets no startup packet.
. "$(dirname "$0")/../lib/env.sh"
built=$TEST_TOP/build/hostile
liar=$built/liar symbolic_liar=$built/liar-symbolic symbolic=$built/symbolic

env_start good
P=$(env_port good)
recorder_start foreign S --cert "$PKI/impostor.crt" --key "$PKI/impostor.key"
recorder_start other S --cert "$PKI/good.crt" --key "$PKI/good.key"
recorder_start translated S --cert "$PKI/good.crt" --key "$PKI/good.key" --severity ВАЖНО
recorder_start plain N
F=$(env_port foreign) O=$(env_port other)
policy <<<"sslrootcert = $PKI/root.pem"
export LIAR_ROOT=$PKI/foreign.pem LIAR_PORT=$F LIAR_FILE=$TEST_DIR/lie
login="user=user-7391 password=password-7391 dbname=db-7391"

# lie WHAT ENTRY PORT [OPTION…]: one connection with the lying libpq; leaves OUT, ERR, RC and the log.
lie() {
    local what=$1 entry=$2 port=$3
    shift 3
    local -a words=("host=localhost port=$port $login")
    if [[ $entry == setdblogin ]]; then words=(host=localhost port="$port" user=user-7391 password=password-7391 dbname=db-7391); fi
    if [[ $entry == *params ]]; then read -r -a words <<<"host=localhost port=$port $login"; fi
    forget_events
    run env LIAR="$what" LD_LIBRARY_PATH="${LIBPQ:-$liar}" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row "$entry" "$@" -- "${words[@]}"
}
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
outcomes() { events 'select(.event | IN("failed","witness","violation"))' | jq -rs '[.[].event] | join(" ")'; }
bare_lie() { env LIAR="$1" LD_LIBRARY_PATH="${LIBPQ:-$liar}" "$ENTRY_POINTS" row "$2" -- "host=localhost port=$3 $login sslmode=verify-full sslrootcert=$PKI/root.pem"; }

# --- the lies are lies: bare, verify-full with the good root tells the foreign server everything
OUT=$(bare_lie noverify connectdb "$F")
has "$(recorded_tls foreign)" "$(hex user-7391)" 'bare: a libpq that verifies nothing tells the foreign server the user'
has "$(recorded_tls foreign)" "$(hex password-7391)" 'bare: and the password'
OUT=$(bare_lie none connectdb "$F")
has "$OUT" 'certificate verify failed' 'the liar telling the truth is a libpq like any other'
forget_recorded foreign

# --- every lie, at each entry point where PQconnectPoll can be hooked: nothing inside TLS
declare -A reasons=(
    [noverify]="verification of the server's certificate was not requested"
    [root]="the server's chain does not end in one of the policy's roots"
    [dial]="verification of the server's certificate was not requested"
)
for what in noverify root dial; do
    for entry in connectdb params setdblogin start startparams; do
        port=$F
        [[ $what != dial ]] || port=$P
        lie "$what" "$entry" "$port"
        is "$RC $(out status)" '0 bad' "$what, $entry: a failed connection, and PQfinish is fine"
        like "$(out error)" '^pgseal: refused: violation: ' "$what, $entry: PQerrorMessage says why"
        [[ $what == dial ]] || has "$(out error)" "${reasons[$what]}" "$what, $entry: the reason"
        is "$(outcomes)" violation "$what, $entry: one line"
        is "$(reason violation)" "$(out error | sed 's/^pgseal: refused: violation: //')" "$what, $entry: its reason is the same"
    done
    for entry in ping pingparams; do
        port=$F
        [[ $what != dial ]] || port=$P
        lie "$what" "$entry" "$port"
        is "$RC $(out status)" '0 no_response' "$what, $entry: no response"
        is "$(outcomes)" violation "$what, $entry: one line"
    done
    is "$(recorded foreign | cut -c1-16 | sort -u)" "$SSL_REQUEST" "$what: the foreign server saw SSLRequests"
    is "$(recorded_tls foreign)" "$(recorded foreign | sed 's/.*//')" "$what: and nothing inside TLS"
    forget_recorded foreign
done
is "$(contacts good)" 0 'dial: the good server was not even called'

# --- other things that are not as decided, on a server with a good certificate
other() { # LIE REASON NAME
    forget_recorded other
    lie "$1" connectdb "$O"
    is "$(out status) $(outcomes)" 'bad violation' "$3"
    is "$(reason violation)" "$2" "$3: the reason"
    lie "$1" start "$O"
    is "$(out status) $(outcomes)" 'bad violation' "$3, async"
    is "$(recorded_tls other | tr -d '\n')" '' "$3: nothing inside TLS"
    forget_recorded other
}
other host 'the session is with an unexpected host' 'PQhost tells of another host'
other gss 'the session is encrypted by GSSAPI, which verifies no certificate' 'GSSAPI encrypts'
LIAR_PORT=$O
lie port connectdb "$P"
is "$(out status) $(outcomes)" 'bad violation' 'another port is dialled, and PQport owns up to it'
is "$(reason violation)" 'the session is on an unexpected port' 'another port: the reason'
lie port start "$P"
is "$(out status) $(outcomes)" 'bad violation' 'another port, async'
is "$(recorded_tls other | tr -d '\n')" '' 'another port: nothing inside TLS'
LIAR_PORT=$F
recorder_start aside S --cert "$PKI/good.crt" --key "$PKI/good.key" --address 127.0.0.2
plainly=$login
login="hostaddr=127.0.0.1 $login"
for entry in connectdb start; do
    lie address "$entry" "$(env_port aside)"
    is "$(out status) $(outcomes)" 'bad violation' "another address is dialled, $entry"
    is "$(reason violation)" 'the session is with an unexpected address' "another address, $entry: the reason"
done
is "$(recorded aside | wc -l) $(recorded_tls aside | tr -d '\n')" '2 ' 'another address: it was called, and nothing is inside TLS'
login=$plainly
# A certificate that fails, and a handshake that succeeds all the same.
for entry in connectdb start; do
    lie result "$entry" "$F"
    is "$(out status) $(outcomes)" 'bad violation' "a result that nobody heeds, $entry"
    is "$(reason violation)" "the server's certificate was not verified" "a result that nobody heeds, $entry: the reason"
done
is "$(recorded_tls foreign | tr -d '\n')" '' 'a result that nobody heeds: nothing inside TLS'
forget_recorded foreign
policy <<END
sslrootcert = $PKI/root.pem
[host localhost]
ssl_min_protocol_version = TLSv1.3
END
other old "the session's protocol is older than the policy allows" 'TLS 1.2 where 1.3 is the least'
policy <<<"sslrootcert = $PKI/root.pem"
lie old connectdb "$P"
hasnt "$(outcomes)" violation 'TLS 1.2 where that is allowed is no violation'
has "$(outcomes)" witness 'TLS 1.2 where that is allowed: a witness'

# --- no TLS at all
lie inuse connectdb "$(env_port plain)"
is "$(out status) $(outcomes)" 'bad violation' 'PQsslInUse claims a TLS that is not there'
is "$(recorded plain | tr -d '\n')" '' 'and not one byte was sent'
forget_recorded plain
lie inuse start "$(env_port plain)"
is "$(out status) $(outcomes)" 'bad violation' 'the same, async'
is "$(recorded plain | tr -d '\n')" '' 'and not one byte was sent there either'
# A libpq that forgets TLS altogether sends the startup packet in the very step in which it would ask for TLS: that much
# is out when pgseal sees it, and nothing more.
forget_recorded plain
for entry in connectdb start; do
    lie plain "$entry" "$(env_port plain)"
    is "$(out status) $(outcomes)" 'bad violation' "a libpq that forgets TLS, $entry"
    is "$(reason violation)" 'the session does not use TLS' "a libpq that forgets TLS, $entry: the reason"
done
hasnt "$(recorded plain)" "$(hex password-7391)" 'a libpq that forgets TLS: no password'

# --- PQreset and PQresetStart: honest at first
for how in sync start; do
    for entry in connectdb start; do
        rm -f "$LIAR_FILE"
        log_mark good
        forget_events
        forget_recorded foreign
        run env LD_LIBRARY_PATH="$liar" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row "$entry" "between=echo dial >$LIAR_FILE" "reset=$how" \
            -- "host=localhost port=$P user=app dbname=app"
        is "$RC $(jq -rs '[.[].status] | join(" ")' <<<"$OUT")" '0 ok bad' "reset=$how after $entry: the reset fails"
        like "$(jq -rs '.[1].error' <<<"$OUT")" '^pgseal: refused: violation: ' "reset=$how after $entry: PQerrorMessage says why"
        is "$(outcomes)" 'witness violation' "reset=$how after $entry: one witness, one violation"
        is "$(recorded_tls foreign | tr -d '\n')" '' "reset=$how after $entry: nothing inside TLS"
        rm -f "$LIAR_FILE"
    done
done

# --- a libpq linked -Bsymbolic-functions: its own polls are not seen
log_mark good
for entry in connectdb params setdblogin start startparams; do
    LIBPQ=$symbolic lie none "$entry" "$P"
    has "$(out error)$(outcomes)" 'role "user-7391" does not exist' "-Bsymbolic, $entry: an honest one reaches the server" || true
done
for entry in connectdb start; do
    forget_events
    run env LD_LIBRARY_PATH="$symbolic" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row "$entry" -- "host=localhost port=$P user=app dbname=app"
    is "$(out status) $(outcomes)" 'ok witness' "-Bsymbolic, $entry: one witness"
    is "$(events 'select(.event == "seal")' | wc -l)" 1 "-Bsymbolic, $entry: one verdict"
done
for server in other translated; do
    LIBPQ=$symbolic lie none connectdb "$(env_port $server)"
    like "$(out error)" ':  recorded' "-Bsymbolic, $server: the server's error"
    is "$(outcomes)" '' "-Bsymbolic, $server: it comes after the startup packet, so the connection has not \`failed\`"
done
LIBPQ=$symbolic lie none connectdb "$F"
is "$(outcomes)" failed '-Bsymbolic, another CA: before it'
forget_recorded foreign
for entry in start startparams; do
    LIBPQ=$symbolic_liar lie noverify "$entry" "$F"
    is "$(out status) $(outcomes)" 'bad violation' "-Bsymbolic and lying, $entry: the caller's own polls are seen"
done
is "$(recorded_tls foreign | tr -d '\n')" '' '-Bsymbolic and lying, async: nothing inside TLS'
env_start impostor
I=$(env_port impostor)
for entry in connectdb params setdblogin; do
    words=("host=localhost port=$I user=app dbname=app")
    [[ $entry == connectdb ]] || words=(host=localhost port="$I" user=app dbname=app)
    forget_events
    run env LIAR=noverify LD_LIBRARY_PATH="$symbolic_liar" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row "$entry" -- "${words[@]}"
    is "$RC $(out status) $(outcomes)" '0 bad violation' "-Bsymbolic and lying, $entry: seen after the blocking call"
    like "$(out error)" '^pgseal: refused: violation: ' "-Bsymbolic and lying, $entry: PQerrorMessage says why"
    hasnt "$OUT" '"server"' "-Bsymbolic and lying, $entry: no query is sent"
done
echo dial >"$LIAR_FILE.later"
rm -f "$LIAR_FILE"
LIAR_PORT=$I
forget_events
run env LD_LIBRARY_PATH="$symbolic_liar" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" row connectdb "between=mv $LIAR_FILE.later $LIAR_FILE" reset=sync \
    -- "host=localhost port=$P user=app dbname=app"
is "$RC $(jq -rs '[.[].status] | join(" ")' <<<"$OUT") $(outcomes)" '0 ok bad witness violation' '-Bsymbolic and lying, PQreset: seen after it'
rm -f "$LIAR_FILE"
LIAR_PORT=$F

# --- no table grows: without malloc's per-thread caches, which fill slowly, the count is exact
grown() { # LIE PORT TIMES
    env GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1 LIAR="$1" LD_LIBRARY_PATH="$liar" \
        LD_PRELOAD="$OBJECT" "$built/cycles" "$3" "host=localhost port=$2 user=app dbname=app" 2>&1
}
printf 'log = none\nsslrootcert = %s\n' "$PKI/root.pem" | policy
is "$(grown noverify "$F" 1000)" 0 'a second 500 violations leave no byte behind'
is "$(CYCLES_OK=1 grown none "$P" 1000)" 0 'nor do good sessions'

done_testing
