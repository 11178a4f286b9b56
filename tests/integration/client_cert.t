#!/bin/bash
# client_cert.t: files in ~/.postgresql are judged when libpq looks them up. A client certificate that libpq could not
# use does not break a connection that never asked for it: it is left out, and the log says so. A usable one still
# works. Under `sslrootcert = program` a root.crt there is judged as strictly as any other.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}
env_start good demanding impostor
G=$(env_port good) D=$(env_port demanding)
dir=$HOME/.postgresql
good="host=localhost port=$G user=app dbname=app"
demanding="host=localhost port=$D user=app dbname=app"
full="sslmode=verify-full sslrootcert=$PKI/root.pem"
policy <<<"sslrootcert = $PKI/root.pem"
openssl ec -aes256 -in "$PKI/client.key" -passout pass:open -out "$TEST_DIR/locked.key" 2>/dev/null
openssl pkcs8 -topk8 -in "$PKI/client.key" -passout pass:open -out "$TEST_DIR/locked8.key" 2>/dev/null

pair() { # MODE [KEY]: the client's certificate and key in ~/.postgresql
    rm -rf "$dir"
    mkdir -m 0755 "$dir"
    cp "$PKI/client.crt" "$dir/postgresql.crt"
    [[ ${2:-} == none ]] || cp "${2:-$PKI/client.key}" "$dir/postgresql.key"
    [[ ${2:-} == none ]] || chmod "$1" "$dir/postgresql.key"
}
# left_out NAME WHY: bare, verify-full fails (or asks and waits); sealed, it connects, and the verdict's line says WHY.
left_out() {
    local name=$1 why=$2
    run timeout 10 setsid "$ENTRY_POINTS" x connectdb -- "$good $full"
    isnt "$RC $(out status)" '0 ok' "$name: bare, verify-full fails"
    forget_events
    run timeout 10 setsid env LD_PRELOAD="$OBJECT" "$ENTRY_POINTS" x connectdb -- "$good"
    is "$RC $(out status server)" '0 ok t' "$name: sealed, it connects"
    is "$(reason witness)" "the client certificate in ~/.postgresql is not used: $why" "$name: and the log says so"
}
works() { # NAME COMMAND…
    local name=$1
    shift
    forget_events
    run sealed "$@" "$ENTRY_POINTS" x connectdb "query=select session_user" -- "$demanding${extra:+ $extra}"
    is "$RC $(out status server)" '0 ok app' "$name: the server sees the certificate"
    is "$(reason witness)" '' "$name: nothing is left out"
}

pair 0600
works 'a pair that works'
pair 0640
works 'a key of root, mode 0640'
pair 0600 "$TEST_DIR/locked.key"
extra=sslpassword=open works 'an encrypted key and sslpassword'
pair 0600 "$TEST_DIR/locked8.key"
extra=sslpassword=open works 'an encrypted PKCS #8 key and sslpassword'
extra=

pair 0644
left_out 'a key that others may read' 'its key is accessible to users other than its owner'
pair 0600 none
left_out 'no key' 'it has no key'
pair 0600
rm "$dir/postgresql.key"
mkdir "$dir/postgresql.key"
left_out 'a directory as key' 'its key is not a regular file'
pair 0600 "$TEST_DIR/locked.key"
left_out 'an encrypted key' 'its key is encrypted, and no passphrase is available'
pair 0600 "$TEST_DIR/locked8.key"
left_out 'an encrypted PKCS #8 key' 'its key is encrypted, and no passphrase is available'

# With a terminal, a user can answer.
cat >"$TEST_DIR/ask.py" <<'END'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, said, end = b"", False, time.time() + 20
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        if b"pass phrase" in seen and not said:
            os.write(fd, b"open\n")
            said = True
os.waitpid(pid, 0)
sys.stdout.write(seen.decode())
END
run sealed python3 "$TEST_DIR/ask.py" "$ENTRY_POINTS" x connectdb "query=select session_user" -- "$demanding"
like "$OUT" 'pass phrase.*"status":"ok".*"server":"app"' 'with a terminal, the pass phrase is asked for, and counts'

# A process that gave up root, with root's HOME.
pair 0600
chmod 0700 "$HOME"
forget_events
touch "$EVENTS"
chmod 0666 "$EVENTS"
run as_user "$ENTRY_POINTS" x connectdb -- "$good $full"
is "$(out status)" bad 'a directory of another user: bare, verify-full fails'
policy <<<"sslrootcert = $PKI/root.pem"$'\n'"log = none"
run sealed_as_user "$ENTRY_POINTS" x connectdb -- "$good"
is "$(out status server)" 'ok t' 'a directory of another user: sealed, it connects'
chmod 0755 "$HOME"
policy <<<"sslrootcert = $PKI/root.pem"

# Wherever libpq finds its home: the password file's entry, a HOME of 990 bytes, the name of a link, a HOME that changes
# while the process runs. Elsewhere than in HOME lies a pair that works.
pair 0644
mkdir -p "$TEST_DIR/moved"
cp -r "$dir" "$TEST_DIR/moved/.postgresql"
chmod 0600 "$dir/postgresql.key"
padded=$TEST_DIR/moved$(printf '/.%.0s' {1..470})
ln -s "$TEST_DIR/moved" "$TEST_DIR/linked"
sed "s#^root:.*#root:x:0:0:root:$TEST_DIR/moved:/bin/bash#" /etc/passwd >"$TEST_DIR/passwd"
home() { # NAME COMMAND…: left out, since libpq finds the key that others may read
    local name=$1
    shift
    run bare "$@" "$ENTRY_POINTS" x connectdb -- "$good $full"
    has "$(out status error)" 'group or world access' "$name: bare, verify-full fails"
    forget_events
    run sealed "$@" "$ENTRY_POINTS" x connectdb -- "$good"
    is "$(out status server)" 'ok t' "$name: sealed, it connects"
    has "$(reason witness)" 'is not used: its key is accessible to users' "$name: and the log says so"
}
home 'another HOME' env HOME="$TEST_DIR/moved"
home 'a long HOME' env HOME="$padded"
home 'a link as HOME' env HOME="$TEST_DIR/linked"
# shellcheck disable=SC2016 # sh's
elsewhere=(unshare -m sh -c 'mount --bind "$0" /etc/passwd && exec env -u HOME "$@"' "$TEST_DIR/passwd")
home 'the password file' "${elsewhere[@]}"
mkdir "$TEST_DIR/large"
"$TEST_TOP/tests/lib/large_files.py" "$(pg_config --libdir)/libpq.so.5" "$TEST_DIR/large/libpq.so.5"
home 'a libpq built for large files' env HOME="$TEST_DIR/moved" LD_LIBRARY_PATH="$TEST_DIR/large"
forget_events
run sealed env HOME="$TEST_DIR/moved" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$(env_port impostor) user=app dbname=app"
has "$(reason failed)" 'is not used: its key is accessible to users other than its owner; ' 'a connection that fails tells of it too'
has "$(reason failed)" 'certificate verify failed' 'with the words of libpq'
forget_events
run sealed "$ENTRY_POINTS" x connectdb reset=sync "between=chmod 0644 $dir/postgresql.key" -- "$good"
is "$(jq -r .status <<<"$OUT" | paste -sd ' ')" 'ok ok' 'a key that others may read by PQreset: connected again'
is "$(events 'select(.event == "witness") | .reason')" $'null\n"the client certificate in ~/.postgresql is not used: its key is accessible to users other than its owner"' \
    'and the log says so of the second connection only'

# With the last descriptor taken by the socket.
policy <<<"sslrootcert = $PKI/root.pem"$'\nlog = stderr'
last_descriptor() { run env HOME="$1" LD_PRELOAD="$OBJECT" prlimit --nofile=4 "$ENTRY_POINTS" x connectdb -- "$good"; }
last_descriptor /nowhere
is "$(out status server) $(jq -c 'select(.event == "witness") | .reason' <<<"$ERR")" 'ok t null' 'no descriptor left: a certificate that is not there is not said to be'
last_descriptor "$HOME"
is "$(out status server) $(jq -r 'select(.event == "witness") | .reason' <<<"$ERR")" \
    'ok t the client certificate in ~/.postgresql is not used: it cannot be read' 'no descriptor left: one that is there is left out'

# sslrootcert = program: the root that libpq finds, wherever it does.
policy <<<'sslrootcert = program'
rm -rf "$dir"
mkdir -m 0755 "$dir"
cp "$PKI/root.pem" "$TEST_DIR/moved/.postgresql/root.crt"
rm "$TEST_DIR/moved/.postgresql/postgresql.crt"
root() { # NAME WANT COMMAND…: WANT: ok and the root's path, or the reason
    local name=$1 want=$2
    shift 2
    forget_events
    run sealed "$@" "$ENTRY_POINTS" x connectdb -- "$good"
    if [[ $want == ok* ]]; then
        is "$(out status server) $(events 'select(.event == "witness") | .root')" "ok t \"${want#ok }\"" "program: $name"
    else
        has "$(out status error)" "pgseal: refused: sslrootcert: $want" "program: $name: refused"
        has "$(reason failed)" "sslrootcert: $want" "program: $name: and the log says so"
    fi
}
root 'none' "$dir/root.crt: no such file; sslrootcert = program, but the program sets no root" env
cp "$PKI/root.pem" "$dir/root.crt"
root 'root.crt' "ok $dir/root.crt" env
root 'another HOME' "ok $TEST_DIR/moved/.postgresql/root.crt" env HOME="$TEST_DIR/moved"
root 'the password file' "ok $TEST_DIR/moved/.postgresql/root.crt" "${elsewhere[@]}"
chmod 0664 "$dir/root.crt"
root 'one that others may write' "$dir/root.crt: writable by users other than its owner" env
run "$pgseal" explain --json "$good"
has "$OUT" "sslrootcert: $dir/root.crt: writable by users other than its owner" 'explain says so'
"$pgseal" explain "$good" >/dev/null 2>&1 && status=0 || status=$?
is "$status" 1 'with exit status 1'
policy <<<$'mode = audit\nsslrootcert = program'
forget_events
run sealed "$ENTRY_POINTS" x connectdb -- "$good"
is "$(out status server) $(verdicts)" 'ok t refuse/would-refuse' 'audit mode: connected, and would be refused'
has "$(reason refuse)" "sslrootcert: $dir/root.crt: writable by users other than its owner" 'audit mode: the log says why'
run sealed "$ENTRY_POINTS" x connectdb env:HOME=/nowhere -- "$good sslmode=disable"
has "$(events 'select(.event == "refuse") | .reason')" 'sslrootcert: /nowhere/.postgresql/root.crt: no such file' 'audit mode: none there'
# A section in audit mode inside an enforcing policy, and program in either place.
for policy in $'sslrootcert = program\n[host localhost]\nmode = audit' \
    "sslrootcert = $PKI/root.pem"$'\n[host localhost]\nmode = audit\nsslrootcert = program'; do
    where=${policy%%$'\n'*}
    policy <<<"$policy"
    forget_events
    run sealed "$ENTRY_POINTS" x connectdb -- "$good sslmode=disable"
    is "$(out status server) $(verdicts)" 'ok f refuse/would-refuse' "audit section, $where: connected as bare, and would be refused"
    has "$(reason refuse)" "sslrootcert: $dir/root.crt: writable by users other than its owner" "audit section, $where: the log says why"
    forget_events
    run sealed "$ENTRY_POINTS" x connectdb env:HOME="$TEST_DIR/moved" -- "$good sslmode=disable"
    is "$(out status server) $(verdicts)" 'ok f downgrade/would-seal' "audit section, $where: root.crt: connected as bare, and would be sealed"
    is "$(events '.changes | select(.) | .[] | select(.option == "sslrootcert") | [.source, .enforced]')" \
        "[\"default\",\"$TEST_DIR/moved/.postgresql/root.crt\"]" "audit section, $where: the log has the root that libpq would find"
    forget_events
    run sealed "$ENTRY_POINTS" x connectdb -- "$good sslmode=disable sslrootcert=$PKI/root.pem"
    is "$(out status server) $(verdicts) $(asked)" 'ok f downgrade/would-seal sslmode conninfo disable verify-full' \
        "audit section, $where: the program's own root asks for no less"
done
policy <<<'sslrootcert = program'
chmod 0644 "$dir/root.crt"
cat "$PKI/crl.pem" >>"$dir/root.crt"
root 'one with a CRL in it' "$dir/root.crt: contains a block other than CERTIFICATE" env
cp "$PKI/root.pem" "$dir/root.crt"
forget_events
run sealed "$ENTRY_POINTS" x connectdb reset=sync "between=cp $PKI/foreign.pem $dir/root.crt" -- "$good"
is "$(jq -r .status <<<"$OUT" | paste -sd ' ')" 'ok bad' 'program: another root by PQreset: the server is not verified by it'

# A service file that comes to name an engine between the look and the connection.
mkdir "$TEST_DIR/engines"
gcc -shared -fPIC -o "$TEST_DIR/engines/leaves.so" "$TEST_TOP/tests/integration/src/engine.c" -lcrypto
policy <<<"sslrootcert = $PKI/root.pem"
swapped() { # COMMAND…
    printf '[s]\nhost=localhost\nport=%s\n' "$G" >"$TEST_DIR/race.conf"
    { cat "$TEST_DIR/race.conf" && printf 'sslcert=%s\nsslkey=leaves:slot\n' "$PKI/client.crt"; } >"$TEST_DIR/race.new"
    rm -f "$TEST_DIR/loaded"
    run env OPENSSL_ENGINES="$TEST_DIR/engines" ENGINE_LOADED="$TEST_DIR/loaded" SWAP_FILE="$TEST_DIR/race.conf" \
        SWAP_WITH="$TEST_DIR/race.new" PGSERVICEFILE="$TEST_DIR/race.conf" "$@" "$ENTRY_POINTS" x connectdb -- 'service=s user=app dbname=app'
}
swapped env LD_PRELOAD="$TEST_TOP/build/tests/swap.so" SWAP_AT=1
is "$(ls "$TEST_DIR/loaded" 2>&1)" "$TEST_DIR/loaded" 'bare: the engine is loaded'
for at in 1 2 3 4; do
    forget_events
    swapped env LD_PRELOAD="$OBJECT:$TEST_TOP/build/tests/swap.so" SWAP_AT=$at
    nok "a service file that comes to name an engine, look $at: none is loaded" test -e "$TEST_DIR/loaded"
    [[ $at != 2 ]] || has "$(out error) $(reason failed)" 'pgseal: refused: sslkey names an engine' 'the program and the log are told'
done

# Its own choice is its own.
pair 0644
run sealed "$ENTRY_POINTS" x connectdb -- "$good sslcert=$dir/postgresql.crt sslkey=$dir/postgresql.key"
has "$(out error)" 'group or world access' 'a certificate that the program names is not left out'
policy <<<"mode = audit"
pair 0644
forget_events
run sealed "$ENTRY_POINTS" x connectdb -- "$good $full"
has "$(out status error)" 'bad' 'audit mode changes nothing'

run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" 'is not used: its key is accessible to users other than its owner' 'explain says what enforce would do'

# explain: which certificate is sent, and what is wrong with the pair.
policy <<<"sslrootcert = $PKI/root.pem"
run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" "the client certificate in ~/.postgresql is not used: its key is accessible to users other than its owner" 'explain says that it is left out'
pair 0600
run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" "A server that asks for a client certificate will be sent $dir/postgresql.crt" 'explain says which certificate is shown'
has "$OUT" 'it must trust its issuer' 'and that the server must know its CA'
mkfifo "$TEST_DIR/pipe"
for option in sslcert sslkey; do
    run timeout 10 "$pgseal" explain --json "$good $option=$TEST_DIR/pipe"
    is "$RC" 0 "explain waits for no $option that is a pipe"
done
pair 0600 "$PKI/good.key"
run sealed "$ENTRY_POINTS" x connectdb -- "$good"
like "$(out error)" 'key values mismatch|does not match private key' 'a mismatched pair fails, with the words of libpq'
run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" "$dir/postgresql.crt and $dir/postgresql.key do not match" 'explain says so'
done_testing
