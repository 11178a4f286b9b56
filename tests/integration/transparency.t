#!/bin/bash
# transparency.t: programs that never reach libpq behave byte for byte as without pgseal; and pgseal works with other
# preloads, sanitizers, closed descriptors, new processes, small stacks.
# shellcheck disable=SC2016
. "$(dirname "$0")/../lib/env.sh"

env_start good
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
log = stderr
log_level = all
END
target="host=localhost port=$(env_port good) dbname=app user=app sslmode=disable"
work=$TEST_DIR/work
mkdir "$work"
cd "$work" || exit 1
git config --global user.email nobody@example.com
git config --global user.name nobody
git config --global init.defaultBranch main

# alike COMMAND…: the same output, errors and status, bare and sealed. ALIKE_NAME names it otherwise; a program that says
# nothing and succeeds is no witness, unless ALIKE_SILENT.
alike() {
    local name=${ALIKE_NAME:-$*} how rc
    name=${name:0:90}
    name=${name//[$'\n'#]/ }
    for how in bare sealed; do
        rc=0
        "$how" "$@" >"$TEST_DIR/$how.out" 2>"$TEST_DIR/$how.err" </dev/null || rc=$?
        echo "$rc" >"$TEST_DIR/$how.status"
    done
    rc=$(<"$TEST_DIR/bare.status")
    if [[ $rc == 127 || ($rc == 0 && ! -s $TEST_DIR/bare.out && ! -s $TEST_DIR/bare.err && -z ${ALIKE_SILENT:-}) ]]; then
        is "no answer: $rc $(<"$TEST_DIR/bare.err")" 'an answer' "$name"
        return
    fi
    for how in out err status; do
        cmp -s "$TEST_DIR/bare.$how" "$TEST_DIR/sealed.$how" || break
    done
    if cmp -s "$TEST_DIR/bare.$how" "$TEST_DIR/sealed.$how"; then
        is alike alike "$name"
    else
        is "$how: $(diff -a "$TEST_DIR/bare.$how" "$TEST_DIR/sealed.$how" | head -n 6 | cut -c 1-200)" '' "$name"
    fi
}

seq 1 3000 >numbers
printf 'b 2\na 1\nc 3\n' >words
head -c 100000 /dev/zero >zeros

# coreutils and their like
ALIKE_SILENT=1 alike true
alike false
alike echo hello
alike cat words
alike ls -la words numbers
alike ls /nonexistent
alike sort -r words
alike wc numbers
alike sha256sum numbers zeros
alike base64 words
alike od -c words
alike cut -c1 words
ALIKE_NAME='tr' alike sh -c 'tr a-z A-Z <words'
alike date -u -d @0
alike stat -c %s numbers
alike df --output=target /
alike id
alike uname -m
alike nproc
alike timeout 0.1 sleep 5
alike env -i A=b /usr/bin/env
alike getent passwd root
alike getent ahosts localhost
# shells and text
alike bash -c 'for i in 1 2 3; do echo $((i * i)); done; exit 9'
alike dash -c 'echo $((6 * 7)); kill -TERM $$'
alike sh -c 'cat words | sort | head -n 2 & wait; false'
alike awk '{ s += $1 } END { print s }' numbers
alike sed -n '$p' numbers
alike grep -c 9 numbers
alike find . -name 'w*'
alike xargs -n 100 -a numbers echo
alike diff words numbers
ALIKE_NAME='bc' alike sh -c 'echo "2^100" | bc'
ALIKE_NAME='jq' alike jq -nc '[range(5)] | map(. * 2)'
# archives
alike tar -cf - words
ALIKE_NAME='gzip' alike sh -c 'gzip -9nc numbers | sha256sum'
ALIKE_NAME='xz -T2' alike sh -c 'xz -T2 -c numbers | sha256sum'
ALIKE_NAME='zstd' alike sh -c 'zstd -qc numbers | sha256sum'
# runtimes
alike /usr/bin/python3 -c 'import ssl, socket, ctypes, threading, sqlite3, json; print(ssl.OPENSSL_VERSION, socket.getaddrinfo("127.0.0.1", 80)[0][4]); print(ctypes.CDLL(None).getpid() > 0); raise SystemExit(3)'
alike /usr/bin/python3 -c 'import ctypes; ctypes.CDLL("libnosuch.so")'
alike /usr/bin/python3 -c 'import ctypes; ctypes.CDLL(None).PQconnectdb'
alike /usr/bin/python3 -c 'import multiprocessing as m; m.set_start_method("fork"); print(m.Pool(2).map(abs, [-1, -2]))'
alike perl -MPOSIX -MSocket -e 'print strftime("%Y", gmtime 0), inet_ntoa(inet_aton("localhost")), "\n"; exit 4'
alike node -e 'require("dns").lookup("localhost", { family: 4 }, (e, a) => { console.log(a, process.version); process.exit(5) })'
alike node -e 'const { Worker } = require("worker_threads"); new Worker("console.log(6*7)", { eval: true })'
alike ruby -rsocket -rjson -rfiddle -e 'puts Addrinfo.tcp("127.0.0.1", 80).ip_address, JSON.dump([1]), Fiddle::Handle::DEFAULT["strlen"] != 0; exit 6'
alike php -n -r 'echo json_encode([1, 2]), gethostbyname("localhost"), "\n"; exit(7);'
alike php -m
alike php -r 'echo preg_replace("/a/", "b", "banana"), curl_version()["version"] ?? "", "\n";'
alike java -Xshare:auto -XX:TieredStopAtLevel=1 -version
printf 'public class H { public static void main(String[] a) throws Exception { System.out.println(java.net.InetAddress.getByName("127.0.0.1")); System.exit(8); } }\n' >H.java
alike java -XX:TieredStopAtLevel=1 H.java
echo 'puts [expr {6 * 7}]; exit 3' >t.tcl
alike tclsh t.tcl
# tools
ALIKE_NAME='git init' alike sh -c 'rm -rf repo && git init repo'
ALIKE_NAME='git log' alike sh -c 'rm -rf r && git init -q r && cd r && GIT_AUTHOR_DATE=@0 GIT_COMMITTER_DATE=@0 git commit -q --allow-empty -m x && git log'
alike git clone -q /nonexistent there
alike curl -s file:///etc/debian_version
ALIKE_SILENT=1 alike curl -s http://localhost:1/
alike sqlite3 :memory: 'select 6 * 7, sqlite_version()'
alike openssl version
ALIKE_NAME='openssl' alike sh -c 'openssl dgst -sha3-256 numbers; openssl enc -aes-128-cbc -K 00 -iv 00 -in words 2>&1 | sha256sum'
ALIKE_NAME='ssh-keygen' alike sh -c 'rm -f key; ssh-keygen -q -t ed25519 -N "" -f key && ssh-keygen -l -f key | cut -c1-4; ssh-keygen -l -f /nonexistent'
alike gcc -dumpmachine
printf 'int main(void) { return 42; }\n' >fortytwo.c
ALIKE_NAME='gcc and what it builds' alike sh -c 'gcc -o fortytwo fortytwo.c && ./fortytwo'
alike make -f /dev/null
alike readelf -h fortytwo
ALIKE_NAME=strace alike sh -c 'strace -qq -f -e trace=exit_group sh -c "exit 3" 2>&1'
alike gdb -nx -batch -ex 'print 6 * 7' -ex 'info line main' fortytwo
ALIKE_NAME='gdb runs a program' alike sh -c "gdb -nx -batch -ex run -ex 'print \$_exitcode' ./fortytwo 2>&1 | sed 's/process [0-9]*/process N/'"
alike valgrind -q --error-exitcode=9 ./fortytwo
alike psql --version
alike pg_dump --help
alike dpkg --print-architecture
alike gpg --version

# Ourselves: processes, locales, descriptors.
harm=$TEST_DIR/bin/harm
gcc -std=gnu17 -D_GNU_SOURCE= -O2 -g -Wall -Wextra -I"$(pg_config --includedir)" -o "$harm" "$TEST_TOP/tests/integration/src/harm.c" \
    -lpq -lpthread
chmod 0755 "$harm"
# One locale with a comma for the decimal point, and one in which I is not the capital of i.
mkdir "$TEST_DIR/locales"
for locale in de_DE tr_TR; do
    localedef -i $locale -f UTF-8 "$TEST_DIR/locales/$locale.UTF-8"
done
for now in LD_BIND_NOW= LD_BIND_NOW=1; do
    alike "$now" "$harm" processes
    for locale in C C.UTF-8 de_DE.UTF-8 tr_TR.UTF-8; do
        alike "$now" LOCPATH="$TEST_DIR/locales" LC_ALL=$locale "$harm" locale
        like "$(<"$TEST_DIR/sealed.out")" "^$locale [01]" "$now $locale: setlocale knows it"
    done
    alike "$now" bash -c 'echo $BASH_VERSION; ulimit -n 64; exec 3>&1; echo ok >&3'
done
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
END
for locale in de_DE.UTF-8 tr_TR.UTF-8; do
    forget_events
    log_mark good
    run env LOCPATH="$TEST_DIR/locales" LC_ALL=$locale LD_PRELOAD="$OBJECT" "$harm" locale-connect "$target"
    is "$RC $OUT$ERR" "0 $locale 1,5 ok" "$locale: connected"
    is "$(sessions good) $(verdicts)" '- ssl downgrade/sealed' "$locale: verified TLS"
    is "$(wc -l <"$EVENTS") $(events '.event' | xargs)" '3 process downgrade witness' "$locale: each line of the log is JSON"
done
log_mark good
run env LD_BIND_NOW=1 LD_PRELOAD="$OBJECT" psql "$target" -XAtc 'select 6 * 7'
is "$RC $OUT $ERR $(sessions good)" '0 42  psql ssl' 'LD_BIND_NOW=1: a session is verified TLS'
for way in spawn vfork; do
    log_mark good
    run env LD_PRELOAD="$OBJECT" "$harm" $way psql "$target" -XAtc 'select 6 * 7'
    is "$RC $OUT$ERR $(sessions good)" '0 42 psql ssl' "$way: psql in a process made so is sealed"
    log_mark good
    run bare "$harm" $way psql "$target" -XAtc 'select 6 * 7'
    is "$RC $OUT$ERR $(sessions good)" '0 42 psql plain' "$way: bare, plaintext"
done
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
log = stderr
log_level = all
END
for way in closed connect-closed; do
    rm -f data
    run env LD_PRELOAD="$OBJECT" "$harm" "$way" "$work/data" "$target"
    connected=
    [[ $way == closed ]] || connected=$'\nconnected'
    is "$RC $(<data)" $'0 first'"$connected"$'\nlast' "$way: all descriptors closed and others in their place: only the program's bytes are in its file"
done
log_mark good
run env LD_PRELOAD="$OBJECT" "$harm" fork-connect "$target"
is "$OUT" $'parent ok\nchild ok\nparent again ok' 'connections before and after fork'
is "$(sessions good)" $'- ssl\n- ssl\n- ssl' 'connections before and after fork: verified TLS'

# A small stack. What the sealed call may touch beyond the bare one, to the same server by the same verified TLS, is bounded.
verified="host=localhost port=$(env_port good) dbname=app user=app sslmode=verify-full sslrootcert=$PKI/root.pem"
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
END
run bare "$harm" thread 65536 "$verified"
is "${OUT%% *}" ok 'a thread with a stack of 64 KiB connects bare'
run sealed "$harm" thread 65536 "$target"
is "${OUT%% *}" ok 'a thread with a stack of 64 KiB connects sealed'
run bare "$harm" thread 1048576 "$verified"
bare_use=${OUT##* }
run sealed "$harm" thread 1048576 "$target"
diag "stack touched: bare $bare_use, sealed ${OUT##* }"
ok 'the stack that pgseal adds is under 4 KiB' test $((${OUT##* } - bare_use)) -lt 4096

# PQcancel may be called in a signal handler, and a handler may have a stack of its own, of a few kilobytes.
run bare "$harm" cancel-aside "$target"
is "$RC $OUT$ERR" '0 sent' 'a cancel request from a small signal stack, bare'
for how in '' 'mode = audit' 'log_level = downgrade' 'log = file:/nonexistent/log'; do
    forget_events
    policy <<<"sslrootcert = $PKI/root.pem"$'\n'"$how"
    run sealed "$harm" cancel-aside "$target"
    line=$({ cat "$EVENTS" "$TEST_DIR/run.err" 2>/dev/null || true; } | jq -rs '[.[] | select(.event == "plaintext_cancel")] | map(.action) | join(" ")')
    is "$RC $OUT $line" '0 sent allowed' "a cancel request from a small signal stack, sealed: ${how:-the defaults}"
done
policy <<<"sslrootcert = $PKI/root.pem"

# Other preloads, in either order.
jemalloc=$(find /usr/lib -name 'libjemalloc.so.2' | head -n 1)
isnt "$jemalloc" '' 'jemalloc is here'
for preload in "$jemalloc $OBJECT" "$OBJECT $jemalloc"; do
    order=$([[ $preload == "$OBJECT"* ]] && echo 'before' || echo 'after')
    log_mark good
    run env LD_PRELOAD="$preload" psql "$target" -Atc 'select 6 * 7'
    is "$RC $OUT $ERR $(sessions good)" '0 42  psql ssl' "pgseal $order jemalloc: psql"
    run env LD_PRELOAD="$preload" "$harm" fork-connect "$target"
    is "$OUT" $'parent ok\nchild ok\nparent again ok' "pgseal $order jemalloc: fork"
    run env LD_PRELOAD="$preload" /usr/bin/python3 -c 'print(sum(map(len, [str(i) * 9 for i in range(100000)])))'
    is "$RC $OUT$ERR" '0 4400010' "pgseal $order jemalloc: python3"
done

# A process in which getpeername(2) is forbidden: the session is verified by libpq, and the log says what was not looked at.
# Under verify_as it must be shown that the program's own host was dialled.
printf '#include <errno.h>\nint getpeername(int a, void *b, void *c);\nint getpeername(int a, void *b, void *c) { (void)a; (void)b; (void)c; errno = EPERM; return -1; }\n' |
    gcc -shared -fPIC -x c -o "$TEST_DIR/bin/blind.so" -
policy <<<"sslrootcert = $PKI/root.pem"$'\n[host 127.0.0.1]\nverify_as = localhost'
forget_events
run env LD_PRELOAD="$OBJECT:$TEST_DIR/bin/blind.so" "$ENTRY_POINTS" x connectdb -- "$target"
is "$(out status server)" 'ok t' 'getpeername forbidden: connected'
like "$(reason witness)" '^getpeername does not tell' 'getpeername forbidden: the witness says so'
run env LD_PRELOAD="$OBJECT:$TEST_DIR/bin/blind.so" "$ENTRY_POINTS" x connectdb -- "${target/localhost/127.0.0.1}"
has "$(out status error)" 'bad pgseal: refused: violation: the address did not come from a lookup' 'getpeername forbidden: not under verify_as'
policy <<<"sslrootcert = $PKI/root.pem"

# Sanitizers look for the real functions by dlsym before anything else runs. With a dynamic libasan ASan itself demands to
# come first in the process.
sanitized() {
    gcc -std=gnu17 -D_GNU_SOURCE= -g -I"$(pg_config --includedir)" "$@" "$TEST_TOP/tests/integration/src/harm.c" -lpq -lpthread
}
sanitized -fsanitize=address -o "$TEST_DIR/bin/asan"
sanitized -fsanitize=address -static-libasan -o "$TEST_DIR/bin/asan-static"
sanitized -fsanitize=thread -static-libtsan -o "$TEST_DIR/bin/tsan-static"
sanitized -fsanitize=undefined -o "$TEST_DIR/bin/ubsan"
libasan=$(readlink -f "$(gcc -print-file-name=libasan.so)")
for how in "asan-static|$OBJECT" "asan|$libasan $OBJECT" "tsan-static|$OBJECT" "ubsan|$OBJECT"; do
    log_mark good
    run env LD_PRELOAD="${how#*|}" "$TEST_DIR/bin/${how%%|*}" processes
    is "$RC $(head -n 1 <<<"$OUT") $ERR" '0 fork 3 ' "${how%%|*}: alive"
    run env LD_PRELOAD="${how#*|}" "$TEST_DIR/bin/${how%%|*}" fork-connect "$target"
    is "$RC $(sessions good | xargs) $ERR" '0 - ssl - ssl - ssl ' "${how%%|*}: verified TLS, and the sanitizer has nothing to say"
done
log_mark good
run env LD_PRELOAD="$OBJECT" valgrind -q --error-exitcode=9 "$harm" fork-connect "$target"
is "$RC $(sessions good | xargs) $ERR" '0 - ssl - ssl - ssl ' 'valgrind has nothing to say of a sealed connection'

done_testing
