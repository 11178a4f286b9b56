#!/bin/bash
# roots.t: roots on demand: a sealed connection reads its root file once, through every entry point and libpq, never with another
# outcome than libpq with the whole file; nothing else in the process is touched. (tests/unit/test_demand.c compares verdicts.)
# shellcheck source=tests/lib/env.sh
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor wrongname expired
roots=$TEST_DIR/roots.pem
policy_of() { # ROOTS
    printf 'sslrootcert = %s\nlog = none\n' "$1" | policy
}
opened() { # COMMAND…: how often the root file is opened
    strace -f -qq -e trace=open,openat -o "$TEST_DIR/opens" "$@" >"$TEST_DIR/out" 2>&1 || true
    grep -c "$roots" "$TEST_DIR/opens" || true
}

# --- read once, where without this pgseal would read it, and then libpq

cat /etc/ssl/certs/ca-certificates.crt "$PKI/root.pem" >"$roots"
policy_of "$roots"
target="host=localhost port=$(env_port good) user=app dbname=app"
for version in '' 13 16 18; do
    libraries=
    [[ -z $version ]] || libraries=$TEST_TOP/build/libpqs/$version/native/lib
    for entry in connectdb params start; do
        words=("$target")
        [[ $entry != params ]] || read -ra words <<<"$target"
        is "$(opened env LD_LIBRARY_PATH="$libraries" LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" x "$entry" -- "${words[@]}")" 1 \
            "libpq ${version:-15}, $entry: the root file is read once"
        like "$(<"$TEST_DIR/out")" '"status":"ok"' "libpq ${version:-15}, $entry: connected"
    done
    is "$(opened env LD_LIBRARY_PATH="$libraries" "$ENTRY_POINTS" x connectdb -- "$target sslmode=verify-full sslrootcert=$roots")" 1 \
        "libpq ${version:-15}, bare: once as well"
done
printf 'mode = audit\nsslrootcert = %s\nlog = none\n' "$roots" | policy
is "$(opened env LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" x connectdb -- "$target sslmode=verify-full sslrootcert=$roots")" 2 \
    'in audit mode libpq reads the file itself'

# --- the same outcome as with the whole file

outcome() { # SERVER HOW
    local to
    to="host=localhost port=$(env_port "$1") user=app dbname=app"
    if [[ $2 == bare ]]; then
        run bare "$ENTRY_POINTS" x connectdb -- "$to sslmode=verify-full sslrootcert=$roots"
    else
        run sealed "$ENTRY_POINTS" x connectdb -- "$to"
    fi
    out status
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$TEST_DIR/twin.key" -out "$TEST_DIR/twin.pem" -days 30 \
    -subj "$(openssl x509 -in "$PKI/root.pem" -noout -subject -nameopt compat | sed 's/^subject= *//')" 2>/dev/null
cases=0
while read -r name files; do
    : >"$roots"
    for file in $files; do cat "$file" >>"$roots"; done
    policy_of "$roots"
    for server in good impostor wrongname expired; do
        bare=$(outcome "$server" bare)
        is "$(outcome "$server" sealed)" "$bare" "$name, server $server: $bare, as libpq with the whole file"
        cases=$((cases + 1))
    done
done <<END
the-root $PKI/root.pem
a-foreign-root $PKI/foreign.pem
both $PKI/foreign.pem $PKI/root.pem
twice $PKI/root.pem $PKI/root.pem
an-intermediate-alone $PKI/intermediate.pem
an-intermediate-and-its-root $PKI/intermediate.pem $PKI/root.pem
another-key-of-the-name-first $TEST_DIR/twin.pem $PKI/root.pem
another-key-of-the-name-last $PKI/root.pem $TEST_DIR/twin.pem
another-key-of-the-name-alone $TEST_DIR/twin.pem
the-servers-own-certificate $PKI/impostor.crt
END
is "$cases" 40 'all were compared'

# --- rotation between judging and use: what was judged decides, bare libpq goes by what it finds when it loads the file

# In each process two connections: the file changes when the first one dials (pgseal has judged it by then, libpq has not
# loaded it), so the second is judged by the new file. Where a file is overwritten, length and time of change tell nothing.
rotated() { # SERVER BEFORE AFTER WHEN HOW NAME BARE SEALED
    local to before=$2 after=$3 how
    to="host=localhost port=$(env_port "$1") user=app dbname=app"
    for how in bare sealed; do
        cp "$before" "$roots"
        cp "$after" "$TEST_DIR/new.pem"
        [[ $how == sealed ]] || to+=" sslmode=verify-full sslrootcert=$roots"
        run env LD_PRELOAD="$([[ $how == bare ]] || echo "$OBJECT:")$TEST_TOP/build/tests/swap.so" SWAP_FILE="$roots" \
            SWAP_WITH="$TEST_DIR/new.pem" SWAP_AT="$4" SWAP_HOW="$5" "$ENTRY_POINTS" x connectdb times=2 -- "$to"
        to=${to% sslmode=*}
        is "$(jq -rs 'map(.status) | join(" ")' <<<"$OUT")" "$([[ $how == bare ]] && echo "$7" || echo "$8")" "$6, $how"
        cmp -s "$roots" "$after" || diag "$6: the file was not changed"
    done
}
padded() { # FILE LENGTH: the file, and text behind it
    cat "$1"
    printf '%*s\n' $(($2 - $(stat -c %s "$1") - 1)) 'end'
}
policy_of "$roots"
cat "$PKI/root.pem" "$PKI/foreign.pem" >"$TEST_DIR/both.pem"
padded "$PKI/root.pem" 4096 >"$TEST_DIR/own.pem"
padded "$PKI/foreign.pem" 4096 >"$TEST_DIR/other.pem"
printf -- '-----BEGIN CERTIFICATE-----\nMIIB\n' >"$TEST_DIR/cut.pem"
: >"$TEST_DIR/empty.pem"
rows=0
while read -r how server before after bare sealed name; do
    rotated "$server" "$before" "$after" connect "$how" "rotated by $how: $name" "${bare/,/ }" "${sealed/,/ }"
    rows=$((rows + 1))
done <<END
rename good $TEST_DIR/own.pem $TEST_DIR/other.pem bad,bad ok,bad the server's root goes
overwrite good $TEST_DIR/own.pem $TEST_DIR/other.pem bad,bad ok,bad the server's root goes
rename good $TEST_DIR/other.pem $TEST_DIR/own.pem ok,ok bad,ok the server's root comes
overwrite good $TEST_DIR/other.pem $TEST_DIR/own.pem ok,ok bad,ok the server's root comes
rename impostor $TEST_DIR/own.pem $TEST_DIR/other.pem ok,ok bad,ok an impostor's root comes
overwrite impostor $TEST_DIR/own.pem $TEST_DIR/other.pem ok,ok bad,ok an impostor's root comes
overwrite impostor $PKI/root.pem $TEST_DIR/both.pem ok,ok bad,ok one is added
rename good $PKI/root.pem $TEST_DIR/cut.pem bad,bad ok,bad a cut file comes
overwrite good $PKI/root.pem $TEST_DIR/empty.pem bad,bad ok,bad an empty file comes
END
is "$rows" 9 'all were tried'
rotated good "$TEST_DIR/other.pem" "$TEST_DIR/own.pem" 1 overwrite 'changed before it is judged' 'ok ok' 'ok ok'

# --- other users of OpenSSL in the process, with the same file

cat /etc/ssl/certs/ca-certificates.crt "$PKI/root.pem" >"$roots"
policy_of "$roots"
cat >"$TEST_DIR/both.py" <<END
import ssl, sys, psycopg2
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations("$roots")
before = len(context.get_ca_certs())
psycopg2.connect("$target").close()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations("$roots")
print(before, len(context.get_ca_certs()))
END
is "$(sealed python3 "$TEST_DIR/both.py" 2>&1)" "$(bare python3 "$TEST_DIR/both.py" 2>&1)" "Python's ssl loads the whole file, before and after"
done_testing
