#!/bin/bash
# cli_scan.t: `pgseal scan`: real programs, each way to libpq and past it, hostile trees, running processes.
# shellcheck source=tests/lib/scan.sh
. "$(dirname "$0")/../lib/scan.sh"

# --- real programs ------------------------------------------------------------------------------------------------------
scan "$psql"
is "$status $(item /psql)" '0 program covered linked' 'psql is linked: covered, exit 0'
is "$(evidence /psql)" "$(ldd "$psql" | awk '/libpq\.so/ {print $3}' | xargs readlink -f)" 'and the libpq is the one that ldd names'
is "$(field .schema)" pgseal-scan/1 'the schema'
psycopg=$(/usr/bin/python3 -c 'import psycopg2._psycopg as m; print(m.__file__)')
scan "$(dirname "$psycopg")"
is "$status $(item "$psycopg")" '0 module covered by loader hooks linked' 'psycopg2 is a module: covered by loader hooks'
scan "$(readlink -f "$(ldd "$psql" | awk '/libpq\.so/ {print $3}')")"
is "$status $(field '.items[0] | .kind + " " + .verdict')" '0 libpq covered' 'libpq itself'
scan /bin/true /bin/bash
is "$status $(field '.items | length')" '0 0' 'programs without PostgreSQL are not listed'
scan "$object" "$pgseal"
is "$status $(item libpgseal.so)" '0 none' "pgseal's own object is no driver"
is "$(field '[.items[] | select(.verdict == "not covered")] | length')" 0 'nor does pgseal take itself for one'

# --- each way -----------------------------------------------------------------------------------------------------------
printf '#include <libpq-fe.h>\nPGconn *middle(void); PGconn *middle(void) { return PQconnectdb(""); }\n' >middle.c
gcc -I"$include" -shared -fPIC -Wl,-soname,libmiddle.so.1 -o tree/lib/libmiddle.so.1 middle.c -lpq
ln -s libmiddle.so.1 tree/lib/libmiddle.so
printf 'void *middle(void); int main(void) { return middle() == 0; }\n' >through.c
# shellcheck disable=SC2016
gcc -o tree/bin/through through.c -Ltree/lib -lmiddle -Wl,-rpath,'$ORIGIN/../lib'
printf '#include <dlfcn.h>\nint main(void) { return dlsym(dlopen("libpq.so.5", RTLD_NOW), "PQconnectdb") == 0; }\n' >opens.c
gcc -o tree/bin/opens opens.c
gcc -I"$include" -shared -fPIC -o tree/app/module.so middle.c -lpq
archive=$(gcc -print-file-name=libpq.a)
gcc -I"$include" -o tree/bin/inside direct.c "$archive" -Wl,--unresolved-symbols=ignore-all,-z,lazy
strip -s -o tree/bin/inside-stripped tree/bin/inside
gcc -I"$include" -static -o tree/bin/inside-static direct.c "$archive" -Wl,--unresolved-symbols=ignore-all 2>/dev/null
gcc -static -o tree/bin/plain-static through.c -Wl,--unresolved-symbols=ignore-all
cp "$psql" tree/bin/psql-setuid && chmod 4755 tree/bin/psql-setuid
cp "$psql" tree/bin/psql-setgid && chmod 2755 tree/bin/psql-setgid
cp "$psql" tree/bin/psql-caps && setcap cap_net_bind_service+ep tree/bin/psql-caps
# A wheel's private copy: another soname, in a directory of its own.
mkdir -p tree/app/pkg tree/app/pkg.libs
cat >private.c <<'END'
void *PQconnectdb(const char *s); void *PQconnectdb(const char *s) { (void)s; return 0; }
void *PQconnectStartParams(void); void *PQconnectStartParams(void) { return 0; }
void *PQexec(void); void *PQexec(void) { return 0; }
END
gcc -shared -fPIC -Wl,-soname,libpq-9b38f5e3.so.5.17 -o tree/app/pkg.libs/libpq-9b38f5e3.so.5.17 private.c
# shellcheck disable=SC2016
gcc -I"$include" -shared -fPIC -o tree/app/pkg/_pkg.so middle.c tree/app/pkg.libs/libpq-9b38f5e3.so.5.17 \
    -Wl,-rpath,'$ORIGIN/../pkg.libs'
# What the Go linker leaves: since 1.18 inline, before that by addresses.
cat >go.py <<'END'
import sys
def length(n):
    out = b""
    while n >= 128: out += bytes([n & 127 | 128]); n >>= 7
    return out + bytes([n])
modules = "path\tapp\nmod\tapp\t(devel)\t\n" + "".join("dep\t%s\tv5.5.0\th1:x=\n" % m for m in sys.argv[1:])
text = b"S" * 16 + modules.encode() + b"E" * 16
version = b"go1.22.1"
blob = b"\xff Go buildinf:" + bytes([8, 2]) + bytes(16) + length(len(version)) + version + length(len(text)) + text
print('asm(".section .go.buildinfo,\\"aw\\"\\n.balign 16\\n.byte %s\\n.previous");' % ",".join(map(str, blob)))
print("int main(void) { return 0; }")
END
python3 go.py github.com/jackc/pgx/v5 >go.c
gcc -static -o tree/bin/go-pgx go.c
python3 go.py github.com/lib/pq >go.c
gcc -o tree/bin/go-libpq go.c
python3 go.py github.com/lib/pqueue github.com/jackc/pgxmock >go.c
gcc -o tree/bin/go-other go.c
cat >old.c <<'END'
struct string { const char *at; unsigned long n; };
static const char modules[] = "SSSSSSSSSSSSSSSSpath\tapp\ndep\tgithub.com/jackc/pgx/v4\tv4.10.1\th1:x=\nEEEEEEEEEEEEEEEE";
struct string version = {"go1.15", 6}, text = {modules, sizeof modules - 1};
__attribute__((section(".go.buildinfo"), aligned(16))) struct { char magic[16]; struct string *a, *b; }
    info = {"\xff Go buildinf:\x08", &version, &text};
int main(void) { return 0; }
END
gcc -no-pie -o tree/bin/go-old old.c
printf 'const char *p = "/x/registry/src/i-1/%s/src/connection.rs"; int main(void) { return p[0] == 0; }\n' tokio-postgres-0.7.10 >rust.c
gcc -o tree/bin/rust-tokio rust.c
sed 's/tokio-postgres-0.7.10/sqlx-postgres-0.7.3/' rust.c >rust2.c
gcc -o tree/bin/rust-sqlx rust2.c
mkdir -p tree/app/node_modules/pg tree/app/node_modules/pg-format tree/app/other/node_modules/pg \
    tree/app/site/asyncpg tree/app/site/pg8000 tree/app/site/psycopg/pq
echo '{"name": "pg", "version": "8.11.3"}' >tree/app/node_modules/pg/package.json
echo '{"name": "pg-format", "version": "1.0.4"}' >tree/app/node_modules/pg-format/package.json
echo '{"name": "not-pg"}' >tree/app/other/node_modules/pg/package.json
touch tree/app/site/asyncpg/__init__.py tree/app/site/pg8000/__init__.py
echo 'import ctypes' >tree/app/site/psycopg/pq/_pq_ctypes.py
printf 'MZ\220\0' >tree/app/Npgsql.dll
python3 - <<'END'
import zipfile
with zipfile.ZipFile("tree/app/postgresql-42.7.3.jar", "w") as z:
    z.writestr("META-INF/MANIFEST.MF", "x"); z.writestr("org/postgresql/Driver.class", "x")
with zipfile.ZipFile("tree/app/renamed.jar", "w") as z: z.writestr("org/postgresql/Driver.class", "x")
with zipfile.ZipFile("tree/app/fat.war", "w") as z: z.writestr("WEB-INF/lib/postgresql-42.2.5.jar", "x" * 70000)
with zipfile.ZipFile("tree/app/reactive.jar", "w") as z:
    z.writestr("io/r2dbc/postgresql/PostgresqlConnectionFactory.class", "x"); z.comment = b"c" * 3000
with zipfile.ZipFile("tree/app/other.jar", "w") as z: z.writestr("org/sqlite/JDBC.class", "x")
END
scan tree
is "$status" 1 'something is not covered: exit 1'
is "$(field '.errors | length')" 0 'nothing went unseen'
while IFS='|' read -r path want name; do
    is "$(item "$path")" "$want" "$name"
done <<'END'
/bin/direct|program covered linked|a linked program
/bin/through|program covered linked-through|a program linked through a library found by RUNPATH and $ORIGIN
/lib/libmiddle.so.1|library covered linked|the library itself
/bin/opens|program covered by loader hooks dlopen|a program that opens libpq at run time
/app/module.so|module covered by loader hooks linked|a module
/bin/inside|program not covered static-libpq|libpq built into a program
/bin/inside-stripped|program not covered static-libpq|the same without symbols
/bin/inside-static|program not covered static-libpq|libpq built into a static program
/bin/plain-static|none|a static program without PostgreSQL
/bin/psql-setuid|program not covered linked|psql with setuid
/bin/psql-setgid|program not covered linked|psql with setgid
/bin/psql-caps|program not covered linked|psql with file capabilities
/pkg/_pkg.so|module covered by loader hooks linked|a wheel's module
/libpq-9b38f5e3.so.5.17|libpq covered bundled|a wheel's private copy
/bin/go-pgx|program not covered go|Go with pgx
/bin/go-libpq|program not covered go|Go with lib/pq
/bin/go-other|none|Go modules whose names merely begin so
/bin/go-old|program not covered go|Go before 1.18
/bin/rust-tokio|program not covered rust|tokio-postgres
/bin/rust-sqlx|program not covered rust|sqlx
/app/node_modules/pg/package.json|driver not covered node|node-postgres
/pg-format/package.json|none|another package
/app/other/node_modules/pg/package.json|none|a package.json of another name
/asyncpg/__init__.py|driver not covered asyncpg|asyncpg
/pg8000/__init__.py|driver not covered pg8000|pg8000
/_pq_ctypes.py|driver covered by loader hooks ctypes|psycopg 3 in pure Python
/app/Npgsql.dll|driver not covered npgsql|Npgsql
/app/postgresql-42.7.3.jar|driver not covered jdbc|JDBC
/app/renamed.jar|driver not covered jdbc|JDBC under another name
/app/fat.war|driver not covered jdbc|JDBC inside a web archive
/app/reactive.jar|driver not covered jdbc|R2DBC, behind a comment
/app/other.jar|none|another archive
END
is "$(evidence /bin/go-pgx)" 'Go module github.com/jackc/pgx/v5 v5.5.0' 'the evidence names module and version'
is "$(evidence /app/node_modules/pg/package.json)" 'node-postgres 8.11.3' 'and the package'"'"'s version'
is "$(evidence /app/fat.war)" 'JDBC driver inside: postgresql-42.2.5.jar' 'and the archive within'
has "$(evidence /pkg/_pkg.so)" 'pkg.libs/libpq-9b38f5e3.so.5.17, a bundled copy' 'and the bundled copy'
like "$(evidence /bin/through)" 'libpq\.so\.5\.[0-9]+ through .*/tree/lib/libmiddle.so.1$' 'and the library in between'
has "$(why /bin/psql-setuid)" 'setuid' 'why: setuid'
has "$(why /bin/psql-setgid)" 'setgid' 'why: setgid'
has "$(why /bin/psql-caps)" 'file capabilities' 'why: file capabilities'
has "$(why /bin/go-pgx)" 'static' 'why: static'
has "$(why /bin/go-libpq)" 'without libpq' 'why: no libpq'
is "$(field '.items[] | select(.path | endswith("/bin/psql-setuid")) | [.setuid,.setgid,.file_caps,.static] | @csv')" 'true,false,false,false' 'the flags'
is "$(field '.items[] | select(.path | endswith("/bin/go-pgx")) | .static')" true 'static is a field'
is "$(field '[.items[].path] == ([.items[].path] | sort)')" true 'sorted by path'
is "$(field '.summary."not covered"')" "$(field '[.items[] | select(.verdict == "not covered")] | length')" 'the summary counts'

# Without section headers, as from a packer: the segments tell.
python3 - <<'END'
data = bytearray(open("tree/bin/direct", "rb").read())
data[40:48] = bytes(8); data[58:64] = bytes(6)
open("tree/bin/sectionless", "wb").write(data)
data = bytearray(open("tree/bin/inside", "rb").read())
data[40:48] = bytes(8); data[58:64] = bytes(6)
open("tree/bin/inside-sectionless", "wb").write(data)
data = bytearray(open("tree/bin/direct", "rb").read())
data[18] = 183 # aarch64
open("tree/bin/foreign", "wb").write(data)
END
scan tree/bin/sectionless tree/bin/inside-sectionless tree/bin/foreign
is "$(item /sectionless)" 'program covered linked' 'a program without section headers'
is "$(item /inside-sectionless)" 'program not covered static-libpq' 'and one with libpq inside'
is "$(item /foreign | cut -d' ' -f1-3)" 'program not covered' 'a program for another machine'
has "$(why /foreign)" 'machine' 'why: another machine'

# --- for people ---------------------------------------------------------------------------------------------------------
run scan tree
is "$status" 1 'text: the same exit status'
has "$out" 'not covered              ' 'a verdict per line'
has "$out" 'implements the protocol itself' 'and why'
like "$out" '[0-9]+ covered, [0-9]+ covered by loader hooks, [0-9]+ not covered, of [0-9]+ files$' 'and a sum'
is "$(awk 'length > 80' out | wc -l)" 0 'no line is longer than 80 columns'
hasnt "$out" $'\033' 'no colour where there is no terminal'
is "$err" '' 'no progress where there is no terminal'
mkdir names
cp tree/bin/direct names/$'a\033[31m\xff'
run scan names
hasnt "$out" $'\033' 'a name cannot send commands to the terminal'
scan names
is "$status $(field '.items | length')" '0 1' 'and JSON stays JSON'

# --- hostile trees ------------------------------------------------------------------------------------------------------
mkdir -p hostile/bin outside
cp tree/bin/go-pgx outside/
ln -s ../../outside hostile/bin/out
ln -s "$work/outside/go-pgx" hostile/bin/out-file
ln -s . hostile/bin/loop
ln -s loop2 hostile/bin/loop1 && ln -s loop1 hostile/bin/loop2
mkfifo hostile/bin/fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("hostile/bin/socket")'
mknod hostile/bin/zero c 1 5
status=0
timeout 20 "$pgseal" scan --json hostile >out 2>err || status=$?
is "$status $(field '.items | length') $(field .summary.files)" '0 0 0' 'links out of the tree, loops, FIFOs, sockets and devices are not followed or opened'
size=$(stat -c %s "$psql")
mkdir cut
for at in 4 16 20 52 63 64 65 100 500 1000 4096 $((size / 3)) $((size / 2)) $((size - 100)); do
    head -c "$at" "$psql" >"cut/psql-$at"
done
head -c 3000 tree/app/fat.war >cut/fat.war
scan cut
ok 'cut files: never a crash' test "$status" -le 2
isnt "$(field '.errors | length')" 0 'and they are reported as not looked at in full'
isnt "$status" 0 'and never fine'
python3 - <<'END'
import os, random
random.seed(7)
os.mkdir("mad")
image = open("tree/bin/through", "rb").read()
for i in range(200):
    data = bytearray(image)
    for _ in range(random.choice((1, 4, 40))):
        at = random.randrange(64 if i % 3 else 4, 4096 if i % 2 else len(data))
        data[at] = random.choice((0, 255, 127, 128, random.randrange(256)))
    open("mad/%d" % i, "wb").write(data)
for name, head in (("zeros", bytes(60)), ("ones", b"\xff" * 60)):
    open("mad/" + name, "wb").write(b"\x7fELF\x02\x01\x01\0" + head)
END
status=0
(ulimit -v 4000000; exec timeout 60 "$pgseal" scan --json mad) >out 2>err || status=$?
ok 'flipped bytes: never a crash' test "$status" -le 2
ok 'and JSON' bash -c 'jq -e .items out >/dev/null'
mkdir huge
cp tree/bin/direct huge/sparse
truncate -s 4T huge/sparse 2>/dev/null || truncate -s 1T huge/sparse
head -c 64 tree/bin/direct >huge/head
truncate -s 1T huge/head
status=0
(ulimit -v 4000000; exec timeout 60 "$pgseal" scan --json huge) >out 2>err || status=$?
ok 'files of terabytes: bounded time and memory' test "$status" -le 2
is "$(item /sparse)" 'program covered linked' 'and what stands at their beginning is seen'
python3 -c 'import os; os.makedirs("deep/" + "d/" * 300)'
scan deep
is "$status" 2 'deeper than any tree should be: exit 2'
has "$(field '.errors[0]')" 'nested too deeply' 'and it says so'
mkdir locked
cp tree/bin/direct locked/
cp "$pgseal" pgseal && chmod 0755 pgseal
chmod 0711 locked/direct
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups ./pgseal scan --json "$work/locked" >out 2>err || status=$?
is "$status $(field '.errors[0]' | sed 's/.*: //')" '2 Permission denied' 'a file that may not be read: exit 2'
scan nowhere
is "$status $(field '.errors[0] | endswith("No such file or directory")')" '2 true' 'a PATH that is not there: exit 2'
scan ''
is "$status $(field '.summary.files')" '2 0' 'an empty PATH (a variable that is not set) is not the working directory: exit 2'
mkdir packed && cp tree/bin/direct packed/
(cd packed && tar cf image.tar direct && gzip -k direct && xz -k direct && printf 'BZh91AY&SY' >direct.bz2 && zstd -qk direct &&
    ar rc direct.a direct && python3 -m zipfile -c function.zip direct)
for file in image.tar direct.gz direct.xz direct.bz2 direct.zst direct.a function.zip; do
    scan "packed/$file"
    is "$status $(field '.summary.files') $(field '.errors[0]' | sed 's/.*: //')" \
        '2 0 an archive or a compressed file; unpack it, and scan the directory' "$file: exit 2"
done
scan packed
is "$status $(field '.items | length') $(field '.errors | length')" '0 1 0' 'in a tree they are passed over'
mkdir gone && cd gone && rmdir "$work/gone"
status=0
timeout 10 "$pgseal" scan --json . >"$work/out" 2>"$work/err" || status=$?
cd "$work"
is "$status $(field '.summary.files')" '2 0' 'a working directory that has been removed: it is not the root: exit 2'

# --- running processes --------------------------------------------------------------------------------------------------
start() { # COMMAND…: sets pid
    "$@" >/dev/null 2>&1 </dev/null &
    pid=$!
    pids+=("$pid")
}
process() { # PID
    jq -r --argjson pid "$1" '.items[] | select(.pid == $pid) | "\(.verdict) \(.preloaded) \([.ways[].way] | join(","))"' <out
}
process_why() { jq -r --argjson pid "$1" '.items[] | select(.pid == $pid) | .why' <out; }
start tree/bin/direct && bare=$pid
start env LD_PRELOAD="$object" tree/bin/direct && sealed=$pid
start env LD_PRELOAD="$work/nowhere/libpgseal.so" tree/bin/direct && failed=$pid
sleeper='import psycopg2, time; time.sleep(600)'
start /usr/bin/python3 -c "$sleeper" && python_bare=$pid
start env LD_PRELOAD="$object" /usr/bin/python3 -c "$sleeper" && python_sealed=$pid
python3 go.py github.com/jackc/pgx/v5 | sed 's/return 0/return pause()/; 1i#include <unistd.h>' >go-waits.c
gcc -o go-waits go-waits.c
start env LD_PRELOAD="$object" ./go-waits && go=$pid
cp tree/bin/direct privileged
chown 65534 privileged
chmod 4755 privileged
start env LD_PRELOAD="$object" ./privileged && secure=$pid
cp tree/bin/direct replaced
start env LD_PRELOAD="$object" ./replaced && replaced=$pid
start sleep 600 && sleeping=$pid
for _ in $(seq 100); do
    grep -q psycopg "/proc/$python_bare/maps" && grep -q psycopg "/proc/$python_sealed/maps" &&
        grep -q libpq.so "/proc/$replaced/maps" && grep -q libpq.so "/proc/$secure/maps" && break
    sleep 0.1
done
rm replaced
scan --running
is "$status" 1 'something is not covered: exit 1'
is "$(process "$bare")" 'not covered false linked' 'a linked process without the object'
has "$(process_why "$bare")" 'pgseal-run' 'why, and what to do'
is "$(process "$sealed")" 'covered true linked' 'one with it'
is "$(process "$failed")" 'not covered false linked' 'one whose LD_PRELOAD failed open'
has "$(process_why "$failed")" 'LD_PRELOAD names libpgseal.so, but it is not loaded' 'why'
is "$(process "$python_bare")" 'not covered false loaded' 'psycopg2 without the object'
is "$(process "$python_sealed")" 'covered by loader hooks true loaded' 'and with it'
is "$(process "$go")" 'not covered true go' 'a Go driver stays uncovered with the object'
is "$(process "$secure")" 'not covered false linked' 'a setuid process'
has "$(process_why "$secure")" 'secure-execution' 'why'
is "$(process "$replaced")" 'covered true linked' 'a process whose program was removed'
is "$(process "$sleeping")" '' 'a process without PostgreSQL is not listed'
is "$(field '.items[] | select(.pid == '"$sealed"') | "\(.kind) \(.uid) \(.path)"')" "process 0 $work/tree/bin/direct" 'kind, user and program'
run scan --running
has "$out" "(process $bare)" 'text names the process'

# --- colour -------------------------------------------------------------------------------------------------------------
# Standard error is a terminal, too: what is left there of the progress is no colour.
terminal() { script -qec "stty cols 80; '$pgseal' scan tree/bin" /dev/null | grep -c $'\033\\[[0-9;]*m' || true; }
isnt "$(TERM=xterm terminal)" 0 'colour on a terminal'
is "$(TERM=xterm NO_COLOR=1 terminal)" 0 'NO_COLOR: no colour'
isnt "$(TERM=xterm NO_COLOR='' terminal)" 0 'NO_COLOR, empty: colour'
is "$(TERM=dumb terminal)" 0 'TERM=dumb: no colour'

# --- usage --------------------------------------------------------------------------------------------------------------
run scan
is "$status" 2 'no PATH: exit 2'
# shellcheck disable=SC2016
out=$(unshare -m bash -c 'mount -t tmpfs tmpfs /proc && exec "$@"' - "$pgseal" scan --running 2>&1) && status=0 || status=$?
is "$status" 2 'no /proc: exit 2'
has "$out" '/proc: does not show this process' 'and why'
run scan --running tree
is "$status" 2 '--running with a PATH: exit 2'
run scan --root nowhere
is "$status" 2 'a root that is not there: exit 2'
run scan --help
is "$status" 0 '--help'
has "$out" '--running' 'names the options'
done_testing
