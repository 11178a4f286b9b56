# shellcheck shell=bash
# ways.sh: the ways to libpq that depend on the dynamic linker, on musl's; sourced by libpq_matrix.t. The programs are those of
# tests/integration, without what musl does not have (dlmopen, RTLD_DEEPBIND, dlvsym).
ways=$TEST_DIR/ways
src=$TEST_TOP/tests/integration/src
root=$TEST_TOP/build/musl/root
mkdir -p "$ways/a" "$ways/b"
ways_cc() {
    musl-gcc -std=gnu17 -D_GNU_SOURCE= -g -O2 "-I$root/include" -I"$TEST_TOP" -DRTLD_DEEPBIND=0 -DLM_ID_NEWLM=0 \
        '-Ddlmopen(namespace,path,flags)=dlopen(path,flags)' '-Ddlvsym(handle,name,version)=dlsym(handle,name)' "$@"
}
target="host=localhost port=$P user=app dbname=app sslmode=disable"
evil="host=localhost port=$I user=app dbname=app sslmode=disable"
policy <<<"sslrootcert = $PKI/root.pem"

# Private copies beside the first, under names of their own, as wheels have them.
for letter in a b; do
    LC_ALL=C sed "s/libpq\\.so\\.5/libp$letter.so.5/g" "$(readlink -f "$root/lib/libpq.so.5")" >"$ways/$letter/libp$letter.so.5"
    ways_cc -fPIC -shared -o "$ways/$letter/mod$letter.so" "$src/module.c" "$ways/$letter/libp$letter.so.5" -Wl,-rpath,"\$ORIGIN"
done
ways_cc -fPIC -shared -o "$ways/mods.so" "$src/module.c" "$root/lib/libpq.so.5" "-Wl,-rpath,$root/lib"
ways_cc -o "$ways/reach" "$src/reach.c" -rdynamic
ways_cc -o "$ways/bysym" "$src/bysym.c"

# ways_row NAME SESSIONS WORD…: plaintext bare, as many sessions in verified TLS sealed, none on an impostor.
ways_row() {
    local name=$1 count=$2
    shift 2
    log_mark good
    run world_bare "$@"
    is "$RC $(sessions good | sort | uniq -c | xargs)" "0 $count - plain" "$name: bare, plaintext"
    log_mark good
    log_mark impostor
    forget_events
    run world "$@"
    is "$RC $(sessions good | sort | uniq -c | xargs)" "0 $count - ssl" "$name: verified TLS"
    is "$(events 'select(.event == "witness" and .reason == null)' | wc -l)" "$count" "$name: a witness each"
    run world "${@/"$target"/"$evil"}"
    is "$(sessions impostor)" '' "$name: no session on an impostor"
}
for flags in n l ng; do
    ways_row "a module ($flags)" 1 "$ways/reach" open x "$flags" "$ways/mods.so" connect x "$target"
done
ways_row 'a tail call, one libpq' 1 "$ways/reach" open s n "$ways/mods.so" tail s "$target"
ways_row 'two private copies' 2 "$ways/reach" open a n "$ways/a/moda.so" open b l "$ways/b/modb.so" connect a "$target" \
    connect b "$target" query a 'select 1' query b 'select 2'
forget_events
run world "$ways/reach" open a n "$ways/a/moda.so" open b l "$ways/b/modb.so" connect a "$target" connect b "$target"
is "$(events 'select(.changes) | .libpq' | tr -d '"' | sed "s#.*$ways/##" | xargs)" 'a/libpa.so.5 b/libpb.so.5' \
    'two private copies: each its own'
ways_row 'entry points by dlsym' 9 "$ways/bysym" entry_points "$root/lib/libpq.so.5" "$target"
ways_row 'copies by dlsym' 3 "$ways/bysym" each "$target" "$ways/a/libpa.so.5" "$ways/b/libpb.so.5" "$root/lib/libpq.so.5"
for way in default next self; do
    ways_row "an entry point by $way" 1 "$ways/bysym" "$way" "$target" "$root/lib/libpq.so.5"
done

# --- the launcher, the tool
policy <<<"sslrootcert = $PKI/root.pem"
for server in good impostor; do
    log_mark "$server"
    forget_events
    run "$TEST_TOP/build/pgseal-run" --lib "$OBJECT" "$PSQL" -XAtc 'select ssl_is_used()' \
        "host=localhost port=$(env_port "$server") user=app dbname=app sslmode=disable"
    printf -v "got_$server" '%s' "$RC $OUT $(sessions "$server" | xargs)"
done
# shellcheck disable=SC2154
is "$got_good" '0 t psql ssl' 'pgseal-run starts psql of musl, sealed'
# shellcheck disable=SC2154
is "$got_impostor" '2  ' 'and it is refused by what the impostor shows'
run "$TEST_TOP/build/pgseal" check --lib "$OBJECT" -- "$PSQL" -XAtc 'select 1' "$target"
is "$RC" 0 'pgseal check: the hooks fire'
run "$TEST_TOP/build/pgseal" scan --json "$root/bin"
is "$RC $(jq -r '.items[] | select(.path | endswith("/psql")) | .verdict' <<<"$OUT")" '0 covered' 'pgseal scan: covered'

# --- verify_as
printf '127.0.0.1 orders.internal\n' >>/etc/hosts
policy <<END
sslrootcert = $PKI/root.pem
[host orders.internal]
verify_as = localhost
END
log_mark good
run world "$PSQL" -XAtc 'select ssl_is_used()' "host=orders.internal port=$P user=app dbname=app sslmode=disable"
is "$RC $OUT $(sessions good)" '0 t psql ssl' 'verify_as'
