#!/bin/bash
# rejected.t: strings that libpq itself rejects: the caller gets libpq's own message and its own values, bare and
# sealed.
. "$(dirname "$0")/../lib/env.sh"

env_start good
P=$(env_port good)
policy <<<"sslrootcert = $PKI/root.pem"
printf 'localhost:%s:app:app:from-the-passfile\n' "$P" >"$HOME/.pgpass"
chmod 0600 "$HOME/.pgpass"
printf '[plain]\nhost=localhost\nport=%s\nuser=app\ndbname=app\npassword=of-the-service\n[faulty]\nno-such-option=1\n[gssmode]\ngssencmode=maybe\n' \
    "$P" >"$TEST_DIR/service.conf"
export PGSERVICEFILE=$TEST_DIR/service.conf
target="host=localhost port=$P user=app dbname=app"
# alike NAME ENTRY [OPTION…] -- ARGUMENT…: status, message, PQpass and all of PQconninfo
alike() {
    local name=$1 way libs version
    shift
    for version in 15 13 16 18; do
        libs=/nonexistent
        ((version == 15)) || libs=$("$TEST_TOP/tests/lib/libpqs.sh" $version)
        for way in bare sealed; do
            run $way env LD_LIBRARY_PATH="$libs" "$ENTRY_POINTS" x "$@"
            declare "$way=$OUT $ERR"
        done
        # shellcheck disable=SC2154 # both are declared above
        is "$sealed" "$bare" "libpq $version: $name"
        like "$(out status)" '^(bad|no_attempt)$' "libpq $version: $name: no connection"
    done
}
for entry in connectdb start ping; do
    alike "a wrong sslmode, $entry" $entry -- "$target sslmode=bogus password=mine target_session_attrs=read-write"
    alike "a wrong sslmode without a password, $entry" $entry -- "$target sslmode=bogus"
    alike "a wrong option in a service, $entry" $entry -- 'service=faulty password=mine'
    alike "a service that is nowhere, $entry" $entry -- 'service=nowhere password=mine'
    alike "a keyword that does not exist, $entry" $entry -- "$target no_such=1 password=mine"
    alike "no connection string, $entry" $entry -- 'just words'
    alike "a quote that is not closed, $entry" $entry -- "$target password='mine"
    alike "lists that do not match, $entry" $entry -- "host=a,b port=1,2,3 password=mine"
done
for entry in params startparams params0 pingparams; do
    alike "a wrong sslmode, $entry" $entry -- host=localhost "port=$P" user=app dbname=app sslmode=bogus password=mine \
        target_session_attrs=read-write
    alike "a wrong gssencmode by PGGSSENCMODE, $entry" $entry env:PGGSSENCMODE=maybe -- host=localhost "port=$P" user=app password=mine
    alike "session attributes by PGTARGETSESSIONATTRS, $entry" $entry env:PGTARGETSESSIONATTRS=read-only -- host=localhost sslmode=bogus
    alike "a keyword that does not exist, $entry" $entry -- host=localhost no_such=1 password=mine
done
alike 'a wrong sslmode, login' setdblogin -- host=localhost "port=$P" user=app 'dbname=sslmode=bogus' password=mine
alike 'a wrong gssencmode by a service' connectdb -- 'service=gssmode host=localhost password=mine'

# --- what works on a PGconn, on those that are not open: the same in every mode, whatever the policy says of cancels
gcc -std=gnu17 -D_GNU_SOURCE= -o "$TEST_DIR/bin/unopened" -I"$(pg_config --includedir)" "$TEST_TOP/tests/integration/src/unopened.c" \
    -lpq -ldl
unopened=("$TEST_DIR/bin/unopened" 'just words' sslmode=bogus service=nowhere 'host=/nonexistent user=app dbname=app')
for version in 15 13 17 18; do
    libs=/nonexistent
    ((version == 15)) || libs=$("$TEST_TOP/tests/lib/libpqs.sh" $version)
    run bare env LD_LIBRARY_PATH="$libs" "${unopened[@]}"
    bare="$RC $OUT $ERR"
    for mode in enforce audit; do
        for cancel in allow refuse encrypt; do
            policy <<<"sslrootcert = $PKI/root.pem"$'\n'"mode = $mode"$'\n'"plaintext_cancel = $cancel"
            run sealed env LD_LIBRARY_PATH="$libs" "${unopened[@]}"
            is "$RC $OUT $ERR" "$bare" "libpq $version: $mode, plaintext_cancel = $cancel: a PGconn that is not open"
        done
    done
done
policy <<<"sslrootcert = $PKI/root.pem"

# --- a service that turns to what libpq accepts, while pgseal looks: no connection, whatever it says then
for at in 1 2 3 4; do
    printf '[s]\nhost=localhost\nport=%s\nsslmode=bogus\n' "$P" >"$TEST_DIR/race.conf"
    printf '[s]\nhost=localhost\nport=%s\nsslmode=disable\n' "$P" >"$TEST_DIR/race.new"
    run env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_FILE="$TEST_DIR/race.conf" SWAP_WITH="$TEST_DIR/race.new" SWAP_AT=$at \
        PGSERVICEFILE="$TEST_DIR/race.conf" "$ENTRY_POINTS" x connectdb -- 'service=s user=app dbname=app'
    isnt "$(out status server)" 'ok f' "look $at: nothing weaker came of it"
done
done_testing
