# shellcheck shell=bash
# ways.sh: the ways in that depend on the machine (hand-written jumps, stubs, relocations), on another one than this; sourced
# by libpq_matrix.t. The programs are those of tests/integration; what is asserted is what loader.t and resolve.t assert here.
ways=$TEST_DIR/ways
src=$TEST_TOP/tests/integration/src
cross=$TEST_TOP/build/roots/arm64/usr/lib/aarch64-linux-gnu
mkdir -p "$ways/a" "$ways/b" "$ways/beside" "$ways/far"
ways_cc() {
    aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE= -g -I"$(pg_config --includedir)" -I"$TEST_TOP" \
        -Wl,--unresolved-symbols=ignore-in-shared-libs "$@"
}
target="host=localhost port=$P user=app dbname=app sslmode=disable"
evil="host=localhost port=$I user=app dbname=app sslmode=disable"
policy <<<"sslrootcert = $PKI/root.pem"

# Two private copies beside the system's, under names of their own (as long as before, so the files stay what they are).
for letter in a b; do
    LC_ALL=C sed "s/libpq\\.so\\.5/libp$letter.so.5/g" "$(readlink -f "$cross/libpq.so.5")" >"$ways/$letter/libp$letter.so.5"
    ways_cc -O2 -fPIC -shared -o "$ways/$letter/mod$letter.so" "$src/module.c" "$ways/$letter/libp$letter.so.5" \
        -Wl,-rpath,"\$ORIGIN" -Wl,-z,lazy
done
ways_cc -O2 -fPIC -shared -o "$ways/mods.so" "$src/module.c" "$cross/libpq.so.5" -Wl,-z,lazy
ways_cc -O2 -o "$ways/reach" "$src/reach.c" -rdynamic -lpthread
ways_cc -O2 -o "$ways/bysym" "$src/bysym.c" -ldl -lpthread

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
    run world "${@/"$target"/"$evil"}"
    is "$(sessions impostor)" '' "$name: no session on an impostor"
}
for flags in n l nd ld ng m; do
    ways_row "a module ($flags)" 1 "$ways/reach" open x "$flags" "$ways/mods.so" connect x "$target"
done
ways_row 'two private copies' 2 "$ways/reach" open a n "$ways/a/moda.so" open b l "$ways/b/modb.so" connect a "$target" \
    connect b "$target" query a 'select 1' query b 'select 2'
forget_events
run world "$ways/reach" open a n "$ways/a/moda.so" open b l "$ways/b/modb.so" connect a "$target" connect b "$target"
is "$(events 'select(.changes) | .libpq' | tr -d '"' | sed "s#.*$ways/##" | xargs)" 'a/libpa.so.5 b/libpb.so.5' \
    'two private copies: each its own'
ways_row 'a tail call, one libpq' 1 "$ways/reach" open s n "$ways/mods.so" tail s "$target"
ways_row 'a tail call, two libpqs' 1 "$ways/reach" open a n "$ways/a/moda.so" open b n "$ways/b/modb.so" tail a "$target"
ways_row 'a tail call into another module' 1 "$ways/reach" open a l "$ways/a/moda.so" open b l "$ways/b/modb.so" frame b \
    tail a "$target"
ways_row 'entry points by dlsym' 9 "$ways/bysym" entry_points libpq.so.5 "$target"
ways_row 'copies by dlsym' 3 "$ways/bysym" each "$target" "$ways/a/libpa.so.5" "$ways/b/libpb.so.5" libpq.so.5
for way in default next self namespace; do
    ways_row "an entry point by $way" 1 "$ways/bysym" "$way" "$target" libpq.so.5
done

# What depends on who asks: bare and sealed alike.
for name in beside far; do
    echo "int $name(void); int $name(void) { return 1; }" >"$ways/$name.c"
    ways_cc -O2 -shared -fPIC -o "$ways/$name/lib$name.so" "$ways/$name.c"
done
ways_cc -O2 -shared -fPIC -o "$ways/libasker.so" "$src/asker.c" -Wl,--enable-new-dtags,-rpath,"\$ORIGIN/far"
ways_cc -O2 -shared -fPIC -DONCE -o "$ways/libonce.so" "$src/next.c"
ways_cc -O2 -shared -fPIC -o "$ways/libtwice.so" "$src/next.c"
policy <<<'log = none'
for optimised in O0 O2; do
    ways_cc "-$optimised" -o "$ways/loader" "$src/loader.c" -rdynamic -Wl,--no-as-needed -L"$ways" -ltwice -lonce \
        -Wl,--enable-new-dtags,-rpath,"\$ORIGIN:\$ORIGIN/beside"
    for libpq in - libpq.so.5; do
        run world_bare "$ways/loader" "$ways" "$libpq"
        want="$RC $OUT $ERR"
        run world "$ways/loader" "$ways" "$libpq"
        is "$RC $OUT $ERR" "$want" "loader-$optimised $libpq: bare and sealed alike"
        like "$want" '^0 .*RTLD_NEXT of a wrapper: 42' "loader-$optimised $libpq: the questions were asked"
    done
done
