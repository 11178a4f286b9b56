#!/bin/bash
# object.t: the built object, seen from outside: what it exports, and what it needs from the C library.
. "$(dirname "$0")/../lib/env.sh"

readelf_of() { readelf -W "$@" "$OBJECT"; }

exports=$(readelf_of --dyn-syms | awk '$7 != "UND" && $5 != "LOCAL" && $8 != "" && $1 ~ /:$/ && $1 != "Num:" { print $8 }' |
    sed 's/@.*//' | sort)
table=$(sed -n 's/^HOOK(\([A-Za-z0-9_]*\),.*/\1/p' "$TEST_TOP/shim/hooks.def" | sort)
is "$exports" "$table" 'it exports exactly the table of hooks'
isnt "$table" '' 'the table of hooks is not empty'

needed=$(readelf_of -d | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
is "$(grep -vxE 'libc\.so\.6|libdl\.so\.2' <<<"$needed" || true)" '' 'it needs the C library only'
has "$needed" libc.so.6 'it says that it needs the C library'

versions=$(readelf_of -V | grep -oE 'GLIBC_[0-9.]+' | sort -uV)
isnt "$versions" '' 'its symbols carry versions'
is "$(printf '%s\n%s\n' "$versions" GLIBC_2.17 | sort -V | tail -n 1)" GLIBC_2.17 'none is newer than GLIBC_2.17'

wanted=$(readelf_of --dyn-syms | awk '$7 == "UND" && $5 == "GLOBAL" { print $8 }' | sed 's/@.*//' | sort -u)
weak=$(readelf_of --dyn-syms | awk '$7 == "UND" && $5 == "WEAK" { print $8 }' | sed 's/@.*//' | sort -u)
is "$(grep -E '_chk$' <<<"$wanted" | grep -v '^__stack_chk_fail$' || true)" '' 'no fortified symbol'
is "$(grep -E 'pthread_(mutex|rwlock|cond|once)' <<<"$wanted" || true)" '' 'no lock'
is "$(grep -xE 'exit|_exit|abort|__assert_fail|printf|fprintf|puts|kill|raise|setenv|putenv' <<<"$wanted" || true)" '' \
    'nothing that could end, signal or change the process'
musl=$(nm -D --defined-only /lib/ld-musl-x86_64.so.1 2>/dev/null || nm -D --defined-only /usr/lib/x86_64-linux-musl/libc.so)
musl=$(awk '{ print $3 }' <<<"$musl" | sed 's/@.*//' | sort -u)
isnt "$musl" '' 'musl is here'
is "$(comm -23 <(echo "$wanted") <(echo "$musl"))" '' 'musl has each symbol that it cannot do without'
diag "weak: $(tr '\n' ' ' <<<"$weak")"

segments=$(readelf_of -l)
has "$segments" GNU_RELRO 'relocations become read-only'
like "$(readelf_of -d)" 'BIND_NOW|FLAGS.*NOW' 'bound at load'
like "$(grep GNU_STACK <<<"$segments")" 'RW +0x' 'no executable stack'
is "$(grep -E 'LOAD' <<<"$segments" | grep -c 'RWE' || true)" 0 'nothing is both writable and executable'
like "$(readelf_of -d)" 'FLAGS_1.*NODELETE' 'never unloaded'
is "$(readelf_of -d | grep -cE 'TEXTREL|RPATH|RUNPATH' || true)" 0 'no text relocations, no search path'
if [[ $(uname -m) == x86_64 ]]; then
    # The note itself is lost where the C library's crti.o has none; what matters is that every entry is a landing pad.
    is "$(objdump -d --no-show-raw-insn "$OBJECT" | grep -A1 -E '^[0-9a-f]+ <(PQ|dl|getaddrinfo)' | grep -cE '^ .*endbr64')" \
        "$(grep -c '^HOOK' "$TEST_TOP/shim/hooks.def")" 'control flow protection: each export begins with a landing pad'
fi

# The object in a program of musl, and in one of glibc that never connects.
printf 'int puts(const char *); int main(void) { puts("alive"); return 7; }\n' >"$TEST_DIR/alive.c"
musl-gcc -o "$TEST_DIR/alive-musl" "$TEST_DIR/alive.c"
gcc -o "$TEST_DIR/alive" "$TEST_DIR/alive.c"
for program in alive alive-musl; do
    run sealed "$TEST_DIR/$program"
    is "$OUT|$ERR|$RC" 'alive||7' "$program lives under it, undisturbed"
    run sealed env LD_BIND_NOW=1 "$TEST_DIR/$program"
    is "$OUT|$ERR|$RC" 'alive||7' "$program with LD_BIND_NOW"
done

# The auxiliary vector then has the headers of musl's dynamic linker.
printf '#include <dlfcn.h>\nint main(void) { return dlsym(dlopen("libc.so", RTLD_LAZY), "puts") != 0 ? 7 : 1; }\n' >"$TEST_DIR/asks.c"
musl-gcc -o "$TEST_DIR/asks-musl" "$TEST_DIR/asks.c"
run sealed env /lib/ld-musl-*.so.1 "$TEST_DIR/asks-musl"
is "$OUT|$ERR|$RC" '||7' "musl's dynamic linker as the command, and a dlsym"
done_testing
