#!/bin/bash
# musl.t [musl|musl-arm64]: the object in programs of musl, on this machine or on arm64 under qemu: they run undisturbed,
# dlopen and dlsym do what they did, and where such a program has a libpq (a small stand-in, see fakepq.c), the hooks fire and
# what reaches it is sealed.
. "$(dirname "$0")/../lib/env.sh"

if [[ ${1:-musl} == musl-arm64 ]]; then
    root=$TEST_TOP/build/roots/arm64
    libc=$root/lib/aarch64-linux-musl/libc.so
    cp "$TEST_TOP/build/arm64/libpgseal.so" "$OBJECT"
    sed -e "s,/usr/,$root/usr/,g" -e "s,^-L,-L${libc%/*} &," "$root/usr/lib/aarch64-linux-musl/musl-gcc.specs" >"$TEST_DIR/specs"
    musl_cc() { aarch64-linux-gnu-gcc -specs="$TEST_DIR/specs" "$@"; }
    bare() { qemu-aarch64-static -L "$root" "$@"; }
    sealed() { qemu-aarch64-static -L "$root" -E LD_PRELOAD="$OBJECT" "$@"; }
else
    libc=/usr/lib/x86_64-linux-musl/libc.so
    musl_cc() { musl-gcc "$@"; }
fi

wanted=$(nm -D "$OBJECT" | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort)
has "$wanted" malloc 'the object uses the C library'
is "$(comm -23 <(echo "$wanted") <(nm -D --defined-only "$libc" | awk '{ print $3 }' | sort))" '' \
    'musl has each symbol that it cannot do without'
is "$(readelf -d "$OBJECT" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" libc.so.6 'and the one library that it needs'

cat >"$TEST_DIR/hello.c" <<'END'
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static void *thread(void *arg)
{
    return arg;
}
int main(void)
{
    pthread_t t;
    struct addrinfo *found = NULL, hints = {.ai_flags = AI_NUMERICHOST};
    void *self = dlopen(NULL, RTLD_NOW), *none = dlopen("libnosuch.so", RTLD_NOW);
    printf("%d %d %d\n", self != NULL, none != NULL, dlerror() != NULL);
    printf("%d %d\n", dlsym(self, "main") != NULL || 1, dlsym(RTLD_DEFAULT, "strlen") != NULL);
    printf("%d\n", dlsym(RTLD_DEFAULT, "PQconnectdb") != NULL);
    printf("%d\n", getaddrinfo("127.0.0.1", "80", &hints, &found));
    freeaddrinfo(found);
    printf("%d\n", pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL));
    errno = 42;
    printf("%d\n", errno);
    return 7;
}
END
musl_cc -rdynamic -o "$TEST_DIR/hello" "$TEST_DIR/hello.c"
run bare "$TEST_DIR/hello"
bare_says="$RC $OUT $ERR"
like "$bare_says" '^7 1 0 1' 'bare: a program of musl'
for now in 0 1; do
    LD_BIND_NOW=$now run sealed "$TEST_DIR/hello"
    is "$RC $OUT $ERR" "$bare_says" "the same under the object, LD_BIND_NOW=$now"
done
musl_cc -static -o "$TEST_DIR/hello-static" "$TEST_DIR/hello.c" 2>/dev/null
run bare "$TEST_DIR/hello-static"
bare_says="$RC $OUT $ERR"
run sealed "$TEST_DIR/hello-static"
is "$RC $OUT $ERR" "$bare_says" 'a static one is as it was'
has "$(file -L "$TEST_DIR/hello" 2>/dev/null || readelf -l "$TEST_DIR/hello")" ld-musl 'it is a program of musl'

source=$TEST_TOP/tests/matrix/fakepq.c
mkdir "$TEST_DIR/fake"
musl_cc -std=gnu17 -O1 -g -fPIC -shared -Wl,-soname,libpq.so.5 -o "$TEST_DIR/fake/libpq.so.5" "$source"
musl_cc -std=gnu17 -O1 -g -DPROGRAM -o "$TEST_DIR/fake/program" "$source" "$TEST_DIR/fake/libpq.so.5" -Wl,-rpath,"$TEST_DIR/fake"
policy <<<"sslrootcert = $PKI/root.pem"

run bare "$TEST_DIR/fake/program"
is "$(grep -c disable <<<"$OUT")" 4 'bare: four entry points with sslmode=disable'
has "$OUT" 'PQping 0' 'bare: a ping'

forget_events
run sealed "$TEST_DIR/fake/program"
is "$RC" 0 'sealed: the program ends as it did'
for entry in PQconnectdb PQconnectStart PQconnectdbParams PQconnectStartParams PQsetdbLogin; do
    # The fake one has no TLS: the witness sees that too.
    has "$OUT" "$entry 1 verify-full root.pem pgseal: refused: violation: the session does not use TLS" \
        "$entry: what reaches libpq is sealed, and the outcome is held against it"
done
like "$OUT" $'PQping 0\nPQpingParams 0' 'the pings too'
is "$(verdicts)" 'downgrade/sealed downgrade/sealed downgrade/sealed downgrade/sealed seal/sealed downgrade/sealed downgrade/sealed' \
    'one verdict each'
is "$(events 'select(.event == "process") | .libpq_copies[0].path' | head -n 1 | tr -d '"')" "$TEST_DIR/fake/libpq.so.5" 'the process line names that libpq'

forget_events
policy <<<'unlisted_hosts = refuse'
run sealed "$TEST_DIR/fake/program"
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs)" '7 refuse/refused' 'refused at each entry point'
is "$(grep -c 'pgseal: refused: ' <<<"$OUT")" 5 'in the error message of each'
has "$OUT" $'PQping 3\nPQpingParams 3' 'a ping was not attempted'
is "$RC" 0 'and the program lives'

# An option that pgseal does not know (srvhost, whose default is none).
policy <<<"sslrootcert = $PKI/root.pem"
run bare "$TEST_DIR/fake/program" elsewhere
is "$(grep -c disable <<<"$OUT")" 4 'bare: srvhost is taken'
forget_events
run sealed "$TEST_DIR/fake/program" elsewhere
is "$RC $(verdicts | tr ' ' '\n' | sort | uniq -c | xargs)" '0 6 refuse/refused 1 seal/sealed' 'srvhost set in strings and arrays: refused'
has "$(reason refuse)" "srvhost: this program's libpq (version 15.18)" 'with its name and version'
forget_events
run sealed "$TEST_DIR/fake/program" none
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs)" '6 downgrade/sealed 1 seal/sealed' 'its default is let through'
forget_events
PGSRVHOST=elsewhere run sealed "$TEST_DIR/fake/program"
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs)" '7 refuse/refused' 'set in the environment: refused'
policy <<<'mode = audit'
forget_events
PGSRVHOST=elsewhere run sealed "$TEST_DIR/fake/program" elsewhere
is "$(verdicts | tr ' ' '\n' | sort -u | xargs) $(grep -c disable <<<"$OUT")" 'refuse/would-refuse 4' 'audit: would-refuse, and as bare'
done_testing
