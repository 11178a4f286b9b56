#!/bin/bash
# runtimes.t: docs/coverage.md, "Common runtimes": wheels, gems, extensions and bundles with libpq, built here in the
# same form from Debian's libraries; bare beside sealed, against a good server and an impostor.
. "$(dirname "$0")/../lib/env.sh"
cd "$TEST_DIR" || exit 1
env_start good impostor
P=$(env_port good) I=$(env_port impostor)
policy <<<"sslrootcert = $PKI/root.pem"
lib=/usr/lib/$(gcc -print-multiarch) common=/usr/lib/postgresql/15/lib
archives=("$common/libpgcommon_shlib.a" "$common/libpgport_shlib.a")
source=$TEST_TOP/tests/integration/src/ask.c include=$(pg_config --includedir)
rest=(-lgssapi_krb5 -lldap -llber -lm)
printf '{ global: PQ*; pg_*; lo_*; local: *; };\n' >libpq.map
gcc -O1 -o ask "$source" -ldl
# libpq NAME SSL…: a libpq of this name, with what is behind it for TLS.
libpq() {
    local name=$1
    shift
    gcc -shared -o "$name" -Wl,-soname,"$name" -Wl,--version-script=libpq.map -Wl,--whole-archive "$lib/libpq.a" \
        -Wl,--no-whole-archive "${archives[@]}" "$@" "${rest[@]}"
}
# shellcheck disable=SC2016 # for the dynamic linker
module() { # NAME LIBRARY…
    local name=$1
    shift
    gcc -O1 -shared -fPIC -DMODULE -I"$include" -o "$name" "$source" "$@" -Wl,-rpath,'$ORIGIN'
}
to() { printf 'host=localhost port=%s dbname=app user=app sslmode=%s application_name=%s' "$1" "${3:-disable}" "$2"; }
# covered NAME MODULE HOW: bare it takes plaintext and the impostor; sealed it has TLS and refuses him. Leaves the witness.
covered() {
    local name=$1 module=$2 how=$3
    log_mark good
    log_mark impostor
    run bare ./ask "$module" "$how" "$(to "$I" bare)"
    is "$OUT / $(sessions impostor)" 'plaintext / bare plain' "$name, $how: bare, plaintext with the impostor"
    log_mark impostor
    forget_events
    run sealed ./ask "$module" "$how" "$(to "$P" sealed)"
    is "$RC $OUT / $(sessions good)" '0 TLS / sealed ssl' "$name, $how: sealed"
    WITNESS=$(events 'select(.event == "witness") | if .protocol then .protocol else .reason end')
    run sealed ./ask "$module" "$how" "$(to "$I" sealed)"
    is "$RC / $(sessions impostor)" '1 / ' "$name, $how: the impostor is refused"
    like "$ERR" 'certificate verify failed' "$name, $how: for its certificate"
}

# --- a wheel (psycopg): a libpq with a hash in its name, beside a libssl
libpq libpq-9b38f5e3.so.5.17 -lssl -lcrypto
module wheel.so ./libpq-9b38f5e3.so.5.17
covered 'a wheel' ./wheel.so local
like "$WITNESS" 'TLSv1' 'a wheel: with a witness'

# --- a gem (ruby-pg): another name, OpenSSL inside
libpq libruby-pg.so.1 "$lib/libssl.a" "$lib/libcrypto.a"
module gem.so ./libruby-pg.so.1
for how in local global deepbind; do
    covered 'a gem' ./gem.so "$how"
    hasnt "$WITNESS" 'TLSv1' "a gem, $how: no witness"
    isnt "$WITNESS" '' "a gem, $how: and the log says so"
done

# --- an extension (DuckDB): libpq inside, hidden
printf '{ global: ask; local: *; };\n' >extension.map
module extension.so -Wl,--version-script=extension.map "$lib/libpq.a" "${archives[@]}" "$lib/libssl.a" "$lib/libcrypto.a" "${rest[@]}"
forget_events
log_mark impostor
run sealed ./ask ./extension.so local "$(to "$I" hidden)"
is "$OUT / $(sessions impostor) / $(verdicts)" 'plaintext / hidden plain / ' 'an extension with a hidden libpq is not covered'
run "$TEST_TOP/build/pgseal" scan --json extension.so
is "$RC" 1 'an extension: scan finds it'
has "$OUT" 'not covered' 'an extension: and says so'
run "$TEST_TOP/build/pgseal" scan --json wheel.so libpq-9b38f5e3.so.5.17 gem.so libruby-pg.so.1
is "$RC" 0 'a wheel and a gem: scan calls both covered'

# --- a bundle with a static starter (AppImage)
printf '#include <unistd.h>\nint main(int n, char **v) { (void)n; return execvp(v[1], v + 1); }\n' >starter.c
gcc -static -o starter starter.c
install -m 0755 "$TEST_TOP/build/pgseal-run" bin/
log_mark good
run bin/pgseal-run ./starter psql -XAtc 'select 1' "$(to "$P" static)"
is "$RC" 125 'a static starter: the launcher refuses it'
run env LD_PRELOAD="$OBJECT" ./starter psql -XAtc 'select 1' "$(to "$P" passed-on)"
is "$(sessions good)" 'passed-on ssl' 'a static starter hands the environment on: what it starts is sealed'
log_mark good
run ./starter bin/pgseal-run psql -XAtc 'select 1' "$(to "$P" behind)"
is "$(sessions good)" 'behind ssl' 'a static starter: the launcher behind it proves as well'

# --- a bundle that brings its dynamic linker along (conda-pack, Nix, some AppImages)
log_mark good
psql=$(readlink -f "$(find /usr/lib/postgresql/15/bin/psql)")
run bin/pgseal-run "$(gcc -print-file-name=ld-linux-x86-64.so.2)" "$psql" -XAtc 'select 1' "$(to "$P" linker)"
is "$RC $OUT / $(sessions good)" '0 1 / linker ssl' 'a dynamic linker as the command is sealed'
done_testing
