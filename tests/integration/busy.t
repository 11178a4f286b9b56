#!/bin/bash
# busy.t: threads open and close modules while others connect or fork: everything works as bare, over verified TLS.
. "$(dirname "$0")/../lib/env.sh"
. "$TEST_TOP/tests/lib/reach.sh"

env_start good
policy <<<"sslrootcert = $PKI/root.pem"
target="host=localhost port=$(env_port good) dbname=app user=app sslmode=disable"
none='nothing=1' # which libpq rejects at once, so that there are many calls
a=$REACH/a/moda.so b=$REACH/b/modb.so
busy=$REACH/busy
reach_cc -rdynamic -o "$busy" "$REACH_SRC/busy.c" -lpq -lpthread -Wl,-rpath,"$REACH/a"
reach_cc -DCLOSED -fPIC -shared -o "$REACH/closed.so" "$REACH_SRC/busy.c" -lpq

# alike NAME WANT COMMAND…: bare and sealed print what is wanted; sealed, all sessions are verified TLS.
alike() {
    local name=$1 want=$2
    shift 2
    run bare timeout 100 "$@"
    is "$RC $OUT$ERR" "0 $want" "$name: bare"
    log_mark good
    run sealed timeout 100 "$@"
    is "$RC $OUT$ERR" "0 $want" "$name: sealed alike"
    [[ $* == *"$none"* ]] || is "$(sessions good | sort -u)" '- ssl' "$name: verified TLS"
}

for flags in n d; do
    alike "children of a fork, other threads open and close ($flags)" \
        $'children that failed: 0\nambiguous: 0, failed: 0' "$busy" forks 60 "$target" $flags "$a" "$b"
done
alike 'children of a fork, another thread walks through the objects' $'children that failed: 0\nambiguous: 0, failed: 0' \
    "$busy" walks 5 "$target"
alike 'the same, and no hook was called before the fork' $'children that failed: 0\nambiguous: 0, failed: 0' \
    "$busy" first 5 "$target"
alike 'a close while other threads open' $'closes that were not the last: 0\nambiguous: 0, failed: 0' \
    "$busy" closes 1500 "$none" "$REACH/closed.so" "$a" "$b" "$REACH/c/modc.so"

# The thread that looks for libpq waits for the constructor, and so holds what it looks at.
reach_cc -DOPENER -fPIC -shared -o "$REACH/opener.so" "$REACH_SRC/busy.c" -lpq
export BUSY_MODULE=$REACH/mods.so
alike 'a constructor that opens and closes, while another thread looks at what was opened' $'in time\nambiguous: 0, failed: 0' \
    "$busy" waits 2 "$none" "$REACH/opener.so" "$b"

# Its constructor runs meanwhile.
want=$(printf 'module: libpq 150020: connect: ok\n%.0s' 1 2 3 4 5)
alike 'children of a fork open in another namespace, another thread opens' "$want"$'\nchildren that failed: 0\nambiguous: 0, failed: 0' \
    "$busy" space 5 "$target" "$REACH/opener.so" "$REACH/mods.so"

# What one thread opens is not taken for a library of what another one is just opening with RTLD_DEEPBIND: it goes on with
# the program's libpq for all that it calls.
unset BUSY_MODULE
cp "$REACH/opener.so" "$REACH/opener-2.so"
want=$(for ((i = 0; i < 40; i++)); do printf 'module: libpq 150020: connect: ok\nmodule: libpq 150020: 1\n'; done)
alike 'a plain open among deepbound ones' "$want"$'\nambiguous: 0, failed: 0' \
    "$busy" mixed 40 "$target" "$a" "$REACH/opener.so" "$REACH/opener-2.so"

# A scope that is asked for, while other threads close what was loaded before.
reach_cc -o "$REACH/churn" "$REACH_SRC/churn.c" -lpthread
churned=()
for letter in a b c; do
    churned+=("$REACH/$letter/default.so")
    reach_cc -DDEFAULT -fPIC -shared -o "${churned[-1]}" "$REACH_SRC/hidden.c" "$REACH/$letter/libp$letter.so.5" -Wl,-rpath,"\$ORIGIN" \
        -Wl,--unresolved-symbols=ignore-in-shared-libs
done
want=$(printf "    150 default.so: libpq %s: \n" 130023 160014 180004)
for flags in n d; do
    # shellcheck disable=SC2016
    alike "modules that ask dlsym(RTLD_DEFAULT), opened and closed ($flags)" "$want" \
        bash -o pipefail -c '"$@" | sed -n "s/invalid .*//p" | sort | uniq -c' churn "$REACH/churn" 150 "$none" $flags "${churned[@]}"
done

# A call that is under way when a second libpq comes in is not one of the module that brought it.
reach_cc -rdynamic -o "$REACH/under_way" "$REACH_SRC/under_way.c" -lpq -lpthread
alike 'a call under way when the first module with a libpq is opened' ok "$REACH/under_way" "$target" "$a"
alike 'a later call under way' $'ok\nok' "$REACH/under_way" "$target" "$a" again

# An open with RTLD_DEEPBIND that fails, for whose thread no hook is called any more, says nothing of a module that another
# thread opens: it goes on with the program's libpq, which comes first.
alike 'a deepbound open that failed' $'module: libpq 150020: connect: ok\nmodule: libpq 150020: 1\nambiguous: 0, failed: 0' \
    "$busy" stale "$target" libnone-such.so "$b"

done_testing
