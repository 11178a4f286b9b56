#!/bin/bash
# longjmp.t: a connection that is left by longjmp, one that is opened from inside another, a child that is forked
# inside one: each connection is judged by itself, and the program's own look-ups are not touched.
. "$(dirname "$0")/../lib/env.sh"

steps=$TEST_DIR/bin/steps lookups=$TEST_DIR/bin/lookups
for program in steps lookups; do
    gcc -std=gnu17 -D_GNU_SOURCE= -O2 -g -Wall -Wextra -rdynamic -I"$(pg_config --includedir)" -o "$TEST_DIR/bin/$program" \
        "$TEST_TOP/tests/integration/src/$program.c" -lpq
done
env_start good nossl
recorder_start hung raw
P=$(env_port good) N=$(env_port nossl)
cp /etc/hosts "$TEST_DIR/hosts"
hosts() { { cat "$TEST_DIR/hosts"; printf '%s\n' "$@"; } >/etc/hosts; }
w='user=app dbname=app sslmode=disable'

# --- a longjmp out of a connection that hangs: the next one is judged like any other
policy <<END
sslrootcert = $PKI/root.pem
[host 127.0.0.1:$(env_port hung)]
exempt = a sidecar that hangs
END
hung="host=127.0.0.1 port=$(env_port hung) $w"
run bare "$steps" longjmp "$hung" "host=localhost port=$P $w"
is "$OUT" $'left\nok f' 'bare: left by longjmp, then a session in clear'
log_mark good
forget_events
run sealed "$steps" longjmp "$hung" "host=localhost port=$P $w application_name=next"
is "$OUT" $'left\nok t' 'after a longjmp out of an exempt connection the next is sealed'
is "$(sessions good)" 'next ssl' 'the server says so'
is "$(verdicts)" 'exempt/allowed downgrade/sealed' 'both are in the log'
forget_events
run sealed "$steps" longjmp "$hung" "host=localhost port=$N $w application_name=next"
like "$OUT" $'^left\nbad ' 'and where the server has no TLS there is no session'
is "$(sessions nossl)" '' 'nor does that server know of one'
is "$(verdicts)" 'exempt/allowed downgrade/sealed' 'both are in the log then too'
forget_events
log_mark good
run sealed "$steps" longjmp "host=localhost port=$(env_port hung) $w" "host=localhost port=$P $w application_name=next"
is "$OUT" $'left\nok t' 'after a longjmp out of a sealed connection the next is sealed, though its string stands at the same address'
is "$(sessions good)" 'next ssl' 'the server says so'
is "$(verdicts)" 'downgrade/sealed downgrade/sealed' 'and both are in the log'

# --- inside a look-up
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = prod.example
[host exempt.internal]
exempt = an old server
[host audited.internal]
mode = audit
END
# The verified name points elsewhere: there nobody listens.
hosts '127.0.0.1 orders.internal exempt.internal audited.internal' '127.0.0.7 prod.example'
orders="host=orders.internal port=$P $w" plain="host=localhost port=$P $w"
itself='prod.example is 127.0.0.7'
lines() { printf '%s\n' "$@"; }
run bare "$lookups" nothing "$orders" "$plain" prod.example
is "$OUT" "$(lines 'look-up orders.internal' 'FIRST ok f' "$itself")" "bare: libpq asks the program's own getaddrinfo"
run sealed "$lookups" nothing "$orders" "$plain" prod.example
is "$OUT" "$(lines 'look-up orders.internal' 'FIRST ok t' "$itself")" \
    "sealed: so it does under verify_as, for the program's name; the program itself is not answered"
# between WHAT CONNINFO NAME TLS CONNINFO NAME TLS: WHAT happens inside the first, then comes the second
between() {
    local how=$1 first=$2 first_name=$3 first_tls=$4 second=$5 name=$6 tls=$7 want
    run sealed "$lookups" "$how" "$first" "$second" prod.example
    case $how in
    nested | fork) want=$(lines "look-up $first_name" "look-up $name" "SECOND ok $tls" "FIRST ok $first_tls" "$itself") ;;
    longjmp) want=$(lines "look-up $first_name" left "$itself" "$itself" "look-up $name" "SECOND ok $tls" "$itself") ;;
    reset)
        want=$(lines "look-up $first_name" "FIRST ok $first_tls" "look-up $first_name" left "$itself" "$itself" \
            "look-up $name" "SECOND ok $tls" "$itself")
        ;;
    esac
    is "$RC $OUT" "0 $want" "$how inside $first_name, then $name: each by its own rule"
}
while IFS='|' read -r conninfo name tls; do
    for how in nested fork longjmp reset; do
        between $how "$orders" orders.internal t "$conninfo" "$name" "$tls"
        between $how "$conninfo" "$name" "$tls" "$orders" orders.internal t
    done
done <<END
$orders|orders.internal|t
$plain|localhost|t
host=exempt.internal port=$P $w|exempt.internal|f
host=audited.internal port=$P $w|audited.internal|f
END
done_testing
