#!/bin/bash
# deepbind.t: objects that are opened with RTLD_DEEPBIND or by dlmopen, and what these open, reach the same libpq as
# bare, and only through pgseal: wherever the dynamic linker finds them, whatever else has their name, and however
# their files are made.
. "$(dirname "$0")/../lib/env.sh"
. "$TEST_TOP/tests/lib/reach.sh"

env_start good impostor
policy <<<"sslrootcert = $PKI/root.pem"
target="host=localhost port=$(env_port good) dbname=app user=app sslmode=disable"
evil="host=localhost port=$(env_port impostor) dbname=app user=app sslmode=disable"

# both NAME COMMAND…: TARGET in it is the connection string. Bare, plaintext, and through to the impostor; sealed, verified
# TLS, and nothing for the impostor; the program sees the same.
both() {
    local name=$1 want
    shift
    log_mark good
    run bare "${@/TARGET/"$target"}"
    want="$RC $OUT$ERR"
    is "$RC $(sessions good | sort -u)" '0 - plain' "$name: bare, plaintext"
    log_mark impostor
    run bare "${@/TARGET/"$evil"}"
    is "$(sessions impostor | sort -u)" '- plain' "$name: bare, plaintext with an impostor"
    log_mark good
    log_mark impostor
    run sealed "${@/TARGET/"$target"}"
    is "$RC $OUT$ERR" "$want" "$name: the program sees the same"
    is "$(sessions good | sort -u)" '- ssl' "$name: verified TLS"
    run sealed "${@/TARGET/"$evil"}"
    is "$(sessions impostor)" '' "$name: no session on an impostor"
}

cc=(reach_cc -shared -fPIC -I"$REACH_SRC")
mkdir "$REACH/first" "$REACH/b" 2>/dev/null || true
nested=$REACH/nested
reach_cc -DPROGRAM -o "$nested" "$REACH_SRC/nested.c"
"${cc[@]}" -DLIBRARY -o "$REACH/libnested.so" "$REACH_SRC/nested.c"
"${cc[@]}" -DMODULE -o "$REACH/nest.so" "$REACH_SRC/nested.c" -L"$REACH" -lnested -Wl,-rpath,"\$ORIGIN"

# --- what has the same name

mkdir -p "$REACH/same/a" "$REACH/same/b"
echo 'void other(void); void other(void) {}' >"$REACH/other.c"
"${cc[@]}" -o "$REACH/same/a/ext.so" "$REACH/other.c"
cp "$REACH/mods.so" "$REACH/same/b/ext.so"
reach_cc -DPROGRAM -o "$REACH/nested-rpath" "$REACH_SRC/nested.c" -Wl,--disable-new-dtags,-rpath,"$REACH/same/b"
reach_cc -DPROGRAM -o "$REACH/nested-runpath" "$REACH_SRC/nested.c" -Wl,--enable-new-dtags,-rpath,"$REACH/same/b"
for program in nested-rpath nested-runpath; do
    both "$program" "$REACH/$program" deep ext.so TARGET
    both "$program, another of this name was opened before" "$REACH/$program" deep ext.so TARGET "$REACH/same/a/ext.so"
done
both 'LD_LIBRARY_PATH' env LD_LIBRARY_PATH="$REACH/same/b" "$nested" deep ext.so TARGET "$REACH/same/a/ext.so"
both 'RPATH before LD_LIBRARY_PATH' env LD_LIBRARY_PATH="$REACH/same/a" "$REACH/nested-rpath" deep ext.so TARGET
both 'LD_LIBRARY_PATH before RUNPATH' env LD_LIBRARY_PATH="$REACH/same/b:$REACH/same/a" "$REACH/nested-runpath" deep ext.so TARGET

# --- where a module's library is found

cat >"$REACH/client.c" <<'END'
#include "reach.h"
#include <libpq-fe.h>
#include <stdio.h>
void go(const char *name, const char *conninfo);
void go(const char *name, const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    printf("%s: %s\n", name, PQstatus(conn) == CONNECTION_OK ? "ok" : PQerrorMessage(conn));
    fflush(stdout);
    PQfinish(conn);
}
END
lib=lib/$(gcc -print-multiarch)
mkdir -p "$REACH/libs/$lib"
"${cc[@]}" -o "$REACH/libs/libwithin.so" "$REACH/client.c" -lpq
cp "$REACH/libs/libwithin.so" "$REACH/libs/$lib/libwithin.so"
while read -r name flags; do
    # shellcheck disable=SC2086
    "${cc[@]}" -DMODULE -o "$REACH/$name.so" "$REACH_SRC/nested.c" -L"$REACH/libs" -lwithin $flags
    for how in deep space; do
        both "$name, $how" "$nested" $how "$REACH/$name.so" TARGET
    done
done <<END
by-rpath -Wl,--disable-new-dtags,-rpath,$REACH/libs
by-runpath -Wl,--enable-new-dtags,-rpath,$REACH/libs
by-origin -Wl,-rpath,\$ORIGIN/libs
by-lib -Wl,-rpath,\$ORIGIN/libs/\$LIB
END
"${cc[@]}" -DMODULE -o "$REACH/by-nothing.so" "$REACH_SRC/nested.c" -L"$REACH/libs" -lwithin
both "a library by LD_LIBRARY_PATH" env LD_LIBRARY_PATH="$REACH/libs" "$nested" deep "$REACH/by-nothing.so" TARGET
reach_cc -DPROGRAM -o "$REACH/nested-libs" "$REACH_SRC/nested.c" -Wl,--disable-new-dtags,-rpath,"$REACH/libs"
both "a library by the program's RPATH" "$REACH/nested-libs" deep "$REACH/by-nothing.so" TARGET

# --- what a library of the module opens

for how in deep space; do
    for inner in plain deep space; do
        for ext in "$REACH/mods.so" "$REACH/a/moda.so"; do
            both "$how, and its library opens ${ext##*/} ($inner)" env NESTED_HOW=$inner NESTED="$ext" "$nested" $how "$REACH/nest.so" TARGET
        done
    done
    both "$how, and its library asks dlsym" env NESTED_HOW=bysym NESTED=libpq.so.5 "$nested" $how "$REACH/nest.so" TARGET
    both "$how, and its library asks dlsym for a private copy" env NESTED_HOW=bysym NESTED="$REACH/b/libpb.so.5" "$nested" $how \
        "$REACH/nest.so" TARGET
done
printf 'FAKE_1 { global: PQ*; local: *; };\n' >"$REACH/fake.map"
gcc -std=gnu17 -O1 -fPIC -shared -Wl,--version-script="$REACH/fake.map" -o "$REACH/libfake.so" "$TEST_TOP/tests/matrix/fakepq.c"
for how in deep space; do
    run bare env NESTED_HOW=byvsym NESTED="$REACH/libfake.so" "$nested" $how "$REACH/nest.so" 'host=nowhere sslmode=disable'
    hasnt "$OUT" pgseal "$how, and its library asks dlvsym: bare, connected"
    run sealed env NESTED_HOW=byvsym NESTED="$REACH/libfake.so" "$nested" $how "$REACH/nest.so" 'host=nowhere sslmode=disable'
    has "$OUT" 'pgseal: refused: violation: the session does not use TLS' "$how, and its library asks dlvsym: sealed"
done

# --- past a preload that stands behind pgseal, and looks up the real function while something is being opened

cat >"$REACH/behind.c" <<'END'
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#ifdef OPEN
void *dlopen(const char *file, int flags)
{
    void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    const char *other = file != NULL && strstr(file, "another.so") != NULL ? getenv("BEHIND_OPENS") : file;
    void *handle = real(other, flags);
    __asm__ volatile("" ::: "memory");
    return handle;
}
#else
void *malloc(size_t size)
{
    void *(*real)(size_t) = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    return real(size);
}
#endif
END
"${cc[@]}" -DOPEN -o "$REACH/behind-dlopen.so" "$REACH/behind.c"
"${cc[@]}" -o "$REACH/behind-malloc.so" "$REACH/behind.c"
cat >"$REACH/before" <<'END'
#!/bin/bash
LD_PRELOAD=${LD_PRELOAD:+$LD_PRELOAD:}$1 exec "${@:2}"
END
chmod +x "$REACH/before"
both 'a preload that opens another file, and its library opens' env NESTED_HOW=deep NESTED="$REACH/a/moda.so" \
    BEHIND_OPENS="$REACH/nest.so" "$REACH/before" "$REACH/behind-dlopen.so" "$nested" deep "$REACH/another.so" TARGET
both 'a preload that opens another file, the caller'\''s run path, and its library opens' env NESTED_HOW=deep \
    NESTED="$REACH/a/moda.so" BEHIND_OPENS="$REACH/nest.so" LD_LIBRARY_PATH="$REACH/same/b" "$REACH/before" \
    "$REACH/behind-dlopen.so" "$REACH/nested-runpath" deep another.so TARGET
for behind in dlopen malloc; do
    before=("$REACH/before" "$REACH/behind-$behind.so")
    both "a preload's $behind" "${before[@]}" "$nested" deep "$REACH/mods.so" TARGET
    both "a preload's $behind, and the caller's run path" env LD_LIBRARY_PATH="$REACH/same/b" "${before[@]}" "$REACH/nested-runpath" \
        deep ext.so TARGET
    both "a preload's $behind, and libc's own dlopen and dlsym" "${before[@]}" "$nested" libc "$REACH/mods.so" TARGET
    for inner in plain deep space bysym; do
        ext=$REACH/a/moda.so
        [[ $inner != bysym ]] || ext=libpq.so.5
        both "a preload's $behind, and the module's library opens ($inner)" env NESTED_HOW=$inner NESTED="$ext" "${before[@]}" \
            "$nested" deep "$REACH/nest.so" TARGET
        both "a preload's $behind, the caller's run path, and the module's library opens ($inner)" env NESTED_HOW=$inner \
            NESTED="$ext" LD_LIBRARY_PATH="$REACH" "${before[@]}" "$REACH/nested-runpath" deep nest.so TARGET
    done
done

# --- dlopen and dlsym that libc's own handle gave; what is closed and opened again

both "libc's own dlopen and dlsym" "$nested" libc "$REACH/mods.so" TARGET
both "libc's own, and a library that opens" env NESTED_HOW=plain NESTED="$REACH/a/moda.so" "$nested" libc "$REACH/nest.so" TARGET
both 'closed and opened again' "$nested" twice "$REACH/a/moda.so" TARGET
both 'closed and opened again, with what it opens' env NESTED_HOW=deep NESTED="$REACH/a/moda.so" "$nested" twice "$REACH/nest.so" TARGET

# --- what has nothing to do with libpq

mkdir "$REACH/whose"
cat >"$REACH/whose.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
const char *who(void);
const char *run(void);
#ifdef LIBRARY
const char *who(void) { return "the library"; }
#elif defined MODULE
const char *run(void) { return who(); }
#else
const char *who(void) { return "the program"; }
int main(int argc, char **argv)
{
    void *h = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;
    puts(h ? ((const char *(*)(void))dlsym(h, "run"))() : dlerror());
    return 0;
}
#endif
END
reach_cc -DLIBRARY -shared -fPIC -Wl,-soname,libwhose.so -o "$REACH/whose/libwhose.so" "$REACH/whose.c"
reach_cc -DMODULE -shared -fPIC -o "$REACH/m.so" "$REACH/whose.c" -L"$REACH/whose" -lwhose
reach_cc -rdynamic -o "$REACH/whose/whose" "$REACH/whose.c" -Wl,--disable-new-dtags,-rpath,"$REACH/whose"
run bare "$REACH/whose/whose" "$REACH/m.so"
is "$OUT" 'the library' 'a module without libpq: bare, it reaches its own library'
run sealed "$REACH/whose/whose" "$REACH/m.so"
is "$OUT" 'the library' 'a module without libpq: so it does sealed'

# --- slots that are not where they usually are, or are many; and a module among a thousand others

for part in PACKED MANY PLAIN; do
    "${cc[@]}" -D$part -o "$REACH/hidden-$part.so" "$REACH_SRC/hidden.c" -lpq
done
"${cc[@]}" -DDEFAULT -o "$REACH/hidden-DEFAULT.so" "$REACH_SRC/hidden.c" "$REACH/b/libpb.so.5" -Wl,-rpath,"$REACH/b" \
    -Wl,--unresolved-symbols=ignore-in-shared-libs
like "$(readelf -rW "$REACH/hidden-PACKED.so")" '[13579bdf] .* PQsetdbLogin' 'an unaligned slot: it is one'
for how in deep space; do
    both "an unaligned slot, $how" "$nested" $how "$REACH/hidden-PACKED.so" TARGET
    both "20,000 slots, $how" "$nested" $how "$REACH/hidden-MANY.so" TARGET
done
if [[ $(uname -m) == x86_64 ]]; then
    reach_cc -DPLAIN -shared -fno-pic -fno-pie -mcmodel=large -Wl,-z,notext -I"$REACH_SRC" -o "$REACH/hidden-code.so" \
        "$REACH_SRC/hidden.c" -lpq 2>"$TEST_DIR/ld.err"
    for how in deep space; do
        both "a slot in the code, $how" "$nested" $how "$REACH/hidden-code.so" TARGET
    done
fi
reach_cc -DPROGRAM -o "$REACH/nested-linked" "$REACH_SRC/nested.c" -Wl,--no-as-needed -lpq
for how in plain deep; do
    both "dlsym(RTLD_DEFAULT) beside the program's libpq, $how" "$REACH/nested-linked" $how "$REACH/hidden-DEFAULT.so" TARGET
done

# Threads that open something and end, without another call of a hook; then something of the same name, opened otherwise:
# what the dynamic linker has bound tells which is which. FIRST and MODULE begin with d (RTLD_DEEPBIND) or p (plainly).
cat >"$REACH/ended.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include "reach.h"
static int flags(const char *how)
{
    return RTLD_LAZY | (how[0] == 'd' ? RTLD_DEEPBIND : 0);
}
static void *open_it(void *file)
{
    void *volatile handle = dlopen((char *)file + 2, flags(file)); /* no tail call: its caller has a run path */
    return handle;
}
int main(int argc, char **argv) /* FIRST MODULE CONNINFO */
{
    for (int i = 0; i < 100 && argc > 3; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, open_it, argv[1]);
        pthread_join(thread, NULL);
    }
    void *h = argc > 3 ? dlopen(argv[2] + 2, flags(argv[2])) : NULL;
    const struct module *m = h ? dlsym(h, "module") : NULL;
    if (!m)
        return 2;
    m->connect("module", argv[3]);
    return 0;
}
END
reach_cc -I"$REACH_SRC" -o "$REACH/ended" "$REACH/ended.c" -lpthread
reach_cc -I"$REACH_SRC" -o "$REACH/ended-linked" "$REACH/ended.c" -lpthread -Wl,--no-as-needed -lpq -Wl,--enable-new-dtags,-rpath,"$REACH/none"
mkdir "$REACH/ended.first"
for bound in now lazy; do
    for part in DEFAULT PLAIN; do
        module=hidden-$part-$bound.so
        "${cc[@]}" -nostdlib -o "$REACH/ended.first/$module" "$REACH/other.c"
        "${cc[@]}" -D$part -o "$REACH/$module" "$REACH_SRC/hidden.c" "$REACH/b/libpb.so.5" -Wl,-z,$bound \
            -Wl,-rpath,"$REACH/b" -Wl,--unresolved-symbols=ignore-in-shared-libs
        "${cc[@]}" -Wl,--no-as-needed -o "$REACH/outer-$module" "$REACH/other.c" "$REACH/$module"
        for second in "$module" "outer-$module"; do
            both "a name that ended threads opened plainly, $second" "$REACH/ended" "p $REACH/ended.first/$module" \
                "d $REACH/$second" TARGET
        done
        other=(env LD_LIBRARY_PATH="$REACH/ended.first" "$REACH/ended-linked" "d $module" "p $REACH/$module")
        beside=("$REACH/ended-linked" "p $REACH/ended.first/$module" "d $REACH/outer-$module")
        if [[ $bound == now ]]; then
            both "a name that ended threads opened deepbound, $module" "${other[@]}" TARGET
            forget_events
            run sealed "${other[@]}" "$target"
            is "$(events 'select(.action == "sealed") | .libpq' | sort -u)" "\"$(echo /lib/*/libpq.so.5)\"" \
                "a name that ended threads opened deepbound, $module: by the program's libpq"
            both "a name that ended threads opened plainly, outer-$module beside the program's libpq" "${beside[@]}" TARGET
            continue
        fi
        # Nothing is bound yet that tells. The module goes on with its own libpq's functions, so it gets no other's PGconn.
        for which in other beside; do
            declare -n command=$which
            run bare "${command[@]}" "$target"
            like "$RC $OUT" '^0 module: libpq [0-9]*: ok$' "a name of ended threads, nothing bound, $which, $module: bare, connected"
            libpq=${OUT%: ok}
            forget_events
            log_mark good
            run sealed "${command[@]}" "$target"
            is "$RC $OUT" "0 $libpq: pgseal: refused: cannot determine which libpq owns this connection" \
                "a name of ended threads, nothing bound, $which, $module: refused, and no crash"
            is "$(sessions good)" '' "a name of ended threads, nothing bound, $which, $module: no session"
            has "$(events .reason)" 'cannot determine which one' \
                "a name of ended threads, nothing bound, $which, $module: the log says why"
        done
    done
done

# A program without DT_DEBUG: no link maps are known.
cat >"$REACH/unlisted.py" <<'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
phoff, = struct.unpack_from("<Q", data, 32)
phnum, = struct.unpack_from("<H", data, 56)
for i in range(phnum):
    kind, _, offset = struct.unpack_from("<IIQ", data, phoff + 56 * i)
    while kind == 2 and struct.unpack_from("<Q", data, offset)[0] != 0:
        if struct.unpack_from("<Q", data, offset)[0] == 21:
            struct.pack_into("<Q", data, offset, 0x60000021)
        offset += 16
open(sys.argv[1], "wb").write(data)
END
cp "$REACH/ended" "$REACH/ended-unlisted"
python3 "$REACH/unlisted.py" "$REACH/ended-unlisted"
for module in hidden-DEFAULT-now.so outer-hidden-DEFAULT-now.so; do
    both "a name that ended threads opened plainly, a program without DT_DEBUG, $module" "$REACH/ended-unlisted" \
        "p $REACH/ended.first/hidden-DEFAULT-now.so" "d $REACH/$module" TARGET
done

# What a constructor of the module opens before its slots can be rewritten is not announced.
cat >"$REACH/brought.h" <<'END'
#include "reach.h"
static const struct module *brought; /* set by a constructor */
static void go(const char *name, const char *conninfo)
{
    brought->connect(name, conninfo);
}
static void done(void)
{
}
extern const struct module module;
const struct module module = {.connect = go, .finish = done};
END
cat >"$REACH/brings-module.c" <<'END'
#include <dlfcn.h>
#include <stdlib.h>
#include "brought.h"
__attribute__((constructor)) static void bring(void)
{
#ifdef THERE
    void *handle = dlmopen(LM_ID_BASE, getenv("BRINGS"), RTLD_NOW | RTLD_DEEPBIND);
#else
    void *handle = dlopen(getenv("BRINGS"), RTLD_NOW | RTLD_DEEPBIND);
#endif
    brought = handle != NULL ? dlsym(handle, "module") : NULL;
}
END
"${cc[@]}" -I"$REACH_SRC" -o "$REACH/brings-module.so" "$REACH/brings-module.c"
"${cc[@]}" -DTHERE -o "$REACH/brings-there.so" "$REACH/brings-module.c"
both 'a constructor in another namespace opens deepbound in the first one' env BRINGS="$REACH/hidden-DEFAULT-now.so" \
    "$nested" space "$REACH/brings-there.so" TARGET
both 'a name that ended threads opened plainly, and a constructor opens deepbound' \
    env BRINGS="$REACH/hidden-DEFAULT-now.so" "$REACH/ended" "p $REACH/ended.first/hidden-DEFAULT-now.so" \
    "d $REACH/brings-module.so" TARGET

# What a constructor closes and opens again comes to the same addresses, and no hook has seen it.
cat >"$REACH/reopens.c" <<'END'
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include "brought.h"
__attribute__((constructor)) static void reopen(void)
{
    struct link_map *map = dlopen(getenv("REOPENS"), RTLD_LAZY | RTLD_NOLOAD);
    ElfW(Addr) base = map->l_addr;
    struct link_map *old = map;
    dlclose(map);
    dlclose(map); /* the program's handle */
    if (dlopen(getenv("REOPENS"), RTLD_LAZY | RTLD_NOLOAD) != NULL)
        puts("it is still open");
    map = dlopen(getenv("REOPENS"), RTLD_LAZY | RTLD_DEEPBIND);
    if (map != old || map->l_addr != base)
        puts("it is elsewhere");
    brought = dlsym(map, "module");
}
END
"${cc[@]}" -o "$REACH/reopens.so" "$REACH/reopens.c"
for bound in now lazy; do
    again=$REACH/hidden-DEFAULT-$bound.so
    both "opened plainly, and again deepbound by a constructor, $bound" env REOPENS="$again" "$nested" deep "$REACH/reopens.so" \
        TARGET "$again"
    hasnt "$OUT" 'it is' "opened plainly, and again deepbound by a constructor, $bound: at the same addresses"
done

# A filter's library comes before it in the list of objects.
for filter in auxiliary filter; do
    "${cc[@]}" -o "$REACH/$filter.so" "$REACH/other.c" -Wl,--$filter="$REACH/hidden-DEFAULT.so"
    both "the library of a filter ($filter)" "$nested" deep "$REACH/$filter.so" TARGET
done
by() { # LIBPQ NAME COMMAND…: both, and it connects with that one of two libpqs
    local libpq=$1
    shift
    both "$@"
    forget_events
    run sealed "${@:2:$#-2}" "$target"
    is "$(events 'select(.action == "sealed") | .libpq' | sort -u)" "\"$libpq\"" "$1: with its libpq"
}
# Nothing is bound yet in it, it asks for no version of dlsym, and a preload before pgseal defines that, too.
cat >"$REACH/ahead.c" <<'END'
#include <dlfcn.h>
#include <stddef.h>
void *dlsym(void *handle, const char *name)
{
    static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
    void *(*real)(void *, const char *) = NULL;
    for (int i = 0; i < 3 && real == NULL; i++)
        real = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    return real(handle, name); /* a jump: the caller stays the same */
}
END
"${cc[@]}" -O2 -o "$REACH/ahead.so" "$REACH/ahead.c"
cat >"$REACH/ahead" <<'END'
#!/bin/bash
LD_PRELOAD=$1${LD_PRELOAD:+:$LD_PRELOAD} exec "${@:2}"
END
chmod +x "$REACH/ahead"
"${cc[@]}" -nostdlib -DDEFAULT -o "$REACH/unversioned.so" "$REACH_SRC/hidden.c" "$REACH/b/libpb.so.5" -Wl,-rpath,"$REACH/b" \
    -Wl,-z,lazy -Wl,--unresolved-symbols=ignore-all
"${cc[@]}" -o "$REACH/filter-lazy.so" "$REACH/other.c" -Wl,--filter="$REACH/unversioned.so"
both 'the library of a filter, and a preload before pgseal that defines dlsym' "$REACH/ahead" "$REACH/ahead.so" "$REACH/ended" \
    'p libm.so.6' "d $REACH/filter-lazy.so" TARGET
by "$REACH/b/libpb.so.5" "the library of a filter, beside the program's libpq" "$REACH/nested-linked" deep "$REACH/filter.so" TARGET
# Its slots are read once more, and have been rewritten.
by "$REACH/b/libpb.so.5" 'a deepbound module, after a close' "$REACH/reach-linked" open x d "$REACH/hidden-DEFAULT.so" \
    open y n "$REACH/a/moda.so" close y open y n "$REACH/mods.so" connect x TARGET
# There, too, what was opened first comes first.
"${cc[@]}" -DMODULE -o "$REACH/nest-pq.so" "$REACH_SRC/nested.c" -L"$REACH" -lnested -Wl,-rpath,"\$ORIGIN" -Wl,--no-as-needed -lpq
by "$(echo /lib/*/libpq.so.5)" 'a plain open in another namespace, two libpqs' env NESTED_HOW=plain NESTED="$REACH/hidden-DEFAULT.so" \
    "$nested" space "$REACH/nest-pq.so" TARGET

# A name that is not there, asked for in another namespace: the message is as ever.
cat >"$REACH/nothing.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
#ifdef MODULE
const char *ask(void);
const char *ask(void)
{
    return dlsym(RTLD_DEFAULT, "PQconnectdb") ? "found" : dlerror();
}
#else
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        void *h = i == 1 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : dlopen(argv[i], RTLD_NOW | RTLD_DEEPBIND);
        const char *(*ask)(void) = (const char *(*)(void))dlsym(h, "ask");
        const char *text = ask();
        for (const char *c = text; *c; c++)
            printf(*c < ' ' ? "\\%o" : "%c", *c);
        puts("");
    }
    return 0;
}
#endif
END
reach_cc -o "$REACH/nothing" "$REACH/nothing.c"
"${cc[@]}" -DMODULE -o "$REACH/nothing.so" "$REACH/nothing.c"
cp "$REACH/nothing.so" "$REACH/nothing-deep.so"
run bare "$REACH/nothing" "$REACH/nothing.so" "$REACH/nothing-deep.so"
like "$RC $OUT" '^0 .*undefined symbol: PQconnectdb' 'no such name in another namespace: bare, it is not found'
bare_says="$RC $OUT"
run sealed "$REACH/nothing" "$REACH/nothing.so" "$REACH/nothing-deep.so"
is "$RC $OUT" "$bare_says" 'no such name in another namespace: the same message'

reach_cc -DPROGRAM -rdynamic -o "$REACH/hidden" "$REACH_SRC/hidden.c" -lpq -lpthread
"${cc[@]}" -nostdlib -Wl,-z,noseparate-code -o "$REACH/one.so" "$REACH/other.c"
mkdir "$REACH/crowd"
python3 -c '
import shutil, sys
for i in range(1100):
    shutil.copyfile(sys.argv[1], "%s/%d.so" % (sys.argv[2], i))' "$REACH/one.so" "$REACH/crowd"
both 'eleven hundred other objects' "$REACH/hidden" crowd "$REACH/crowd" "$REACH/hidden-PLAIN.so" TARGET "$REACH/mods.so"
rm -r "$REACH/crowd"

# --- a call that looks like another one: the bytes before the return address mean nothing

cat >"$REACH/bytes.c" <<'END'
#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    if (argc < 3 || !dlopen(argv[2], RTLD_NOW))
        return 2;
    PGconn *(*volatile connect)(const char *) = PQconnectdb;
    PGconn *conn;
    register const char *argument __asm__("rdi") = argv[1];
    register void *fn __asm__("rdx") = (void *)connect;
    /* mov %r13,%r8; xor %eax,%eax; call *%rdx: five bytes before its end stands 0xe8, as in call rel32 */
    __asm__ volatile(".byte 0x4d,0x89,0xe8, 0x31,0xc0, 0xff,0xd2"
                     : "=a"(conn), "+r"(argument), "+r"(fn)::"rcx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    printf("%d %s\n", PQlibVersion() / 10000, PQstatus(conn) == CONNECTION_OK ? "ok" : PQerrorMessage(conn));
    return 0;
}
END
if [[ $(uname -m) == x86_64 ]]; then
    reach_cc -O1 -o "$REACH/bytes" "$REACH/bytes.c" -lpq
    both 'a call through a pointer' "$REACH/bytes" TARGET "$REACH/b/libpb.so.5"
fi

# --- files that lie, and that the dynamic linker opens all the same

cat >"$REACH/lie.py" <<'END'
import struct, sys
source, target, lie = sys.argv[1:]
data = bytearray(open(source, "rb").read())
phoff, = struct.unpack_from("<Q", data, 32)
phnum, = struct.unpack_from("<H", data, 56)
loads, dyn = [], None
for i in range(phnum):
    kind, flags, offset, vaddr, _, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", data, phoff + 56 * i)
    if kind == 1:
        loads.append((vaddr, filesz, offset))
    if kind == 2:
        dyn = offset
def where(vaddr):
    return next(o + vaddr - v for v, n, o in loads if v <= vaddr < v + n)
tags = {}
at = dyn
while True:
    tag, value = struct.unpack_from("<QQ", data, at)
    tags.setdefault(tag, (at + 8, value))
    if tag == 0:
        break
    at += 16
def table(tag):
    return where(tags[tag][1])
HASH = 0x6ffffef5
if lie == "strsz":
    struct.pack_into("<Q", data, tags[10][0], 1 << 60)
elif lie == "sections":
    struct.pack_into("<QHHH", data, 40, 1 << 60, 0, 0, 0)
    struct.pack_into("<HHH", data, 58, 0xffff, 0xffff, 0xffff)
elif lie == "bloom":
    struct.pack_into("<I", data, table(HASH) + 8, 1 << 27)
elif lie == "buckets":
    struct.pack_into("<I", data, table(HASH), 0x7fffffff)
elif lie == "chain":
    buckets, first, words, shift = struct.unpack_from("<IIII", data, table(HASH))
    for i in range(words):
        struct.pack_into("<Q", data, table(HASH) + 16 + 8 * i, (1 << 64) - 1)
    for i in range(buckets):
        struct.pack_into("<I", data, table(HASH) + 16 + 8 * words + 4 * i, 0xfffffff0)
elif lie in ("name", "symbol"):
    for i in range(tags[2][1] // 24):  # what is bound lazily is not read before it is called
        entry = table(23) + 24 * i
        symbol, = struct.unpack_from("<I", data, entry + 12)
        if lie == "name":
            struct.pack_into("<I", data, table(6) + 24 * symbol, 0xfffffff0)
        else:
            struct.pack_into("<I", data, entry + 12, 0x0fffffff)
elif lie == "versions":
    struct.pack_into("<Q", data, tags[0x6fffffff][0], 1 << 60)
open(target, "wb").write(data)
END
cat >"$REACH/liar.c" <<'END'
/* No other library, so that the dynamic linker never looks a name up in it. */
void *PQgetssl(void *);
void lazy(void);
void lazy(void) { PQgetssl(0); }
END
"${cc[@]}" -Wl,-z,lazy -nostdlib -o "$REACH/liar.so" "$REACH/liar.c"
for lie in strsz sections bloom buckets chain name symbol versions; do
    from=$REACH/liar.so
    [[ $lie != versions ]] || from=$REACH/mods.so
    python3 "$REACH/lie.py" "$from" "$REACH/liar-$lie.so" "$lie"
    run bare "$nested" deep "$REACH/mods.so" "$target" "$REACH/liar-$lie.so" "$REACH/a/moda.so"
    want="$RC $OUT$ERR"
    log_mark good
    run sealed "$nested" deep "$REACH/mods.so" "$target" "$REACH/liar-$lie.so" "$REACH/a/moda.so"
    is "$RC $OUT$ERR $(sessions good)" "$want - ssl" "a file that lies about its $lie: no crash, and verified TLS"
    like "$want" '^0 ' "a file that lies about its $lie: bare, it is opened"
done

# --- a library that exports nothing: nothing of its own to find it by

reach_cc -DPROGRAM -rdynamic -o "$REACH/mute" "$REACH_SRC/mute.c" -lpq
reach_cc -DLIBRARY -fPIC -shared -fvisibility=hidden -Wl,-z,lazy -o "$REACH/b/libmute.so" "$REACH_SRC/mute.c"
echo >"$REACH/b/brings.c"
reach_cc -fPIC -shared -o "$REACH/b/brings.so" "$REACH/b/brings.c" -Wl,--no-as-needed "$REACH/b/libmute.so" "$REACH/b/libpb.so.5" \
    -Wl,-rpath,"\$ORIGIN" -Wl,--unresolved-symbols=ignore-in-shared-libs
both 'a library that exports nothing' "$REACH/mute" "$REACH/b/brings.so" TARGET

# --- a libpq that is too old

mkdir "$REACH/old"
reach_cc -fPIC -shared -o "$REACH/old/libpq.so.5" "$REACH_SRC/old.c" -Wl,-soname,libpold.so.5
ln -s libpq.so.5 "$REACH/old/libpold.so.5"
cat >"$REACH/old.c" <<'END'
#include "reach.h"
void *PQconnectdb(const char *);
static void do_connect(const char *name, const char *conninfo) { (void)name, PQconnectdb(conninfo); }
static void do_nothing(void) {}
const struct module module;
const struct module module = {.connect = do_connect, .finish = do_nothing};
END
for how in lazy now filter; do
    "${cc[@]}" -Wl,-z,"${how/filter/lazy}" -o "$REACH/old/$how.so" "$REACH/old.c" "$REACH/old/libpq.so.5" -Wl,-rpath,"\$ORIGIN"
    if [[ $how == filter ]]; then
        mv "$REACH/old/filter.so" "$REACH/old/filtered.so"
        "${cc[@]}" -o "$REACH/old/filter.so" "$REACH/other.c" -Wl,--auxiliary="$REACH/old/filtered.so"
    fi
    run bare "$REACH/ended" "p libm.so.6" "d $REACH/old/$how.so" "$target"
    is "$RC $OUT" '0 the old libpq connects' "a libpq before 9.0 ($how): bare, it is reached"
    forget_events
    run sealed "$REACH/ended" "p libm.so.6" "d $REACH/old/$how.so" "$target"
    is "$RC $OUT" '0 ' "a libpq before 9.0 ($how): refused"
    has "$(events .reason)" 'older than 9.0' "a libpq before 9.0 ($how): the log says why"
done

done_testing
