#!/bin/bash
# scan_more.t: `pgseal scan`: static libpqs whose functions can be interposed and others, compared with connections to
# an impostor; versions of libpq and OpenSSL; drivers inside bundled JavaScript; libkci; setuid programs with
# /etc/ld.so.preload.
cli=${CLI:-}
. "$(dirname "$0")/../lib/env.sh"
pgseal=${cli:-$TEST_TOP/build/pgseal}
pgseal_run=$TEST_TOP/build/pgseal-run

env_start good impostor
G=$(env_port good) I=$(env_port impostor)
policy <<<"sslrootcert = $PKI/root.pem"
work=$TEST_DIR/work
mkdir "$work" && cd "$work"
scan() { run "$pgseal" scan --json "$@"; }
field() { jq -r "$1" <<<"$OUT"; }
item() { field ".items[] | select(.path | endswith(\"$1\")) | [.verdict, .ways[0].way] | join(\" \")"; }

# --- static libpqs in a module
cat >module.c <<'END'
#include <libpq-fe.h>
#include <stdio.h>
int go(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    puts(PQstatus(conn) == CONNECTION_OK ? PQsslInUse(conn) ? "ok t" : "ok f" : PQerrorMessage(conn));
    PQfinish(conn);
    return PQlibVersion();
}
END
cat >load.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    int (*go)(const char *) = module ? (int (*)(const char *))dlsym(module, "go") : NULL;
    if (!go) return puts(dlerror()), 1;
    return argc < 3 ? 1 : go(argv[2]) == 0;
}
END
gcc -o load load.c
L=$("$TEST_TOP/tests/lib/libpqs.sh" 16) # a build with the archives that a shared object can be made of
libs="$L/libpq.a $L/libpgcommon_shlib.a $L/libpgport_shlib.a -L$L -l:libssl.so.1.1 -l:libcrypto.so.1.1 -lm -Wl,-rpath,$L"
build() { # NAME OPTION…
    local name=$1
    shift
    # shellcheck disable=SC2086
    gcc -shared -fPIC -I"$(pg_config --includedir)" -o "$name" module.c "$@" $libs
}
build plain.so
build symbolic.so -Wl,-Bsymbolic
build functions.so -Wl,-Bsymbolic-functions
build hidden.so -Wl,--exclude-libs,ALL
target="user=app dbname=app sslmode=disable"
version=$(LD_LIBRARY_PATH=$L python3 -c 'import ctypes; print(ctypes.CDLL("libpq.so.5").PQlibVersion())')
static() { # NAME VERDICT SEALED
    run bare ./load "./$1" "host=localhost port=$I $target"
    is "$OUT" 'ok f' "$1: bare, it connects to the impostor in plaintext"
    run sealed ./load "./$1" "host=localhost port=$I $target"
    like "$OUT" "$3" "$1: sealed"
    scan "$1"
    is "$(item "/$1")" "$2 static-libpq" "$1: scan"
    is "$(field '.items[0].ways[0].openssl // "none"')" 1.1.1 "$1: which OpenSSL it is linked to"
}
static plain.so covered 'certificate verify failed'
is "$(field '.items[0].ways[0].libpq_version')" "$version" 'plain.so: its version, as PQlibVersion says it'
run sealed ./load ./plain.so "host=localhost port=$G $target"
is "$OUT" 'ok t' 'plain.so: sealed, it connects to the genuine server'
static symbolic.so 'not covered' '^ok f$'
static functions.so 'not covered' '^ok f$'
static hidden.so 'not covered' '^ok f$'
is "$(field '.items[0].ways[0] | [.libpq_version, .libpq_least] | tojson')" "[null,16]" \
    'hidden.so: at least the version that its newest option came with'
run "$pgseal" scan plain.so
has "$(tr -s ' \n' ' ' <<<"$OUT")" ", libpq $((version / 10000)).$((version % 10000)), OpenSSL 1.1.1" 'in words'
echo 'int go(const char *); int main(int c, char **v) { return c < 2 || go(v[1]) == 0; }' >main.c
# shellcheck disable=SC2086
gcc -I"$(pg_config --includedir)" -rdynamic -o program main.c module.c $libs
run sealed ./program "host=localhost port=$I $target"
is "$OUT" 'ok f' 'a program with such a libpq: its own functions come first'
scan program
is "$(item /program)" 'not covered static-libpq' 'a program with such a libpq: scan'

# --- versions of shared ones
for major in 13 16 18; do
    lib=$("$TEST_TOP/tests/lib/libpqs.sh" "$major")
    scan "$(readlink -f "$lib/libpq.so.5")"
    got=$(field '.items[0].ways[0].libpq_version')
    want=$(LD_LIBRARY_PATH=$lib python3 -c 'import ctypes; print(ctypes.CDLL("libpq.so.5").PQlibVersion())')
    is "$got" "$want" "libpq $major: its version"
    is "$(field '.items[0].ways[0].openssl')" 1.1.1 "libpq $major: its OpenSSL"
done

# --- JavaScript
npm=$("$TEST_TOP/tests/lib/npm.sh" postgres@3.4.9 @neondatabase/serverless@1.2.0 pg@8.11.3)
mapfile -t npm <<<"$npm"
mkdir -p js/one js/two js/three neon/node_modules/@neondatabase mention
cat "${npm[0]}"/cjs/src/*.js >js/one/server.js
cat "${npm[0]}"/src/*.js | tr -d '\n' | tr -s ' ' >js/two/server.mjs
cat "${npm[2]}"/lib/*.js "${npm[2]}"/lib/*/*.js >js/three/server.cjs
cp "${npm[1]}/index.js" js/neon.js
cp -r "${npm[1]}" neon/node_modules/@neondatabase/serverless
scan js
is "$RC $(field '[.items[] | .verdict + " " + .ways[0].evidence] | sort | join("; ")')" \
    '1 not covered @neondatabase/serverless, bundled into it; not covered Postgres.js, bundled into it; not covered Postgres.js, bundled into it; not covered node-postgres, bundled into it' \
    'bundles: each driver is found'
scan neon
is "$RC $(field '[.items[] | .verdict + " " + .ways[0].evidence] | join("; ")')" "1 not covered Neon's serverless driver 1.2.0" \
    'Neon in node_modules: once'
cat >mention/app.js <<'END'
// Postgres.js, node-postgres and @neondatabase/serverless speak to PostgreSQL: postgresql://app@db/app?sslmode=verify-full
const { Pool } = require('pg'); const postgres = require('postgres'); import { neon } from '@neondatabase/serverless';
throw new Error('Connection terminated unexpectedly, NOT_TAGGED_CALL, PostgresError');
END
cp "${npm[0]}/package.json" "${npm[0]}/README.md" mention/
scan mention "${npm[0]}/src" "${npm[2]}/lib"
is "$RC $(field '.items | length')" '0 0' 'a script that mentions PostgreSQL, and a driver that is not bundled, are no finding'

# --- KingbaseES
echo 'void *KCIConnectionCreate(const char *s) { return (void *)s; }' >libkci.c
gcc -shared -fPIC -Wl,-soname,libkci.so.5 -o libkci.so.5 libkci.c
echo 'void *KCIConnectionCreate(const char *); int main(void) { return KCIConnectionCreate("x") == 0; }' >kingbase.c
gcc -o kingbase kingbase.c ./libkci.so.5
scan libkci.so.5 kingbase
is "$RC $(field '[.items[] | .verdict + " " + .ways[0].way] | unique | join("; ")')" '1 not covered libkci' 'libkci and what uses it'
has "$(field '.items[0].why')" "KingbaseES's libkci" 'libkci: why'

# --- nothing found
printf '#!/bin/sh\nexec psql\n' >starter
run "$pgseal" scan starter
has "$(tr -s ' \n' ' ' <<<"$OUT")" 'Nothing here reaches PostgreSQL itself. What a script starts is not followed' 'a script: scan says that it does not follow it'
run "$pgseal" scan libkci.so.5
hasnt "$OUT" 'Nothing here' 'where something is found: nothing of the kind'

# --- /etc/ld.so.preload and setuid programs
cp "$ENTRY_POINTS" suid && chmod 4755 suid
scan suid
is "$RC $(item /suid)" '1 not covered linked' 'a setuid program'
touch nothing.c && gcc -shared -o other.so nothing.c
echo "$work/other.so" >/etc/ld.so.preload
scan suid
is "$RC $(item /suid)" '1 not covered linked' 'with another library in that file'
echo "# $OBJECT" >/etc/ld.so.preload
scan suid
is "$RC $(item /suid)" '1 not covered linked' 'with the object in a comment'
echo "$OBJECT" >/etc/ld.so.preload
scan suid
is "$RC $(item /suid)" '0 covered linked' 'with the object in it'
chmod 755 "$TEST_DIR" "$TEST_DIR/work"
run as_user ./suid x connectdb -- "host=localhost port=$I $target"
has "$(out error)" 'certificate verify failed' 'and so it is: an impostor is refused'
run as_user "$pgseal_run" --lib "$OBJECT" ./suid x connectdb -- "host=localhost port=$G $target"
is "$RC $(out status server)" '0 ok t' 'and pgseal-run starts it, sealed'
rm /etc/ld.so.preload
run as_user "$pgseal_run" --lib "$OBJECT" ./suid x connectdb -- "host=localhost port=$G $target"
is "$RC" 125 'without that file pgseal-run refuses'
done_testing
