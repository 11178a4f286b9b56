#!/bin/bash
# client_cert.t: a client certificate in ~/.postgresql that libpq could not use does not break a connection that never asked for
# it: it is left out, and the log says so. One that works goes on working.
pgseal_cli=${PGSEAL_CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}
env_start good demanding
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
    is "$(reason seal)" "the client certificate in ~/.postgresql is not used: $why" "$name: and the log says so"
    is "$(events 'select(.event == "seal") | .changes[] | select(.option == "sslcert") | [.source, .requested, .enforced]')" \
        '["default",null,"/dev/null/no-client-certificate"]' "$name: as a change"
}
works() { # NAME COMMAND…
    local name=$1
    shift
    forget_events
    run sealed "$@" "$ENTRY_POINTS" x connectdb "query=select session_user" -- "$demanding${extra:+ $extra}"
    is "$RC $(out status server)" '0 ok app' "$name: the server sees the certificate"
    is "$(reason seal)" '' "$name: nothing is left out"
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

# With a terminal somebody can answer.
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

# Its own choice is its own.
pair 0644
run sealed "$ENTRY_POINTS" x connectdb -- "$good sslcert=$dir/postgresql.crt sslkey=$dir/postgresql.key"
has "$(out error)" 'group or world access' 'a certificate that the program names is not left out'
policy <<<"mode = audit"
forget_events
run sealed "$ENTRY_POINTS" x connectdb -- "$good $full"
has "$(out status error)" 'bad' 'audit mode changes nothing'

# explain: which certificate is sent, and what is wrong with the pair.
policy <<<"sslrootcert = $PKI/root.pem"
run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" "the client certificate in ~/.postgresql is not used: its key is accessible to users other than its owner" 'explain says that it is left out'
pair 0600
run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" "A server that asks for a client certificate will be sent $dir/postgresql.crt" 'explain says which certificate is shown'
has "$OUT" 'it must trust its issuer' 'and that the server must know its CA'
pair 0600 "$PKI/good.key"
run sealed "$ENTRY_POINTS" x connectdb -- "$good"
like "$(out error)" 'key values mismatch|does not match private key' 'a mismatched pair fails, with the words of libpq'
run "$pgseal" explain --json "$good"
has "$(jq -r '.why | join(" ")' <<<"$OUT")" "$dir/postgresql.crt and $dir/postgresql.key do not match" 'explain says so'
done_testing
