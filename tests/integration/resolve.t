#!/bin/bash
# resolve.t: which libpq a call reaches: the one that it reaches without pgseal, as the dynamic linker itself says
# (LD_DEBUG=bindings), in every combination of programs, modules and private copies of other versions.
. "$(dirname "$0")/../lib/env.sh"
. "$TEST_TOP/tests/lib/reach.sh"

env_start good
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
END
target="host=localhost port=$(env_port good) dbname=app user=app sslmode=disable"

# Which libpq each caller's PQconnectdb is bound to, bare.
bindings() {
    LD_DEBUG=bindings LD_DEBUG_OUTPUT=$TEST_DIR/bindings bare "$@" >"$TEST_DIR/bare.out" 2>&1 || true
    cat "$TEST_DIR"/bindings.* | sed -nE "s/.*binding file ([^ ]+) \[[0-9]+\] to ([^ ]+) \[[0-9]+\]: normal symbol .PQconnectdb'.*/\1 \2/p" |
        sort -u
    rm -f "$TEST_DIR"/bindings.*
}
# Which libpq each call reached, sealed.
reached() { events 'select(.changes) | "\(.object) \(.libpq)"' | tr -d '"' | sort -u; }

# same NAME SESSIONS COMMAND…: bare and sealed alike: who reaches which libpq, and what the program prints; sealed, all
# sessions are verified TLS.
same() {
    local name=$1 count=$2 want got
    shift 2
    want=$(bindings "$@")
    forget_events
    log_mark good
    run sealed "$@"
    got=$(reached)
    isnt "$want" '' "$name: the linker says who is bound to what"
    is "$got" "$want" "$name: sealed, each call reaches the libpq that it reaches bare"
    is "$OUT$ERR" "$(<"$TEST_DIR/bare.out")" "$name: the program sees the same"
    is "$(sessions good)" "$(for ((i = 0; i < count; i++)); do echo '- ssl'; done)" "$name: verified TLS"
}

ask='select 6 * 7'
a=$REACH/a/moda.so b=$REACH/b/modb.so c=$REACH/c/modc.so s=$REACH/mods.so
reach=$REACH/reach linked=$REACH/reach-linked
for how in n l; do
    [[ $how == n ]] && when='bound-at-open' || when=lazy
    same "a program ($when)" 1 "$linked" connect self "$target" query self "$ask"
    same "a module ($when)" 1 "$reach" open s $how "$s" connect s "$target" query s "$ask"
    same "a module with a private libpq ($when)" 1 "$reach" open a $how "$a" connect a "$target" query a "$ask"
    same "two private copies ($when)" 2 "$reach" open a $how "$a" open b $how "$b" connect a "$target" connect b "$target" \
        query a "$ask" query b "$ask" query a "$ask" query b "$ask" finish a query b "$ask" finish b
    same "three copies ($when)" 3 "$reach" open c $how "$c" open s $how "$s" open a $how "$a" connect a "$target" \
        connect c "$target" connect s "$target" query s "$ask" query c "$ask" query a "$ask"
    same "a linked program and a private copy ($when)" 2 "$linked" open a $how "$a" connect a "$target" \
        connect self "$target" query a "$ask" query self "$ask"
    same "a global copy, then a local one ($when)" 2 "$reach" open a ${how}g "$a" open b $how "$b" connect a "$target" \
        connect b "$target" query a "$ask" query b "$ask"
    same "a local copy, then a global one ($when)" 2 "$reach" open b $how "$b" open a ${how}g "$a" connect a "$target" \
        connect b "$target" query a "$ask" query b "$ask"
    same "two private copies, deepbound ($when)" 2 "$reach" open a ${how}d "$a" open b ${how}d "$b" connect a "$target" \
        connect b "$target" query a "$ask" query b "$ask"
done
same 'another namespace' 2 "$reach" open a nm "$a" open b n "$b" connect a "$target" connect b "$target" query a "$ask" \
    query b "$ask"

# A libpq in the global scope, and a deepbound module with one of its own: that keeps it.
for how in n l; do
    [[ $how == n ]] && when='bound-at-open' || when=lazy
    same "a linked program and a deepbound private copy ($when)" 2 "$linked" open a ${how}d "$a" connect a "$target" \
        connect self "$target" query a "$ask" query self "$ask"
    same "a global copy and a deepbound private one ($when)" 2 "$reach" open s ${how}g "$s" open a ${how}d "$a" \
        connect a "$target" connect s "$target" query a "$ask" query s "$ask"
    same "two private copies, deepbound and global ($when)" 2 "$reach" open a ${how}dg "$a" open b ${how}dg "$b" \
        connect a "$target" connect b "$target" query a "$ask" query b "$ask"
done

# What the versions are, so that the above compares different ones.
run sealed "$reach" open a n "$a" open b n "$b" open c n "$c" connect c "$target" connect a "$target" connect b "$target"
like "$OUT" $'^c: libpq 18[0-9]+: connect: ok\na: libpq 13[0-9]+: connect: ok\nb: libpq 16[0-9]+: connect: ok$' \
    'three versions in one process'

# A module that goes and comes back, with another libpq behind the same path.
mkdir "$REACH/swap"
cp "$REACH/a/"* "$REACH/swap/"
forget_events
log_mark good
swap=("open" x n "$REACH/swap/moda.so" connect x "$target" query x "$ask" finish x close x)
run sealed "$reach" "${swap[@]}" system "cd $REACH/swap && rm * && cp ../c/* . && mv modc.so moda.so" "${swap[@]}"
is "$RC" 0 're-opened module: no crash'
is "$(events 'select(.changes) | .libpq_version / 10000 | floor' | tr '\n' ' ')" '13 18 ' \
    're-opened module: each time the libpq that is there'
is "$(sessions good)" $'- ssl\n- ssl' 're-opened module: verified TLS both times'
forget_events
again=()
for ((i = 0; i < 10; i++)); do
    again+=("open" x n "$a" connect x "$target" finish x close x open y l "$b" connect y "$target" finish y close y)
done
run sealed "$reach" "${again[@]}"
is "$RC" 0 'ten times two modules in turn: no crash'
is "$(reached)" "$a $REACH/a/libpa.so.5"$'\n'"$b $REACH/b/libpb.so.5" 'ten times two modules in turn: each its own libpq'

# Eight threads, three versions.
copies=()
for ((i = 0; i < 8; i++)); do
    from=$(printf '%s\n' a b c a b c a b | sed -n "$((i + 1))p")
    cp "$REACH/$from/mod$from.so" "$REACH/$from/t$i.so"
    copies+=("open" "t$i" l "$REACH/$from/t$i.so")
done
forget_events
log_mark good
run sealed "$reach" "${copies[@]}" threads 5 "$target"
is "$RC" 0 'eight threads: no crash'
is "$(reached | sed -E "s#$REACH/##g; s#t[0-9]#t#")" \
    $'a/t.so a/libpa.so.5\na/t.so a/libpa.so.5\na/t.so a/libpa.so.5\nb/t.so b/libpb.so.5\nb/t.so b/libpb.so.5\nb/t.so b/libpb.so.5\nc/t.so c/libpc.so.5\nc/t.so c/libpc.so.5' \
    'eight threads: each module its own libpq'
is "$(sessions good | sort | uniq -c | xargs)" '40 - ssl' 'eight threads: forty sessions of verified TLS'
is "$(grep -c ': t$' <<<"$OUT")" 40 'eight threads: forty answers over TLS'

# Modules that other threads open and close at the same time; also where the program itself is linked to a libpq.
reach_cc -o "$REACH/churn" "$REACH_SRC/churn.c" -lpthread
reach_cc -DLINKED -o "$REACH/churn-linked" "$REACH_SRC/churn.c" -lpthread -lpq
for how in n l d df m linked-do linked-lo; do
    rounds=12
    [[ $how != m ]] || rounds=2 # the C library has room for few namespaces
    churn=("$REACH/churn" "$rounds" "$target" "$how")
    [[ $how != linked-* ]] || churn=("$REACH/churn-linked" "$rounds" "$target" "${how#linked-}")
    log_mark good
    run bare "${churn[@]}" "$a" "$b" "$c" "$s"
    want="$RC $(sort <<<"$OUT" | uniq -c | tr -s ' ')$ERR"
    log_mark good
    run sealed "${churn[@]}" "$a" "$b" "$c" "$s"
    is "$RC $(sort <<<"$OUT" | uniq -c | tr -s ' ')$ERR" "$want" "four threads open and close modules ($how): each its own libpq"
    [[ $how != linked-* ]] || rounds=0 # and those of the program itself
    is "$(sessions good | sort | uniq)" '- ssl' "four threads open and close modules ($how): verified TLS"
    ((rounds == 0)) || is "$(sessions good | wc -l)" "$((4 * rounds))" "four threads open and close modules ($how): all of them"
done

# A tail call: the return address is that of the program, which has no libpq of its own, or of a module with another one.
# same_tail NAME COMMAND…: the module's own libpq, bare and sealed.
same_tail() {
    local name=$1
    shift
    log_mark good
    run bare "$@"
    is "$RC $(sessions good)" '0 - plain' "$name: bare, plaintext"
    printf '%s\n' "$OUT" >"$TEST_DIR/bare.out"
    log_mark good
    forget_events
    run sealed "$@"
    is "$OUT$ERR" "$(<"$TEST_DIR/bare.out")" "$name: the program sees the same"
    is "$(sessions good)" '- ssl' "$name: verified TLS"
}
for how in n l; do
    [[ $how == n ]] && when='bound-at-open' || when=lazy
    same_tail "a tail call, one private libpq ($when)" "$reach" open a $how "$a" tail a "$target"
    same_tail "a tail call, one libpq ($when)" "$reach" open s $how "$s" tail s "$target"
    same_tail "a tail call, two libpqs ($when)" "$reach" open a $how "$a" open b $how "$b" tail b "$target"
    same_tail "a tail call into another module ($when)" "$reach" open a $how "$a" open b $how "$b" frame b tail a "$target"
done

# An address that a constructor took, before its object's slots could be rewritten, called when there are two libpqs: from
# the program, or from memory that belongs to no object. Nothing shows which one is meant: refused, with both paths. Audit
# mode passes it on.
reach_cc -o "$REACH/ambiguous" "$REACH_SRC/ambiguous.c"
for letter in a b; do
    reach_cc -DMODULE -fPIC -shared -o "$REACH/$letter/ambiguous.so" "$REACH_SRC/ambiguous.c" "$REACH/$letter/libp$letter.so.5" \
        -Wl,-rpath,"\$ORIGIN" -Wl,--unresolved-symbols=ignore-in-shared-libs
done
first=$REACH/a/ambiguous.so second=$REACH/b/ambiguous.so
several="several copies of libpq are loaded, and pgseal cannot determine which one this call is for: \
$REACH/a/libpa.so.5, $REACH/b/libpb.so.5"
for how in pointer memory; do
    run bare "$REACH/ambiguous" $how "$target" "$first" "$second"
    is "$OUT" '13 ok f' "an ambiguous call ($how): bare, plaintext"
    log_mark good
    run sealed "$REACH/ambiguous" $how "$target" "$first"
    is "$OUT $(sessions good)" '13 ok t - ssl' "an address ($how), one libpq: sealed"
    forget_events
    log_mark good
    run sealed "$REACH/ambiguous" $how "$target" "$first" "$second"
    is "$RC $(verdicts) $(contacts good)" '0 refuse/refused 0' "an ambiguous call ($how): refused"
    is "$(reason refuse)" "$several" "an ambiguous call ($how): the log names both libpqs"
    has "$OUT" "pgseal: refused: $several" "an ambiguous call ($how): so does the error"
done
policy <<<"mode = audit"$'\n'"sslrootcert = $PKI/root.pem"
for how in pointer memory; do
    forget_events
    run sealed "$REACH/ambiguous" $how "$target" "$first" "$second"
    is "$OUT $(verdicts)" '13 ok f refuse/would-refuse' "an ambiguous call ($how): audit mode changes nothing"
    is "$(reason refuse)" "$several" "an ambiguous call ($how): audit mode says what it would have done"
done
policy <<<"sslrootcert = $PKI/root.pem"

# A constructor that waits for a thread that connects; and one that connects while another preload, which opens it, holds a
# lock of its own.
reach_cc -DPROGRAM -rdynamic -o "$REACH/waits" "$REACH_SRC/hidden.c" -lpq -lpthread
reach_cc -DWAITS -fPIC -shared -o "$REACH/waits.so" "$REACH_SRC/hidden.c"
reach_cc -DWAITS -fPIC -shared -o "$REACH/waits-linked.so" "$REACH_SRC/hidden.c" -Wl,--no-as-needed -lpq
reach_cc -DWAITS -fPIC -shared -o "$REACH/b/waits.so" "$REACH_SRC/hidden.c" -Wl,--no-as-needed "$REACH/b/libpb.so.5" \
    -Wl,-rpath,"\$ORIGIN" -Wl,--unresolved-symbols=ignore-all
reach_cc -DAT_LOAD -fPIC -shared -o "$REACH/atload.so" "$REACH_SRC/module.c" -lpq
cat >"$REACH/locked.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void *dlopen(const char *file, int flags)
{
    void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    pthread_mutex_lock(&lock);
    void *handle = real(file, flags);
    pthread_mutex_unlock(&lock);
    return handle;
}
END
reach_cc -fPIC -shared -o "$REACH/locked.so" "$REACH/locked.c"
while read -r name behind program; do
    mapfile -t program < <(xargs -n 1 <<<"$program")
    log_mark good
    run env REACH_AT_LOAD="$target" LD_PRELOAD="$behind" timeout 20 "${program[@]/@/$target}"
    is "$RC $(sessions good | sort -u)" '0 - plain' "a constructor ${name//-/ }: bare, plaintext"
    want=$OUT
    log_mark good
    run env REACH_AT_LOAD="$target" LD_PRELOAD="$OBJECT $behind" timeout 20 "${program[@]/@/$target}"
    is "$RC $OUT $(sessions good | sort -u)" "0 $want - ssl" "a constructor ${name//-/ }: no hang, and verified TLS"
done <<END
waits-for-a-thread libm.so.6 $REACH/waits waits n $REACH/waits.so @
waits-for-a-thread,-linked-to-libpq libm.so.6 $REACH/waits waits n $REACH/waits-linked.so @
waits-for-a-thread,-with-a-libpq-of-its-own libm.so.6 $REACH/waits waits n $REACH/b/waits.so @
waits-for-a-thread,-two-libpqs libm.so.6 $REACH/waits waits n $REACH/waits.so @ $a
waits-for-a-thread,-three-libpqs libm.so.6 $REACH/waits waits n $REACH/b/waits.so @ $a
waits-for-a-thread,-deepbound libm.so.6 $REACH/waits waits d $REACH/b/waits.so @ $a
waits-for-a-thread,-after-a-deepbound-open libm.so.6 $REACH/waits waits dnn $REACH/waits.so @ $REACH/mods.so
waits-for-a-thread,-after-a-close libm.so.6 $REACH/waits waits ddn $REACH/waits.so @ $REACH/mods.so $REACH/c/modc.so
connects-below-a-lock $REACH/locked.so $reach open x n $REACH/atload.so connect x @
END

# A constructor that runs before pgseal's.
reach_cc -DAT_LOAD -DMODULE=atload -fPIC -shared -o "$REACH/libatload.so" "$REACH_SRC/module.c" -lpq
printf 'extern const char atload[]; int main(void) { return atload[0] == 1; }\n' >"$REACH/early.c"
reach_cc -o "$REACH/early" "$REACH/early.c" -L"$REACH" -latload -Wl,-rpath,"$REACH"
forget_events
log_mark good
run env LD_DEBUG=files LD_DEBUG_OUTPUT="$TEST_DIR/files" REACH_AT_LOAD="$target" LD_PRELOAD="$OBJECT" "$REACH/early"
like "$(cat "$TEST_DIR"/files.* | sed -n 's/.*calling init: //p' | grep -E 'libatload|libpgseal' | xargs)" 'libatload.so .*libpgseal.so' \
    'an early constructor: it runs before pgseal'\''s'
like "$OUT" '^constructor: libpq 15[0-9]+: connect: ok$' 'an early constructor: connects'
is "$(sessions good)" '- ssl' 'an early constructor: verified TLS'
is "$(verdicts)" downgrade/sealed 'an early constructor: one verdict'
log_mark good
run env REACH_AT_LOAD="$target" "$REACH/early"
is "$(sessions good)" '- plain' 'an early constructor: bare, plaintext'

# A tracer behind pgseal has some of libpq's functions: what leads to it leads to the program's libpq, of which it is none.
cat >"$REACH/tracer.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
void *PQconnectdb(const char *conninfo)
{
    void *(*real)(const char *) = (void *(*)(const char *))dlsym(RTLD_NEXT, "PQconnectdb");
    void *conn = real(conninfo);
    __asm__ volatile("" ::: "memory");
    return conn;
}
END
reach_cc -fPIC -shared -o "$REACH/tracer.so" "$REACH/tracer.c"
for how in n l; do
    forget_events
    log_mark good
    run env LD_PRELOAD="$OBJECT $REACH/tracer.so" "$linked" open a $how "$a" open s $how "$s" connect s "$target"
    is "$RC $(verdicts) $(sessions good)" '0 downgrade/sealed - ssl' "a tracer, and two libpqs ($how)"
done
# A module looks for libpq in the global scope, where a tracer comes before pgseal, or none: it gets what it can call, and
# the error of an earlier look-up is over.
cat >"$REACH/looker.c" <<'END'
#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdio.h>
void go(const char *conninfo);
void go(const char *conninfo)
{
    void *next = dlsym(RTLD_NEXT, "PQconnectdb");
    PGconn *(*connect)(const char *) = (PGconn * (*)(const char *)) dlsym(RTLD_DEFAULT, "PQconnectdb");
    const char *error = dlerror();
    ConnStatusType (*status)(const PGconn *) = (ConnStatusType(*)(const PGconn *))dlsym(RTLD_DEFAULT, "PQstatus");
    printf("%s, %s, ", next != NULL ? "next" : "no next", error != NULL ? error : "no error");
    printf("%s\n", connect != NULL && status(connect(conninfo)) == CONNECTION_OK ? "ok" : "failed");
}
END
reach_cc -fPIC -shared -o "$REACH/looker.so" "$REACH/looker.c"
looker=(python3 -c 'import ctypes, sys
ctypes.CDLL("libpq.so.5", mode=ctypes.RTLD_GLOBAL)
ctypes.CDLL(sys.argv[1]).go(sys.argv[2].encode())' "$REACH/looker.so" "$target")
for before in '' "$REACH/tracer.so"; do
    what="a module that looks in the global scope${before:+, a tracer before pgseal}"
    log_mark good
    run env LD_PRELOAD="$before" "${looker[@]}"
    is "$RC $OUT $(sessions good)" '0 no next, no error, ok - plain' "$what: bare"
    log_mark good
    run env LD_PRELOAD="$before $OBJECT" "${looker[@]}"
    is "$RC $OUT $(sessions good)" '0 no next, no error, ok - ssl' "$what: sealed"
done
# The program itself looks for it, with a tracer behind pgseal.
cat >"$REACH/names.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdio.h>
int main(int argc, char *argv[])
{
    void *handles[] = {RTLD_DEFAULT, RTLD_NEXT, dlopen(NULL, RTLD_NOW)};
    for (int i = 0; i < 3 && argc > 1; i++) {
        PGconn *(*connect)(const char *) = (PGconn * (*)(const char *)) dlsym(handles[i], "PQconnectdb");
        PGconn *conn = connect(argv[1]);
        printf("%s ", PQstatus(conn) == CONNECTION_OK ? "ok" : PQerrorMessage(conn));
        PQfinish(conn);
    }
    return 0;
}
END
reach_cc -o "$REACH/names" "$REACH/names.c" -lpq
for tracer in '' "$REACH/tracer.so"; do
    what="a program that asks for the name${tracer:+, a tracer behind pgseal}"
    log_mark good
    run env LD_PRELOAD="$tracer" "$REACH/names" "$target"
    is "$RC $OUT$(sessions good | xargs)" '0 ok ok ok - plain - plain - plain' "$what: bare"
    log_mark good
    run env LD_PRELOAD="$OBJECT $tracer" "$REACH/names" "$target"
    is "$RC $OUT$(sessions good | xargs)" '0 ok ok ok - ssl - ssl - ssl' "$what: sealed"
done

# Two copies of pgseal, under the same name and under another.
mkdir "$REACH/second"
cp "$OBJECT" "$REACH/second/libpgseal.so"
cp "$OBJECT" "$REACH/second/other-name.so"
for second in "$REACH/second/libpgseal.so" "$REACH/second/other-name.so"; do
    for program in "$linked connect self" "$reach open s n $s connect s" "$reach open s nd $s connect s"; do
        forget_events
        log_mark good
        # shellcheck disable=SC2086
        run env LD_PRELOAD="$OBJECT $second" $program "$target"
        is "$RC $(verdicts) $(sessions good)" '0 downgrade/sealed - ssl' \
            "two copies of pgseal (${second##*/}, ${program#"$REACH/"})"
    done
done

done_testing
