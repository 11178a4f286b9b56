#!/bin/bash
# launcher_refuses.t: pgseal-run refuses every program that LD_PRELOAD does not reach and every object that would not
# load, each with its status and reason.
# shellcheck source=tests/lib/launcher.sh
. "$(dirname "$0")/../lib/launcher.sh"

# --- targets
r "$run" ./static
refused 125 static 'a static program'
r "$run" ./staticpie
refused 125 static 'a static PIE'
r "$run" ./muslstatic
refused 125 static 'a static musl program'
cp probe setuid && chmod u+s setuid
r "$run" ./setuid
refused 125 setuid 'a setuid program'
cp probe setgid && chmod g+s setgid
r "$run" ./setgid
refused 125 setgid 'a setgid program'
cp probe caps
python3 -c 'import os, struct; os.setxattr("caps", "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))'
r "$run" ./caps
refused 125 'file capabilities' 'a program with file capabilities'
cp probe bits32 && bytes bits32 4 01 && bytes bits32 18 03 00
r "$run" ./bits32
refused 125 'ELF class (32-bit)' 'a 32-bit program'
cp probe aarch64 && bytes aarch64 18 b7 00
r "$run" ./aarch64
refused 125 'another machine (ELF number 183)' 'a program for another machine'
cp probe bigendian && bytes bigendian 5 02 && bytes bigendian 18 00 16
r "$run" ./bigendian
refused 125 machine 'a big-endian program'
head -c 40 probe >cut.elf && chmod +x cut.elf
r "$run" ./cut.elf
refused 126 'Exec format error' 'a cut ELF file'
cp probe hostile && bytes hostile 32 ff ff ff ff ff ff ff 7f
r "$run" ./hostile
refused 126 'Exec format error' 'an ELF file whose table of headers is nowhere'
gcc -Wl,--dynamic-linker=/not/there/ld.so -o nointerp probe.c
r "$run" ./nointerp
refused 127 /not/there/ld.so 'a program whose loader is not there'
r "$run" ./not-there
refused 127 not-there 'a missing program'
r "$run" not-there-in-path
refused 127 not-there-in-path 'a missing program, along PATH'
r "$run" ''
refused 127 'No such file' 'an empty command'
cp probe plain && chmod 644 plain
r "$run" ./plain
refused 126 plain 'a file that is not executable'
r "$run" ./etc
refused 126 etc 'a directory'
mkfifo fifo && chmod 755 fifo
r "$run" ./fifo
refused 126 fifo 'a FIFO'
cp probe secret && chmod 711 secret
r setpriv --reuid=65534 --regid=65534 --clear-groups "$run" ./secret
refused 125 'not readable' 'a program that may be executed but not read'
r setpriv --ruid=65534 "$run" ./probe
refused 125 'secure-execution' 'a caller whose real and effective user differ'

mkdir p1 p2 p3 && mkdir p1/tool && cp plain p2/tool && cp probe p3/tool
r env PATH="$dir/p1:$dir/p2:$dir/p3" "$run" tool args
printed '[tool][args]' 'PATH: goes on over a directory and a file that is not executable'
r env PATH="$dir/p1:$dir/p2" "$run" tool
refused 126 tool 'PATH: found, and not executable'
r env -C p3 PATH=":$dir/p1" "$run" tool
printed hello 'PATH: an empty element is the working directory'
r env -u PATH "$run" true
printed '' 'without PATH, /bin and /usr/bin'

# --- scripts
script() { # NAME LINE
    printf '%s\n' "$2" >"$1"
    chmod 755 "$1"
}
script good "#!$dir/probe args"
r "$run" ./good x
printed "[$dir/probe][args][./good][x]" 'a script'
script tostatic "#!$dir/static"
r "$run" ./tostatic
refused 125 static 'a script for a static program'
has "$err" "./tostatic -> $dir/static" 'a script for a static program: names the chain'
script tosetuid "#! $dir/tosetuid2 -x"
script tosetuid2 "#!$dir/setuid"
r "$run" ./tosetuid
refused 125 setuid 'a chain of scripts that ends in a setuid program'
has "$err" "./tosetuid -> $dir/tosetuid2 -> $dir/setuid" 'a chain of scripts: named whole'
script tocaps "#!$dir/caps"
r "$run" ./tocaps
refused 125 'file capabilities' 'a script for a program with file capabilities'
script to32 "#!$dir/bits32"
r "$run" ./to32
refused 125 'ELF class' 'a script for a 32-bit program'
script toarm "#!$dir/aarch64"
r "$run" ./toarm
refused 125 machine 'a script for another machine'
script viaenv '#!/usr/bin/env staticprog'
mkdir p4 && cp static p4/staticprog
r env PATH="$dir/p4:$PATH" "$run" ./viaenv
refused 125 static 'a script for a static program through env'
script viaenvs '#!/usr/bin/env -S staticprog -u'
r env PATH="$dir/p4:$PATH" "$run" ./viaenvs
refused 125 static 'the same through env -S'
r "$run" ./viaenv
is "$status" 127 'env itself reports a program that it does not find'
script nointerpreter '#!/not/there'
r "$run" ./nointerpreter
refused 127 /not/there 'a script whose interpreter is missing'
script plaininterpreter "#!$dir/plain"
r "$run" ./plaininterpreter
refused 126 plain 'a script whose interpreter is not executable'
script d0 "#!$dir/probe"
for i in 1 2 3 4 5; do script "d$i" "#!$dir/d$((i - 1))"; done
r "$run" ./d4
is "$status/$out" 0/hello 'five interpreters: as deep as the kernel goes'
r ./d5
bare=$status
r "$run" ./d5
refused 126 'symbolic links' 'six interpreters'
is "$bare" 126 'six interpreters: the kernel refuses them too'
# shellcheck disable=SC2016
printf 'echo "shell $0 $1"\n' >noshebang && chmod 755 noshebang
r "$run" ./noshebang x
printed 'shell ./noshebang x' 'a script without #!: by the shell, as execvp(3)'
# The kernel may have a handler (binfmt_misc) for what only looks like one.
printf 'MAGIC\0\nexit 9\n' >binary && chmod 755 binary
r env ./binary
is "$status" 9 'a binary file of another kind: bare, the shell reads it'
r "$run" ./binary
refused 125 'neither an ELF program nor a script' 'a binary file of another kind'

# --- the length of a #! line: as the kernel, for an interpreter that ends at or near the end of its buffer
for length in 252 253 254 255; do
    for rest in '' ' ' $'\t' ' a'; do
        printf '#!%*s' "$length" "$dir/probe" | tr ' ' / >long
        sed -i "s#\$#$rest#" long
        printf '\nexit 9\n' >>long
        chmod 755 long
        r env ./long
        bare=$status/${out:+out}
        r "$run" ./long
        is "$status/${out:+out}" "$bare" "a #! line with an interpreter of $length bytes and '$rest': as bare"
    done
done

# --- objects
r "$run" --lib ./none.so ./probe
refused 125 missing 'a missing object'
mkdir lone && cp "$run" lone/
if [[ ! -e /usr/local/lib/libpgseal.so && ! -e /usr/lib/libpgseal.so ]]; then
    r lone/pgseal-run ./probe
    refused 125 missing 'no object anywhere'
else
    r lone/pgseal-run ./probe hello
    is "$status" 0 'the installed object'
fi
cp "$lib" unreadable.so && chmod 600 unreadable.so
r setpriv --reuid=65534 --regid=65534 --clear-groups "$run" --lib ./unreadable.so ./probe
refused 125 unreadable 'an unreadable object'
echo text >text.so
r "$run" --lib ./text.so ./probe
refused 125 'not pgseal' 'a text file as object'
: >empty.so
r "$run" --lib ./empty.so ./probe
refused 125 'not pgseal' 'an empty object'
r "$run" --lib "$dir/bin" ./probe
refused 125 'not pgseal' 'a directory as object'
libc=$(ldd ./probe | sed -n 's/.*libc.so.6 => \([^ ]*\).*/\1/p')
r "$run" --lib "$libc" ./probe
refused 125 'not pgseal' 'another library as object'
head -c 3000 "$lib" >cut.so
r "$run" --lib ./cut.so ./probe
is "$status" 125 'a cut object'
note 0.0.1 >old.c && gcc -shared -fPIC -nostdlib -o old.so old.c
r "$run" --lib ./old.so ./probe
refused 125 'another version (0.0.1)' 'an object of another version'
cp "$lib" patched.so
offset=$(python3 - <<'END'
data = open("patched.so", "rb").read()
at = data.index(b"\x01\x00\x00\x00pgseal\x00\x00")
print(at + 12)
END
)
bytes patched.so "$offset" 39
r "$run" --lib ./patched.so ./probe
refused 125 'another version (9' 'the object itself with another version in its note'
cp "$lib" arm.so && bytes arm.so 18 b7 00
r "$run" --lib ./arm.so ./probe
refused 125 machine 'an object for another machine'
cp "$lib" bits32.so && bytes bits32.so 4 01
r "$run" --lib ./bits32.so ./probe
refused 125 'ELF class' 'a 32-bit object'
for bad in 'a b' a:b $'a\tb' "\$LIB"; do
    mkdir "$bad"
    cp "$lib" "$bad/libpgseal.so"
    r "$run" --lib "$bad/libpgseal.so" ./probe
    refused 125 'LD_PRELOAD cannot contain' "an object under ${bad@Q}"
done
cp "$run" "$lib" a:b/
r a:b/pgseal-run ./probe
refused 125 colon 'an object beside the launcher, under a colon'

{ note "$version"; echo 'int gone(void); int use(void) { return gone(); }'; } >needs.c
echo 'int gone(void) { return 1; }' >gone.c
gcc -shared -fPIC -o libgone.so gone.c && gcc -shared -fPIC -o needs.so needs.c -L. -lgone && rm libgone.so
r "$run" --lib ./needs.so ./probe
refused 125 libgone.so 'an object that needs a library that is not there'
r "$run" --lib ./needs.so ./musl
is "$status" 125 'the same in a musl program'
{ note "$version"; echo '#include <stdio.h>'; echo 'int use(void) { return puts("x"); }'; } >newer.c
gcc -shared -fPIC -o newer.so newer.c
python3 - <<'END'
import struct
def elf_hash(name):
    h = 0
    for c in name.encode():
        h = (h << 4) + c
        g = h & 0xF0000000
        h = (h ^ (g >> 24)) & ~g & 0xFFFFFFFF
    return struct.pack("<I", h)
data = open("newer.so", "rb").read()
import re
old = re.search(rb"\0(GLIBC_2\.[0-9.]+)\0", data).group(1).decode()
new = "GLIBC_9" + old[7:]
data = data.replace(old.encode() + b"\0", new.encode() + b"\0").replace(elf_hash(old), elf_hash(new))
open("newer.so", "wb").write(data)
END
r "$run" --lib ./newer.so ./probe
refused 125 'GLIBC_9' 'an object that needs a newer glibc'
{ note "$version"; echo '#include <gnu/libc-version.h>'; echo 'const char *use(void) { return gnu_get_libc_version(); }'; } >gnu.c
gcc -shared -fPIC -o gnu.so gnu.c
r "$run" --lib ./gnu.so ./probe
is "$status/$out" 0/hello 'an object that loads in glibc only: fine in a glibc program'
r "$run" --lib ./gnu.so ./musl
refused 125 gnu_get_libc_version 'an object that loads in glibc only: not in a musl program'
gcc -Wl,--dynamic-linker="$dir/odd" -o oddloader probe.c
printf '#!/bin/sh\necho odd\n' >odd && chmod 755 odd
r "$run" ./oddloader
refused 125 'is not loaded into' 'a program whose loader does not respond as one'
printf '#!/bin/sh\nexit 0\n' >odd
r "$run" ./oddloader
refused 125 'does not list it' 'a program whose loader says nothing'
# One that never answers takes its time: the end of this script looks at it.
gcc -Wl,--dynamic-linker="$dir/silent" -o silentloader probe.c
printf '#!/bin/sh\necho $$ >%s/silent.pid\nexec sleep 600\n' "$dir" >silent && chmod 755 silent
{
    "$run" ./silentloader >silent.out 2>silent.err </dev/null
    echo "$?" >silent.status
} &
silent=$!

# --- a loader that never answers
wait "$silent"
status=$(<silent.status) err=$(<silent.err) out=$(<silent.out)
refused 125 "its loader $dir/silent does not respond" 'a program whose loader never answers'
nok 'it is not left running' test -d "/proc/$(<silent.pid)"

done_testing
