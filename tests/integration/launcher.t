#!/bin/bash
# launcher.t: pgseal-run refuses whatever LD_PRELOAD does not reach, every object that would not load and every policy that
# the shim would refuse, each with its status and its word; proves the rest, and becomes the program without a trace.
# Runs as root in a mount namespace with an /etc of its own. PGSEAL_BUILD: another build directory.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
if [[ $EUID != 0 ]]; then
    echo 'Bail out! launcher.t runs as root (it makes setuid files, namespaces and a chroot)'
    exit 1
fi
if [[ ${LAUNCHER_NAMESPACE:-} != "$$" ]]; then
    # unshare(1) and the script that it runs keep this process number.
    LAUNCHER_NAMESPACE=$$ exec unshare -m --propagation private -- "$BASH" "$0" "$@"
fi
unset LAUNCHER_NAMESPACE
build=${PGSEAL_BUILD:-$top/build}
for name in $(compgen -e | grep -E '^(PG|LD_|SSL_CERT_|NODE_EXTRA)'); do
    unset "$name"
done
export LC_ALL=C
umask 022

dir=$(mktemp -d /tmp/pgseal-launcher.XXXXXX)
trap 'cd /; umount -l "$dir/jail" "$dir/etc" /etc 2>/dev/null; rm -rf --one-file-system "$dir"' EXIT
chmod 0755 "$dir"
mkdir "$dir/bin" "$dir/etc" "$dir/jail" "$dir/new"
mount -t tmpfs -o mode=755 tmpfs "$dir/etc"
cp -a /etc/. "$dir/etc/"
rm -rf "$dir/etc/pgseal" "$dir/etc/ld.so.preload"
mount --bind "$dir/etc" /etc
mkdir /etc/pgseal
cp "$build/pgseal-run" "$build/libpgseal.so" "$dir/bin/"
chmod 0755 "$dir/bin"/*
cd "$dir" || exit 1
lib=$dir/bin/libpgseal.so
run=$dir/bin/pgseal-run

# r COMMAND…: runs it; out, err and status are what came of it.
r() {
    "$@" >"$dir/out" 2>"$dir/err" </dev/null
    status=$?
    out=$(<"$dir/out")
    err=$(<"$dir/err")
}
# refused STATUS WORD NAME: what r ran was refused with this status and one line that holds the word; the program did not run.
refused() {
    is "$status" "$1" "$3: status $1"
    has "$err" "$2" "$3: says $2"
    like "$err" '^pgseal-run: [^'$'\n'']*$' "$3: one line of pgseal-run's"
    is "$out" '' "$3: the program did not run"
}
# fine WANT NAME: it ran, printed this, and nothing else was written.
fine() {
    is "$status" 0 "$2: status 0"
    is "$out" "$1" "$2: output"
    is "$err" '' "$2: nothing on stderr"
}

cat >probe.c <<'END'
/* probe WHAT: tells one thing about the process it became. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile sig_atomic_t got;
static void on_term(int n) { got = n; }
int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "hello";
    if (strcmp(what, "preload") == 0) {
        const char *v = getenv("LD_PRELOAD");
        puts(v ? v : "(none)");
    } else if (strcmp(what, "get") == 0) {
        const char *v = getenv(argv[2]);
        puts(v ? v : "(none)");
    } else if (strcmp(what, "pid") == 0) {
        printf("%d\n", (int)getpid());
    } else if (strcmp(what, "maps") == 0) {
        char line[4096];
        FILE *f = fopen("/proc/self/maps", "r");
        int n = 0;
        while (f && fgets(line, sizeof line, f)) n += strstr(line, argv[2]) != NULL;
        puts(n > 0 ? "mapped" : "not mapped");
    } else if (strcmp(what, "args") == 0) {
        for (int i = 0; i < argc; i++) printf("[%s]", argv[i]);
        puts("");
    } else if (strcmp(what, "exit") == 0) {
        return atoi(argv[2]);
    } else if (strcmp(what, "kill") == 0) {
        raise(atoi(argv[2]));
    } else if (strcmp(what, "signals") == 0) {
        sigset_t mask;
        sigprocmask(SIG_BLOCK, NULL, &mask);
        for (int n = 1; n < 65; n++) {
            struct sigaction a;
            if (sigaction(n, NULL, &a) == 0 && a.sa_handler == SIG_IGN) printf("ignored %d ", n);
            if (sigismember(&mask, n) == 1) printf("blocked %d ", n);
        }
        puts("");
    } else if (strcmp(what, "fds") == 0) {
        for (int n = 0; n < 64; n++)
            if (n != 1 && fcntl(n, F_GETFD) >= 0) printf("%d ", n);
        puts("");
    } else if (strcmp(what, "children") == 0) {
        puts(wait(NULL) < 0 && errno == ECHILD ? "none" : "some");
    } else if (strcmp(what, "append") == 0) {
        FILE *f = fopen(argv[2], "a");
        if (!f) return 1;
        fputs("ran\n", f);
    } else if (strcmp(what, "wait") == 0) {
        signal(SIGTERM, on_term);
        FILE *f = fopen(argv[2], "w");
        if (!f) return 1;
        fprintf(f, "%d\n", (int)getpid());
        fclose(f);
        for (int i = 0; i < 1000 && !got; i++) usleep(10000);
        return got ? 43 : 44;
    } else {
        puts("hello");
    }
    return 0;
}
END
gcc -o probe probe.c || echo 'Bail out! no probe'
gcc -static -o static probe.c
gcc -static-pie -o staticpie probe.c
musl-gcc -o musl probe.c
musl-gcc -static -o muslstatic probe.c

# Objects with pgseal's own note that are something else.
note() { # VERSION: C source of the note
    printf '__attribute__((section(".note.pgseal"), used, aligned(4))) static const struct {\n'
    printf '    unsigned n, d, t; char name[8]; char text[%d]; } pgseal_note = {7, %d, 1, "pgseal", "%s"};\n' \
        $((${#1} + 1)) $((${#1} + 1)) "$1"
}
version=$("$run" --version)
version=${version#pgseal-run }
bytes() { # FILE OFFSET BYTES…: writes them over
    local file=$1 offset=$2
    shift 2
    printf '%b' "$(printf '\\x%s' "$@")" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# --- usage
r "$run"
refused 125 'no COMMAND' 'no command'
r "$run" --nonsense ./probe
is "$status" 125 'unknown option: status 125'
like "$err" "^pgseal-run: .*--nonsense" 'unknown option: named'
r "$run" --root '' ./probe
refused 125 'empty' 'an option with an empty value'
r "$run" --help
is "$status" 0 '--help: status 0'
has "$out" '--drivers' '--help: on stdout'
r "$run" --version
fine "pgseal-run $version" '--version'
r "$run" ./probe args --policy -- x
fine '[./probe][args][--policy][--][x]' "options behind COMMAND are its own"
r "$run" -- ./probe args
fine '[./probe][args]' '-- before COMMAND'

# --- all is well
r "$run" ./probe maps "$lib"
fine mapped 'a dynamic program has the object in it'
r "$run" ./musl maps "$lib"
fine mapped 'a musl program has the object in it'
r "$run" --lib bin/libpgseal.so ./probe preload
fine "$lib" '--lib: made absolute'
mkdir -p pre/bin pre/lib && cp "$run" pre/bin/ && cp "$lib" pre/lib/
r pre/bin/pgseal-run ./probe preload
fine "$dir/pre/lib/libpgseal.so" 'the installed object, beside the bin directory'
r "$run" ./probe append "$dir/once"
r "$run" ./musl append "$dir/once"
is "$(<"$dir/once")" $'ran\nran' 'the proof runs nothing of the program'

printf 'unlisted_hosts = refuse\nlog = none\n' >refuse.conf
r "$run" --policy refuse.conf psql 'host=127.0.0.1 port=1 sslmode=disable dbname=x user=x'
is "$status" 2 'psql under a policy that refuses all hosts: its own status for no connection'
has "$err" 'pgseal: refused: ' 'psql under a policy that refuses all hosts: refused by the object'

mkdir -p app/bin app/lib
echo 'int answer(void); int answer(void) { return 42; }' >answer.c
echo 'int answer(void); int main(void) { return answer(); }' >ask.c
gcc -shared -fPIC -o app/lib/libanswer.so answer.c
gcc -o app/bin/ask ask.c -Lapp/lib -lanswer -Wl,-rpath,"\$ORIGIN/../lib"
ln -s app/bin/ask ask
r "$run" ./ask
is "$status/$err" 42/ "a link to a program that finds its libraries by \$ORIGIN"

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
refused 125 'not read' 'a program that may be executed but not read'
r setpriv --ruid=65534 "$run" ./probe
refused 125 'secure-execution' 'a caller whose real and effective user differ'

mkdir p1 p2 p3 && mkdir p1/tool && cp plain p2/tool && cp probe p3/tool
r env PATH="$dir/p1:$dir/p2:$dir/p3" "$run" tool args
fine '[tool][args]' 'PATH: goes on over a directory and a file that is not executable'
r env PATH="$dir/p1:$dir/p2" "$run" tool
refused 126 tool 'PATH: found, and not executable'
r env -C p3 PATH=":$dir/p1" "$run" tool
fine hello 'PATH: an empty element is the working directory'
r env -u PATH "$run" true
fine '' 'without PATH, /bin and /usr/bin'

# --- scripts
script() { # NAME LINE
    printf '%s\n' "$2" >"$1"
    chmod 755 "$1"
}
script good "#!$dir/probe args"
r "$run" ./good x
fine "[$dir/probe][args][./good][x]" 'a script'
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
fine 'shell ./noshebang x' 'a script without #!: by the shell, as execvp(3)'

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
    refused 125 'cannot stand in LD_PRELOAD' "an object under ${bad@Q}"
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
refused 125 'does not come up' 'a program whose loader does not answer as one'
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

# --- paths
long=$(printf '%2100s' '' | sed 's, ,a/,g')
for option in --lib --root --policy; do
    r "$run" "$option" "${long}x" ./probe
    refused 125 'the path is too long' "$option: a path that is too long"
    # shellcheck disable=SC2016
    r bash -c 'mkdir gone && cd gone && rmdir ../gone && exec "$@"' - "$run" "$option" x "$dir/probe"
    refused 125 'no working directory' "$option: a relative path without a working directory"
done
# shellcheck disable=SC2016
r bash -c 'mkdir gone && cd gone && rmdir ../gone && exec "$@"' - "$run" --lib "$lib" "$dir/probe" preload
is "$status/$out" "0/$lib" 'an absolute path needs none'
r "$run" "$long"x
refused 126 'File name too long' 'a command whose path is too long'

# --- LD_PRELOAD
echo 'int nothing_of_ours;' >other.c && gcc -shared -fPIC -o other.so other.c
echo 'int PQconnectdb(void); int PQconnectdb(void) { return 0; }' >pq.c && gcc -shared -fPIC -o pq.so pq.c
r "$run" ./probe preload
fine "$lib" 'LD_PRELOAD: set'
r env LD_PRELOAD="$dir/other.so" "$run" ./probe preload
fine "$lib:$dir/other.so" 'LD_PRELOAD: in front, the rest kept'
r env LD_PRELOAD= "$run" ./probe preload
fine "$lib" 'LD_PRELOAD: an empty one'
r "$run" "$run" --lib "$lib" true
is "$status" 125 'the launcher is static itself'
r env LD_PRELOAD="$lib" "$run" ./probe preload
fine "$lib" 'LD_PRELOAD: there already, not twice'
r env LD_PRELOAD="$lib $dir/other.so" "$run" ./probe preload
fine "$lib $dir/other.so" 'LD_PRELOAD: there already, first'
ln -s bin/libpgseal.so link.so
r env LD_PRELOAD="$dir/link.so" "$run" ./probe preload
is "$status/$err" 0/ 'LD_PRELOAD: there already under another name'
is "$out" "$dir/link.so" 'LD_PRELOAD: there already under another name, not twice'
r env LD_PRELOAD="$dir/other.so:$lib" "$run" ./probe preload
is "$status/$out" "0/$dir/other.so:$lib" 'a preload before ours: kept'
is "$err" "pgseal-run: warning: LD_PRELOAD: $dir/other.so stands before $lib" 'a preload before ours: a warning'
r env LD_PRELOAD="$dir/pq.so" "$run" ./probe preload
is "$status/$out" "0/$lib:$dir/pq.so" 'a preload with a PQ symbol: kept'
is "$err" "pgseal-run: warning: $dir/pq.so is preloaded too and defines PQconnectdb" 'a preload with a PQ symbol: a warning'
r env LD_LIBRARY_PATH="$dir" LD_PRELOAD=pq.so "$run" ./probe
is "$err" 'pgseal-run: warning: pq.so is preloaded too and defines PQconnectdb' 'the same by a bare name'
echo "$dir/pq.so" >/etc/ld.so.preload
r "$run" ./probe
rm /etc/ld.so.preload
has "$err" "warning: $dir/pq.so is preloaded too" 'the same in /etc/ld.so.preload'

# --- settings
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out root.pem -days 30 -subj /CN=launcher 2>/dev/null
r env PGSEAL_MODE=of "$run" ./probe
refused 125 'environment: PGSEAL_MODE: unknown value "of"' 'a wrong variable, in the words of the shim'
r "$run" --log nowhere ./probe
refused 125 'PGSEAL_LOG' 'a wrong sink'
r "$run" --root root.pem ./probe get PGSEAL_SSLROOTCERT
fine "$dir/root.pem" '--root'
r "$run" --root program ./probe get PGSEAL_SSLROOTCERT
fine program '--root program'
r "$run" --audit --log none ./probe get PGSEAL_MODE
fine audit '--audit'
r "$run" --audit --log none ./probe get PGSEAL_LOG
fine none '--log'
r "$run" --root gone.pem ./probe
refused 125 gone.pem 'a missing root'
r "$run" --root key.pem ./probe
refused 125 CERTIFICATE 'a root file with a key in it'
cp root.pem writable.pem && chmod 666 writable.pem
r "$run" --root writable.pem ./probe
refused 125 writable 'a root file that others may write'
r "$run" --audit --root gone.pem ./probe
is "$status/$out" 0/hello 'a missing root in audit mode: runs'
has "$err" 'warning: ' 'a missing root in audit mode: a warning'
r env PGSEAL_SSLCRL="$dir/gone.crl" "$run" --root root.pem ./probe
refused 125 gone.crl 'a missing CRL'
r env PGSEAL_SSLCRL="$dir/root.pem" "$run" --root root.pem ./probe
refused 125 CRL 'a CRL file with a certificate in it'
printf 'sslrootcert = %s\n' "$dir/root.pem" >policy.conf
r "$run" --policy policy.conf ./probe get PGSEAL_POLICY
fine "$dir/policy.conf" '--policy: made absolute'
r env PGSEAL_MODE=of "$run" --policy policy.conf ./probe
fine hello 'under a policy file no variable counts'
r "$run" --policy gone.conf ./probe
refused 125 gone.conf 'a missing policy'
r env PGSEAL_POLICY="$dir/gone.conf" "$run" ./probe
refused 125 gone.conf 'a missing policy in PGSEAL_POLICY'
printf 'mode = enforce\nnonsense = 1\n' >bad.conf
r "$run" --policy bad.conf ./probe
refused 125 "$dir/bad.conf:2: " 'a policy with an unknown key: file and line'
printf 'sslrootcert = %s\n[host a.example]\nsslrootcert = %s/gone.pem\n' "$dir/root.pem" "$dir" >section.conf
r "$run" --policy section.conf ./probe
refused 125 "$dir/section.conf:3: sslrootcert: $dir/gone.pem" "a section's missing root: file and line"
cp policy.conf loose.conf && chmod 666 loose.conf
r "$run" --policy loose.conf ./probe
refused 125 writable 'a policy that others may write'
cp policy.conf foreign.conf && chown 65533 foreign.conf
r "$run" --policy foreign.conf ./probe
refused 125 owned "a stranger's policy"
r "$run" --policy policy.conf --root root.pem ./probe
refused 125 -- '--policy together with --root'
r env PGSEAL_POLICY="$dir/policy.conf" "$run" --audit ./probe
refused 125 PGSEAL_POLICY '--audit beside PGSEAL_POLICY'
cp policy.conf /etc/pgseal/policy.conf
for option in "--policy=$dir/policy.conf" --root=root.pem --audit --log=none; do
    r "$run" "$option" ./probe
    refused 125 /etc/pgseal/policy.conf "${option%%=*} where the installed policy is in force"
done
r env PGSEAL_MODE=of PGSEAL_POLICY=/gone "$run" ./probe
fine hello 'the installed policy alone counts'
printf 'nonsense\n' >/etc/pgseal/policy.conf
r "$run" ./probe
refused 125 /etc/pgseal/policy.conf:1: 'a fault in the installed policy'
rm -r /etc/pgseal && ln -s pgseal /etc/pgseal
r "$run" ./probe
refused 125 /etc/pgseal/policy.conf 'an installed policy that cannot be opened'
rm /etc/pgseal

# --- drivers
r "$run" --drivers --root root.pem ./probe get PGSSLMODE
fine verify-full '--drivers: PGSSLMODE'
r "$run" --drivers --root root.pem ./probe get PGSSLROOTCERT
fine "$dir/root.pem" '--drivers: PGSSLROOTCERT'
r "$run" --drivers --root root.pem ./probe get NODE_EXTRA_CA_CERTS
fine "$dir/root.pem" '--drivers: NODE_EXTRA_CA_CERTS'
r env PGSSLMODE=require "$run" --drivers --root root.pem ./probe get PGSSLMODE
fine require '--drivers: what is set stays'
r "$run" --root root.pem ./probe get PGSSLMODE
fine '(none)' 'without --drivers: nothing set'
r "$run" --drivers --audit --root root.pem ./probe
refused 125 audit '--drivers in audit mode'
bundle=/etc/ssl/certs/ca-certificates.crt
mkdir -p /etc/ssl/certs && cp root.pem "$bundle"
r "$run" --drivers --root system ./probe get PGSSLROOTCERT
fine "$bundle" '--drivers --root system: the path of the bundle'
r "$run" --drivers --root program ./probe get PGSSLROOTCERT
fine '(none)' '--drivers --root program: no root'
rm "$bundle"
r "$run" --root system ./probe
refused 125 'no bundle' '--root system without a bundle'
r "$run" ./probe
is "$status/$out" 0/hello 'the default root without a bundle: runs'
has "$err" 'warning: ' 'the default root without a bundle: a warning'

# --- it has become the program
mapfile -t pids < <(bash -c 'echo $$; exec "$0" ./probe pid' "$run" 2>/dev/null)
is "${pids[1]:-}" "${pids[0]}" 'same process number'
r "$run" --root root.pem ./probe exit 42
is "$status" 42 "the program's exit status"
r "$run" --root root.pem ./probe kill 15
is "$status" 143 'the program dies of its signal'
r env -- python3 -c '
import os, signal, sys
for n in (1, 13, 17): signal.signal(n, signal.SIG_IGN)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [10, 15])
os.execv(sys.argv[1], sys.argv[1:])' "$run" --root root.pem ./probe signals
fine 'ignored 1 blocked 10 ignored 13 blocked 15 ignored 17 ' 'signals: ignored and blocked ones stay so'
r "$run" --root root.pem ./probe signals
fine '' 'signals: none changed'
# fds SETUP COMMAND…: what the probe finds open behind the command, where SETUP came first.
fds() {
    python3 -c 'import os, sys
os.closerange(3, 64)
exec(sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])' "$@"
}
r fds 'os.close(0); os.close(2)' "$run" --root root.pem ./probe fds
fine '' 'closed descriptors stay closed, none is left open'
r fds 'os.set_inheritable(os.dup2(0, 5), True)' "$run" --root root.pem ./probe fds
fine '0 2 5 ' 'open descriptors stay open, none is added'
r "$run" --root root.pem ./probe children
fine none 'no child is left behind'
r unshare -pf --kill-child "$run" --root root.pem ./probe pid
fine 1 'as PID 1'
unshare -pf --kill-child "$run" --root root.pem ./probe wait "$dir/ready" 2>/dev/null &
ns=$!
for ((i = 0; i < 500; i++)); do
    [[ -s $dir/ready ]] && break
    sleep 0.01
done
kill -TERM "$(pgrep -P "$ns")"
wait "$ns"
is "$?" 43 'as PID 1: SIGTERM reaches the program'

# --- no shell, no /proc, no user, nothing writable
jail=$dir/jail
mount -t tmpfs tmpfs "$jail"
cp "$run" "$lib" probe root.pem "$jail/"
ldd ./probe | grep -o '/[^ ]*' | while read -r file; do
    mkdir -p "$jail${file%/*}" && cp -L "$file" "$jail$file"
done
ldd "$lib" | grep -o '/[^ ]*' | while read -r file; do
    mkdir -p "$jail${file%/*}" && cp -L "$file" "$jail$file"
done
mount -o remount,ro "$jail"
r chroot "$jail" /pgseal-run --root /root.pem /probe preload
fine /libpgseal.so 'an empty chroot'
r chroot --userspec=65534:65534 "$jail" /pgseal-run --root /root.pem /probe
fine hello 'an empty chroot, without privileges'
r unshare -pf --kill-child chroot --userspec=65534:65534 "$jail" /pgseal-run --root /root.pem /probe pid
fine 1 'an empty chroot, without privileges, as PID 1'
r chroot "$jail" /pgseal-run --root /gone.pem /probe
refused 125 gone.pem 'an empty chroot: a missing root'
mount -o remount,rw "$jail" && rm "$jail/libpgseal.so" && mount -o remount,ro "$jail"
r chroot "$jail" /pgseal-run --root /root.pem /probe
if [[ ! -e $jail/usr/lib/libpgseal.so ]]; then
    refused 125 missing 'an empty chroot: a missing object'
fi

# --- a loader that never answers
wait "$silent"
status=$(<silent.status) err=$(<silent.err) out=$(<silent.out)
refused 125 "its loader $dir/silent does not answer" 'a program whose loader never answers'
nok 'it is not left running' test -d "/proc/$(<silent.pid)"

done_testing
