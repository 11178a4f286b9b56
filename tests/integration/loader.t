#!/bin/bash
# loader.t: the hooks of dlsym, dlopen and dlmopen: the entry points that they return are sealed and stay with their
# libpq; RTLD_DEEPBIND and dlmopen do not bypass them; everything else is as without pgseal, at -O2 and at -O0.
. "$(dirname "$0")/../lib/env.sh"
. "$TEST_TOP/tests/lib/reach.sh"

env_start good impostor
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
END
target="host=localhost port=$(env_port good) dbname=app user=app sslmode=disable"
evil="host=localhost port=$(env_port impostor) dbname=app user=app sslmode=disable"

# The object as a compiler without optimisation makes it, where a tail call is no jump.
mkdir "$REACH/O0"
mapfile -t sources < <(find "$TEST_TOP/shim" "$TEST_TOP/lib" -name "*.[cS]" ! -name elf_file.c)
gcc -std=gnu17 -D_GNU_SOURCE= -O0 -fPIC -fvisibility=hidden -ftls-model=initial-exec -I"$TEST_TOP" -I"$(pg_config --includedir)" \
    -DPGSEAL_VERSION='"test"' -shared -Wl,-z,now,-z,nodelete,-z,defs -Wl,--version-script="$TEST_TOP/build/pgseal.map" \
    -Wl,-soname,libpgseal.so -o "$REACH/O0/libpgseal.so" "${sources[@]}"
objects=("$OBJECT" "$REACH/O0/libpgseal.so")

# --- what depends on who asks

mkdir "$REACH/beside" "$REACH/far"
echo 'int beside(void); int beside(void) { return 1; }' >"$REACH/beside.c"
reach_cc -shared -fPIC -o "$REACH/beside/libbeside.so" "$REACH/beside.c"
echo 'int far(void); int far(void) { return 1; }' >"$REACH/far.c"
reach_cc -shared -fPIC -o "$REACH/far/libfar.so" "$REACH/far.c"
reach_cc -shared -fPIC -o "$REACH/libasker.so" "$REACH_SRC/asker.c" -Wl,--enable-new-dtags,-rpath,"\$ORIGIN/far"
reach_cc -shared -fPIC -DONCE -o "$REACH/libonce.so" "$REACH_SRC/next.c"
reach_cc -shared -fPIC -o "$REACH/libtwice.so" "$REACH_SRC/next.c"
# shellcheck disable=SC2054
paths=(-Wl,--no-as-needed -L"$REACH" -ltwice -lonce -Wl,--enable-new-dtags,-rpath,"\$ORIGIN:\$ORIGIN/beside")
for optimised in O0 O2; do
    reach_cc "-$optimised" -o "$REACH/loader-$optimised" "$REACH_SRC/loader.c" -rdynamic "${paths[@]}"
    reach_cc "-$optimised" -o "$REACH/loader-linked-$optimised" "$REACH_SRC/loader.c" -rdynamic "${paths[@]}" -lpq
done
# The text of an attempt that libpq itself rejects is the same for all.
for object in "${objects[@]}"; do
    what=${object#"$TEST_DIR/"}
    for program in loader-O0 loader-O2 loader-linked-O2; do
        for libpq in - "$REACH/a/libpa.so.5" libpq.so.5; do
            for environment in LANG=C LD_BIND_NOW=1 "LD_LIBRARY_PATH=$REACH/far"; do
                [[ $environment == LANG=C || $program == loader-linked-O2 ]] || continue
                # A program that is linked to libpq 15 and calls into a private libpq 13 crashes, bare: the linker binds
                # one half of 13 to 15. (Sealed, it lives.)
                [[ $program$libpq != loader-linked*/* ]] || continue
                policy <<<'log = none'
                run env "$environment" "$REACH/$program" "$REACH" "$libpq"
                printf '%s\n' "$OUT" "$ERR" "$RC" >"$TEST_DIR/want"
                run env "$environment" LD_PRELOAD="$object" "$REACH/$program" "$REACH" "$libpq"
                printf '%s\n' "$OUT" "$ERR" "$RC" >"$TEST_DIR/got"
                is "$(diff "$TEST_DIR/want" "$TEST_DIR/got" || true)" '' "$what: $program ${libpq##*/} $environment: bare and sealed alike"
            done
        done
    done
done
is "$RC" 0 'the questions were asked'
want=$(<"$TEST_DIR/want")
has "$want" 'RUNPATH of a module: found' 'a module'\''s RUNPATH counts'
has "$want" 'RTLD_NEXT of a wrapper: 42' 'RTLD_NEXT goes on from its caller'
has "$want" 'namespaces: another, kept' 'a namespace keeps what it opens'

# dlerror: no entry point is in sight of a program without libpq, and the message is the linker's own.
run env LD_PRELOAD="$OBJECT" "$REACH/loader-O2" "$REACH" -
has "$OUT" "RTLD_DEFAULT: NULL, dlerror $REACH/loader-O2: undefined symbol: PQconnectdb, then (none)" 'dlerror tells it as ever'

# --- entry points by dlsym

policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
END
reach_cc -o "$REACH/bysym" "$REACH_SRC/bysym.c" -ldl -lpthread
for object in "${objects[@]}"; do
    what=${object#"$TEST_DIR/"}
    for libpq in libpq.so.5 "$REACH/a/libpa.so.5" "$REACH/b/libpb.so.5" "$REACH/c/libpc.so.5"; do
        [[ $object == "$OBJECT" || $libpq == */libpc* ]] || continue
        name=${libpq##*/}
        log_mark good
        run bare "$REACH/bysym" entry_points "$libpq" "$target"
        want=$OUT
        is "$(sessions good | sort -u)" '- plain' "$what: $name: bare, each entry point is open"
        log_mark good
        log_mark impostor
        forget_events
        run env LD_PRELOAD="$object" "$REACH/bysym" entry_points "$libpq" "$target"
        is "$RC $OUT" "0 $want" "$what: $name: the program sees the same"
        is "$(sessions good | sort | uniq -c | xargs)" '9 - ssl' "$what: $name: verified TLS by each entry point"
        is "$(events 'select(.changes) | .entry' | xargs)" \
            'PQconnectdb PQconnectdbParams PQconnectStart PQconnectStartParams PQsetdbLogin PQping PQpingParams PQconnectdb' \
            "$what: $name: one verdict each"
        is "$(events 'select(.changes) | .object' | sort -u)" "\"$REACH/bysym\"" "$what: $name: the log knows the caller"
        run env LD_PRELOAD="$object" "$REACH/bysym" entry_points "$libpq" "$evil"
        is "$(sessions impostor)" '' "$what: $name: no session on an impostor"
    done
done

# Copies side by side keep apart; so does ctypes.
forget_events
log_mark good
run sealed "$REACH/bysym" each "$target" "$REACH/a/libpa.so.5" "$REACH/b/libpb.so.5" "$REACH/c/libpc.so.5" libpq.so.5
like "$OUT" $'^4 distinct\n13[0-9]+ PQconnectdb: 42\n16[0-9]+ PQconnectdb: 42\n18[0-9]+ PQconnectdb: 42\n15[0-9]+ PQconnectdb: 42$' \
    'four copies by dlsym'
is "$(events 'select(.changes) | .libpq' | tr -d '"' | sed "s#$REACH/##; s#.*/libpq#libpq#" | xargs)" \
    'a/libpa.so.5 b/libpb.so.5 c/libpc.so.5 libpq.so.5' 'four copies by dlsym: each its own'
cat >"$REACH/ct.py" <<'END'
import ctypes, sys
conns = []
for path in sys.argv[2:]:
    pq = ctypes.CDLL(path)
    pq.PQconnectdb.restype = pq.PQexec.restype = ctypes.c_void_p
    pq.PQgetvalue.restype = ctypes.c_char_p
    conns.append((pq, ctypes.c_void_p(pq.PQconnectdb(sys.argv[1].encode()))))
for turn in range(3):
    for pq, conn in conns:
        result = ctypes.c_void_p(pq.PQexec(conn, b"select 'turn %d'" % turn))
        print(pq.PQlibVersion() // 10000, pq.PQgetvalue(result, 0, 0).decode())
        pq.PQclear(result)
for pq, conn in conns:
    pq.PQfinish(conn)
END
run bare /usr/bin/python3 "$REACH/ct.py" "$target" "$REACH/a/libpa.so.5" libpq.so.5 "$REACH/c/libpc.so.5"
want=$OUT
log_mark good
run sealed /usr/bin/python3 "$REACH/ct.py" "$target" "$REACH/a/libpa.so.5" libpq.so.5 "$REACH/c/libpc.so.5"
is "$OUT$ERR" "$want" 'ctypes on three copies, queries interleaved'
is "$(sessions good)" $'- ssl\n- ssl\n- ssl' 'ctypes on three copies: verified TLS'

# Without a handle of its own: the global scope, what comes next in it, the program's handle, a namespace's.
reach_cc -o "$REACH/bysym-linked" "$REACH_SRC/bysym.c" -ldl -lpthread -Wl,--no-as-needed -lpq
# scope WAY VERSION PROGRAM [PATH]
scope() {
    local way=$1 version=$2 program=$3 name="$1, ${3##*/}${4:+ ${4##*/}}"
    shift 3
    log_mark good
    run bare "$program" "$way" "$target" "$@"
    like "$OUT" "^${version}[0-9]{4} $way: 42\$" "an entry point by $name: bare it answers"
    is "$RC $(sessions good)" '0 - plain' "an entry point by $name: bare, plaintext"
    log_mark good
    log_mark impostor
    forget_events
    run sealed "$program" "$way" "$target" "$@"
    is "$RC$ERR $(sessions good)" '0 - ssl' "an entry point by $name: verified TLS"
    like "$OUT" "^${version}[0-9]{4} $way: 42\$" "an entry point by $name: it answers"
    like "$(events 'select(.changes) | "\(.entry) \(.libpq_version)"')" "^\"PQconnectdb ${version}[0-9]{4}\"\$" "an entry point by $name: one verdict"
    run sealed "$program" "$way" "$evil" "$@"
    is "$(sessions impostor)" '' "an entry point by $name: no session on an impostor"
}
for way in default next self; do
    scope "$way" 15 "$REACH/bysym-linked"
    scope "$way" 15 "$REACH/bysym" libpq.so.5
    scope "$way" 13 "$REACH/bysym" "$REACH/a/libpa.so.5"
    scope "$way" 15 "$REACH/bysym-linked" "$REACH/a/libpa.so.5"
done
# A program with a libpq of its own, which comes before pgseal: as it is, and beside another one.
L=$("$TEST_TOP/tests/lib/libpqs.sh" 16)
reach_cc -rdynamic -o "$REACH/bysym-own" "$REACH_SRC/bysym.c" -Wl,--whole-archive "$L/libpq.a" -Wl,--no-whole-archive \
    "$L/libpgcommon_shlib.a" "$L/libpgport_shlib.a" -L"$L" -l:libssl.so.1.1 -l:libcrypto.so.1.1 -lm -lpthread -Wl,-rpath,"$L"
scope default 16 "$REACH/bysym-own"
scope default 16 "$REACH/bysym-own" "$REACH/a/libpa.so.5"
scope namespace 15 "$REACH/bysym" libpq.so.5
scope namespace 13 "$REACH/bysym" "$REACH/a/libpa.so.5"
scope namespace 13 "$REACH/bysym-linked" "$REACH/a/libpa.so.5"

# dlvsym: a libpq whose names have a version. (It dials nobody and has no TLS; what it is told shows who answered.)
printf 'FAKE_1 { global: PQ*; local: *; };\n' >"$REACH/fake.map"
mapfile -t sources < <(find "$TEST_TOP/shim" "$TEST_TOP/lib" -name "*.[cS]" ! -name elf_file.c)
gcc -std=gnu17 -O1 -fPIC -shared -Wl,--version-script="$REACH/fake.map" -Wl,-soname,libpq.so.5 -o "$REACH/libfake.so" \
    "$TEST_TOP/tests/matrix/fakepq.c"
run bare "$REACH/bysym" versioned 'host=nowhere sslmode=disable' "$REACH/libfake.so" FAKE_1
is "$RC $ERR" '0 ' 'by dlvsym: bare, it is found'
hasnt "$OUT" pgseal 'by dlvsym: bare, connected'
forget_events
run sealed "$REACH/bysym" versioned 'host=nowhere sslmode=disable' "$REACH/libfake.so" FAKE_1
is "$RC $ERR" '0 ' 'by dlvsym: it is found'
has "$OUT" 'pgseal: refused: violation: the session does not use TLS' 'by dlvsym: a sealed entry point, and the outcome is held against it'
is "$(events 'select(.changes) | [.entry, .action, .libpq, .changes[0].requested, .changes[0].enforced] | join(" ")')" \
    "\"PQconnectdb sealed $REACH/libfake.so disable verify-full\"" 'by dlvsym: the verdict'
is "$(events 'select(.event == "process") | .hooks' | head -n 1)" '["PQconnectdb","dlsym","dlvsym"]' 'by dlvsym: the process line says so'
run sealed "$REACH/bysym" versioned 'host=nowhere sslmode=disable' "$REACH/libfake.so" FAKE_2
sealed_says="$RC $ERR"
run bare "$REACH/bysym" versioned 'host=nowhere sslmode=disable' "$REACH/libfake.so" FAKE_2
is "$sealed_says" "$RC $ERR" 'by dlvsym: a version that is not there, told as ever'

# More copies than the pool keeps apart: refused; one after the other: never short of slots.
many=()
for ((i = 0; i < 20; i++)); do
    cp "$REACH/a/libpa.so.5" "$REACH/a/copy$i.so"
    many+=("$REACH/a/copy$i.so")
done
log_mark good
forget_events
run sealed "$REACH/bysym" each "$target" "${many[@]}"
is "$RC" 0 'twenty copies: no crash'
is "$(grep -c ': 42$' <<<"$OUT") $(grep -c 'pgseal: refused' <<<"$OUT")" '16 4' 'twenty copies: sixteen sealed, four refused'
is "$(sessions good | sort | uniq -c | xargs)" '16 - ssl' 'twenty copies: the server saw sixteen'
has "$(reason refuse)" 'more copies of libpq' 'twenty copies: the log says why'
log_mark good
run sealed "$REACH/bysym" again "$target" "${many[@]}" "${many[@]}"
is "$RC $(grep -c ': 42$' <<<"$OUT")" '0 40' 'twenty copies, one after the other: all sealed'
is "$(sessions good | sort | uniq -c | xargs)" '40 - ssl' 'twenty copies, one after the other: verified TLS'
run sealed "$REACH/bysym" stale "$target" "$REACH/a/libpa.so.5" "$REACH/b/libpb.so.5"
has "$OUT" 'pgseal: refused' 'an entry point of a libpq that is gone: refused'
run sealed "$REACH/bysym" threads "$target" "${many[@]:0:12}"
is "$OUT" '0 threads saw another pointer' 'eight threads ask for the entry points of twelve copies'

# --- RTLD_DEEPBIND

reach_cc -DPROGRAM -o "$REACH/deep" "$REACH_SRC/deep.c" -rdynamic
reach_cc -DLIBRARY -shared -fPIC -o "$REACH/libdeep.so" "$REACH_SRC/deep.c"
reach_cc -DPLAIN_MODULE -shared -fPIC -o "$REACH/plain.so" "$REACH_SRC/deep.c" -L"$REACH" -ldeep -Wl,-rpath,"\$ORIGIN"
reach_cc -DLIBPQ_MODULE -shared -fPIC -o "$REACH/pqmodule.so" "$REACH_SRC/deep.c" -L"$REACH" -ldeep -lpq -Wl,-rpath,"\$ORIGIN"
run bare "$REACH/deep" "$REACH/plain.so" "$REACH/pqmodule.so"
is "$OUT" $'library\nlibrary' 'deepbound: bare, a module reaches its own library'
run sealed "$REACH/deep" "$REACH/plain.so" "$REACH/pqmodule.so"
is "$OUT" $'library\nlibrary' 'deepbound: so it does sealed, also where it imports an entry point of libpq'

# deepbound NAME COMMAND…: a session in plaintext bare, in verified TLS sealed.
deepbound() {
    local name=$1
    shift
    log_mark good
    run bare "$@" "$target"
    is "$(sessions good)" '- plain' "$name: bare, plaintext"
    log_mark good
    run sealed "$@" "$target"
    is "$(sessions good)" '- ssl' "$name: verified TLS"
}
cat >"$REACH/plugin.c" <<'END'
#include <libpq-fe.h>
#include <stdio.h>
#include "reach.h"
extern PGconn *client(const char *);
static void go(const char *name, const char *conninfo) { PGconn *c = client(conninfo); printf("%s %p\n", name, (void *)c); }
static void none(const char *a, const char *b) { (void)a, (void)b; }
static void done(void) {}
extern const struct module module;
const struct module module = {.connect = go, .tail = go, .query = none, .finish = done};
END
cat >"$REACH/client.c" <<'END'
#include <libpq-fe.h>
extern PGconn *client(const char *);
PGconn *client(const char *conninfo) { return PQconnectdb(conninfo); }
END
mkdir "$REACH/deps"
reach_cc -shared -fPIC -o "$REACH/deps/libclient.so" "$REACH/client.c" -lpq
reach_cc -shared -fPIC -I"$REACH_SRC" -o "$REACH/plugin.so" "$REACH/plugin.c" -L"$REACH/deps" -lclient -Wl,-rpath,"\$ORIGIN/deps"
reach_cc -shared -fPIC -I"$REACH_SRC" -o "$REACH/deps/libplugin2.so" "$REACH/plugin.c" -L"$REACH/deps" -lclient
for flags in nd ld ndg ldg; do
    deepbound "deepbound ($flags), a module" "$REACH/reach" open x "$flags" "$REACH/mods.so" connect x
    deepbound "deepbound ($flags), a library of a module's" "$REACH/reach" open x "$flags" "$REACH/plugin.so" connect x
    deepbound "deepbound ($flags), by LD_LIBRARY_PATH" env LD_LIBRARY_PATH="$REACH/deps" "$REACH/reach" open x "$flags" \
        libplugin2.so connect x
done
cp "$REACH/plugin.so" "$REACH/deps/spare.so"
deepbound 'deepbound, a relative path' env -C "$REACH" ./reach open x nd ./plugin.so connect x
deepbound "deepbound, \$ORIGIN" "$REACH/reach" open x nd "\$ORIGIN/plugin.so" connect x

# The process line: which libpq copies there are, and by which of pgseal's functions it came about.
forget_events
run sealed "$REACH/reach" open a n "$REACH/a/moda.so" open b nd "$REACH/b/modb.so" connect b "$target" connect a "$target"
is "$(events 'select(.event == "process") | .libpq_copies | map("\(.path) \(.version / 10000 | floor)")')" \
    "[\"$REACH/a/libpa.so.5 13\",\"$REACH/b/libpb.so.5 16\"]" 'the process line: two libpq copies, path and version'
is "$(events 'select(.event == "process") | .hooks')" '["PQconnectdb","dlopen"]' 'the process line: the hooks, dlopen for RTLD_DEEPBIND'
forget_events
run sealed "$REACH/reach" open a n "$REACH/a/moda.so" connect a "$target"
is "$(events 'select(.event == "process") | [.hooks, (.libpq_copies | length)]')" '[["PQconnectdb"],1]' \
    'the process line: no dlopen where nothing is taken away'

# --- dlmopen

log_mark good
forget_events
run bare "$REACH/reach" open x nm "$REACH/mods.so" connect x "$target"
is "$(sessions good)" '- plain' 'a new namespace: bare, plaintext'
log_mark good
run sealed "$REACH/reach" open x nm "$REACH/mods.so" connect x "$target"
is "$RC $(sessions good)" '0 - ssl' 'a new namespace: verified TLS'
log_mark good
run sealed "$REACH/reach" open x nm "$REACH/a/moda.so" connect x "$target" open y n "$REACH/b/modb.so" connect y "$target"
is "$RC $(sessions good)" $'0 - ssl\n- ssl' 'a new namespace beside a module of another version: verified TLS'
# A program at a fixed address needs no header that says where its headers are (PT_PHDR).
reach_cc -no-pie -rdynamic -o "$REACH/headless" "$REACH_SRC/reach.c" -lpthread
python3 - "$REACH/headless" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as f:
    start, = struct.unpack("<Q", f.read(40)[32:])
    f.seek(start)
    assert struct.unpack("<I", f.read(4)) == (6,)  # PT_PHDR
    f.seek(start)
    f.write(struct.pack("<I", 0))  # PT_NULL
END
log_mark good
run bare "$REACH/headless" open x nm "$REACH/mods.so" connect x "$target"
is "$RC $(sessions good)" '0 - plain' 'a new namespace of a program without PT_PHDR: bare, plaintext'
log_mark good
run sealed "$REACH/headless" open x nm "$REACH/mods.so" connect x "$target"
is "$RC $(sessions good)" '0 - ssl' 'a new namespace of a program without PT_PHDR: verified TLS'
cat >"$REACH/late.c" <<'END'
#include <dlfcn.h>
#include "reach.h"
int main(int argc, char **argv) /* PLAIN LIBPQ_MODULE CONNINFO: the second into the namespace of the first */
{
    Lmid_t id = 0;
    void *plain = argc > 3 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : 0;
    if (!plain || dlinfo(plain, RTLD_DI_LMID, &id) != 0)
        return 2;
    void *h = dlmopen(id, argv[2], RTLD_NOW);
    const struct module *m = h ? dlsym(h, "module") : 0;
    if (!m)
        return 3;
    m->connect("late", argv[3]);
    return 0;
}
END
reach_cc -I"$REACH_SRC" -o "$REACH/late" "$REACH/late.c"
log_mark good
run bare "$REACH/late" "$REACH/libonce.so" "$REACH/mods.so" "$target"
is "$RC $(sessions good)" '0 - plain' 'a namespace that was there before: bare, plaintext'
log_mark good
run sealed "$REACH/late" "$REACH/libonce.so" "$REACH/mods.so" "$target"
is "$RC $(sessions good)" '0 - ssl' 'a namespace that was there before: verified TLS'

# --- a signal handler that calls a hook takes the number that a stub has just stored

reach_cc -DMODULE -fPIC -shared -o "$REACH/asks.so" "$REACH_SRC/interrupted.c"
reach_cc -o "$REACH/interrupted" "$REACH_SRC/interrupted.c" -lpq
n=0
for object in '' "${objects[@]}"; do
    run env LD_PRELOAD="$object" "$REACH/interrupted" "$REACH/asks.so"
    is "$RC $OUT$ERR" '0 strlen 1, nothing 0, libc 1, none.so 0, steps left 0' "PQcancel within a stub ($((n++)))"
done

done_testing
