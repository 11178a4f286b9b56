#!/bin/bash
# cli_check_more.t: `pgseal check`: weak certificates and bad chains, servers that only pretend to have TLS, a pooler
# in between, the advice if there is no session. No password and no user name reaches a server that cannot be
# verified.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}

# leaf NAME CA DIGEST [EXTENSION]: a certificate for localhost, with all that is above it behind it.
serial=7000
leaf() {
    [[ -f $PKI/$1.key ]] || openssl ecparam -genkey -name prime256v1 -noout -out "$PKI/$1.key"
    openssl req -new -key "$PKI/$1.key" -subj '/O=pgseal test/CN=localhost' |
        openssl x509 -req "-$3" -CA "$PKI/$2.pem" -CAkey "$PKI/$2.key" -set_serial $((++serial)) -days 3650 \
            -extfile <(printf 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n%s\n' "${4:-}") \
            -out "$PKI/$1.crt" 2>"$TEST_DIR/leaf.log"
    [[ $2 == intermediate ]] || cat "$PKI/$2.pem" >>"$PKI/$1.crt"
    cat "$PKI/intermediate.pem" >>"$PKI/$1.crt"
}
openssl genrsa -out "$PKI/small.key" 1024 2>"$TEST_DIR/genrsa.log"
leaf small intermediate sha256
leaf oldhash intermediate sha1
openssl x509 -in "$PKI/good.crt" -out "$PKI/good.pem"
leaf below good sha256
leaf clients intermediate sha256 'extendedKeyUsage=clientAuth'
# Servers that OpenSSL would not let have such a certificate here.
printf 'openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nCipherString = DEFAULT@SECLEVEL=0\n' >"$TEST_DIR/lax.cnf"
export OPENSSL_CONF=$TEST_DIR/lax.cnf
env_start small oldhash below clients
unset OPENSSL_CONF
env_start good impostor
policy <<<"sslrootcert = $PKI/root.pem"
at() { printf 'host=localhost port=%s user=app dbname=app' "$(env_port "$1")"; }
json() { run "$pgseal" check --json "$@"; }
field() { jq -r "$1" <<<"$OUT"; }
found() { field '[.findings[].finding] | join(" ")'; }
text() { run "$pgseal" check "$@"; }
flat() { tr -s ' \n' ' ' <<<"$OUT"; }

# --- certificates

refused() { # SERVER FINDING TEXT ADVICE: and nobody is told a user's name
    log_mark "$1"
    json "$(at "$1")"
    is "$RC $(found | tr " " "\n" | uniq) $(field '[.connected, .chain_verified] | join(" ")')" "1 $2 false false" "$1: $2"
    has "$(field '.findings[0].text')" "$3" "$1: the text"
    has "$(field '.findings[0].advice // ""')" "$4" "$1: the advice"
    is "$(field .takes_plaintext)" null "$1: not asked whether it takes plaintext"
    hasnt "$(log_since "$1")" 'user=app' "$1: not told a user's name"
}
refused small weak-certificate 'EE certificate key too weak' 'RSA of 2048 bits or more'
refused oldhash weak-certificate 'CA signature digest algorithm too weak' 'SHA-256'
refused below bad-chain "the certificate of \"CN=localhost, O=pgseal test\": invalid CA certificate" ''
refused clients bad-chain 'unsuitable certificate purpose' "Renew the server's certificate (its ssl_cert_file); its extendedKeyUsage must include serverAuth"
lax() { # SERVER WHAT: where OpenSSL lets it pass, it is told all the same
    OPENSSL_CONF=$TEST_DIR/lax.cnf json --no-plaintext-probe "$(at "$1")"
    is "$RC $(found) $(field .connected)" '1 weak-certificate true' "$1, where OpenSSL is lax: connected, and told"
    has "$(field '.findings[0].text')" "has a weak $2" "$1, where OpenSSL is lax: what is weak"
    has "$(field '.findings[0].advice')" 'Replace it' "$1, where OpenSSL is lax: the advice"
}
lax small key
lax oldhash signature

# --- TLS that is none

cat >"$TEST_DIR/pretend" <<'END'
"""pretend WHAT [BACKEND CERT KEY]: answers the question for TLS with yes, and then: nothing; garbage; anonymous: TLS without
a certificate; proxy: TLS up to here, and plaintext to BACKEND; mute: TLS, a login, and no answer to any query.
Or answers it with one of answers; reset: resets; silent: not at all; stalled: with yes, and nothing follows;
trickle: then a byte a second."""
import socket, ssl, struct, sys, threading, time
what = sys.argv[1]
answers = {"http": b"HTTP/1.1 400 Bad Request\r\n\r\n", "hangup": b"", "error": b"E\0\0\0\x17SFATAL\0C53000\0Mno\0\0"}
def copy(a, b):
    try:
        while data := a.recv(4096):
            b.sendall(data)
    except OSError:
        pass
    for s in a, b:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
def talk(c):
    c.settimeout(10)
    if what in answers:
        c.recv(8)
        c.sendall(answers[what])
        return
    if what == "reset":
        c.recv(4)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    if what == "trickle":
        c.recv(8)
        c.sendall(b"S\x16\x03\x03\x3f\x00\x02")
        while True:
            time.sleep(1)
            c.sendall(b"x")
    if what == "silent" or what == "stalled":
        c.recv(8)
        c.settimeout(60)
        c.sendall(b"S" if what == "stalled" else b"")
        while c.recv(4096):
            pass
        return
    if c.recv(8)[4:] != b"\x04\xd2\x16\x2f":
        text = b"SFATAL\0C08P01\0MSSL required\0\0"
        c.sendall(b"E" + (len(text) + 4).to_bytes(4, "big") + text)
        return
    c.sendall(b"S")
    if what == "garbage":
        c.recv(4096)
        c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    elif what != "nothing":
        x = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if what == "anonymous":
            x.maximum_version = ssl.TLSVersion.TLSv1_2
            x.set_ciphers("ADH:AECDH:@SECLEVEL=0")
        else:
            x.load_cert_chain(sys.argv[3], sys.argv[4])
        c = x.wrap_socket(c, server_side=True)
        if what == "mute":
            c.settimeout(60)
            c.recv(4096)
            c.sendall(b"R\0\0\0\x08\0\0\0\0" b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x02" b"Z\0\0\0\x05I")
            while c.recv(4096):
                pass
        if what == "proxy":
            backend = socket.create_connection(("127.0.0.1", int(sys.argv[2])), 10)
            threading.Thread(target=copy, args=(backend, c), daemon=True).start()
            copy(c, backend)
def serve(c):
    try:
        talk(c)
    except OSError:
        pass
    c.close()
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(16)
print(s.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
END
pretend() { # WHAT ARGUMENT…: leaves its port; env_stop knows it by WHAT
    python3 "$TEST_DIR/pretend" "$@" >"$TEST_DIR/$1.port" 2>"$TEST_DIR/$1.err" &
    _env_pid[$1]=$! _env_signal[$1]=TERM
    local i
    for ((i = 0; i < 500; i++)); do
        [[ ! -s $TEST_DIR/$1.port ]] || break
        sleep 0.02
    done
    port=$(<"$TEST_DIR/$1.port")
}
# A pooler that has no server to give, as long as it takes; meanwhile the others are tried.
cat "$PKI/good.crt" "$PKI/intermediate.pem" >"$TEST_DIR/mute.pem"
pretend mute - "$TEST_DIR/mute.pem" "$PKI/good.key"
timeout 60 "$pgseal" check --json "host=localhost port=$port user=app dbname=app" >"$TEST_DIR/mute.json" 2>&1 &
mute=$!
declare -A waiting
for what in silent stalled trickle; do
    pretend "$what"
    timeout 60 "$pgseal" check --json "host=localhost port=$port user=app dbname=app" >"$TEST_DIR/$what.json" 2>&1 &
    waiting[$what]=$!
done
for row in "http|its reply to SSLRequest is not PostgreSQL's." 'hangup|the server closed the connection, after SSLRequest.' \
    'reset|the server reset the connection, after SSLRequest.' 'error|the server answered SSLRequest with an error.'; do
    pretend "${row%%|*}"
    json "host=localhost port=$port user=app dbname=app"
    is "$RC $(found) $(field .connected)" '1 no-tls false' "${row%%|*} instead of an answer to SSLRequest: no-tls"
    is "$(field '.findings[0].text')" "localhost port $port: no TLS: ${row#*|}" "${row%%|*}: the text"
    is "$(field '.findings[0].advice')" 'Check that a PostgreSQL server listens there, and see its log.' "${row%%|*}: the advice"
done
for row in 'garbage|the TLS handshake failed: wrong version number' 'nothing|the TLS handshake failed: ' \
    'anonymous|the server sent no certificate'; do
    pretend "${row%%|*}"
    json "host=localhost port=$port user=app dbname=app"
    is "$RC $(found) $(field .connected)" '1 tls-failed false' "a server that answers with ${row%%|*}: tls-failed"
    has "$(field '.findings[0].text')" "localhost port $port: ${row#*|}" "a server that answers with ${row%%|*}: the text"
    text "host=localhost port=$port user=app dbname=app"
    is "$RC$(awk 'length > 80' <<<"$OUT")" 1 "a server that answers with ${row%%|*}, text: 80 columns"
done

# --- a pooler that ends TLS

pretend proxy "$(env_port good)" "$PKI/good.crt" "$PKI/good.key"
json "host=localhost port=$port user=app dbname=app"
is "$RC $(found) $(field .connected)" '1 tls-ends-before-server true' 'a pooler: tls-ends-before-server'
is "$(field .takes_plaintext)" no 'a pooler: takes no plaintext itself'
is "$(field '.server.pg_stat_ssl.ssl')" f 'a pooler: what the server says'
has "$(field '.findings[0].text')" 'The server itself sees no TLS' 'a pooler: the text'
has "$(field '.findings[0].advice')" 'pooler or proxy' 'a pooler: the advice'
env_stop proxy

# --- no password and no name reach a server that is not verified

word=hunter2-sesame name=somebody-else
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
recorder_start liar S --cert "$PKI/impostor.crt" --key "$PKI/impostor.key"
recorder_start plain N
for server in liar plain; do
    bare psql -XAt "host=localhost port=$(env_port "$server") sslmode=prefer user=$name password=$word dbname=app" -c '' \
        >"$TEST_DIR/psql.out" 2>&1 || true
    has "$(recorded "$server")$(recorded_tls "$server")" "$(hex "$word")" "$server: psql alone hands it the password"
    forget_recorded "$server"
    printf '*:*:*:*:%s\n' "$word" >"$TEST_DIR/passfile"
    chmod 0600 "$TEST_DIR/passfile"
    base="host=localhost port=$(env_port "$server") dbname=app"
    for how in conninfo environment passfile uri exempt; do
        policy <<<"sslrootcert = $PKI/root.pem"
        case $how in
        conninfo) json "$base user=$name password=$word sslmode=disable" ;;
        environment) PGUSER=$name PGPASSWORD=$word json "$base" ;;
        passfile) json "$base user=$name passfile=$TEST_DIR/passfile" ;;
        uri) json "postgresql://$name:$word@localhost:$(env_port "$server")/app?sslmode=allow" ;;
        exempt)
            policy <<<"sslrootcert = $PKI/root.pem"$'\n[host localhost]\nexempt = a test'
            json "$base user=$name password=$word sslmode=disable"
            ;;
        esac
        is "$RC $(field .connected)" '1 false' "$server, $how: not connected"
        isnt "$(recorded "$server")" '' "$server, $how: it was asked"
        bytes=$(recorded "$server")$(recorded_tls "$server")
        hasnt "$bytes" "$(hex "$word")" "$server, $how: no password in any byte"
        hasnt "$bytes" "$(hex "$name")" "$server, $how: no user's name, either"
        hasnt "$OUT$ERR" "$word" "$server, $how: nor is it shown"
        forget_recorded "$server"
    done
done
policy <<<"sslrootcert = $PKI/root.pem"

# --- advice where there is no session

json "$(at good) sslkey=engine:key"
is "$(found)" refused-by-policy 'refused by the policy'
has "$(field '.findings[0].advice')" 'pgseal explain' 'refused by the policy: the advice'
printf '%s\n' 'local all all trust' 'hostssl all secret 127.0.0.0/8 scram-sha-256' 'hostssl all all 127.0.0.0/8 trust' \
    >"$TEST_DIR/srv/good/pg_hba.conf"
env_stop good
_env_launch good
_env_wait good
json "$(at good) user=secret"
is "$(found)" cannot-authenticate 'no password'
has "$(field '.findings[0].advice')" 'PGPASSFILE' 'no password: the advice'
json "$(at good) dbname=nowhere"
is "$(found)" cannot-connect 'no such database'
has "$(field '.findings[0].advice')" "the database name" 'no such database: the advice'
json 'host=localhost port=1 user=app'
is "$(found)" cannot-connect 'nobody listens'
has "$(field '.findings[0].advice')" 'firewalls' 'nobody listens: the advice'
json 'host=nowhere.invalid user=app'
has "$(field '.findings[0].advice')" 'resolver' 'no such host: the advice'
for conninfo in "$(at good) sslkey=engine:key" "$(at good) user=secret" "$(at good) dbname=nowhere" "$(at small)" \
    'host=localhost port=1 user=app'; do
    advice=$("$pgseal" check --json "$conninfo" | jq -r '.findings[0].advice') || true
    text "$conninfo"
    has "$(flat)" "$advice" "text: the advice ${advice:0:40}"
    is "$(awk 'length > 80' <<<"$OUT")" '' 'text: 80 columns'
done

wait "$mute" && RC=0 || RC=$?
is "$RC $(jq -r '"\(.connected) \([.findings[].finding] | join(" "))"' "$TEST_DIR/mute.json")" '1 true no-answer' 'no answer to a query: it says so, in time'
for row in 'silent|no-tls|no TLS: no reply within 10 seconds, after SSLRequest.' \
    'stalled|tls-failed|the TLS handshake failed: no reply within 10 seconds.' \
    'trickle|tls-failed|the TLS handshake failed: no reply within 10 seconds.'; do
    IFS='|' read -r what finding words <<<"$row"
    wait "${waiting[$what]}" && RC=0 || RC=$?
    OUT=$(<"$TEST_DIR/$what.json")
    is "$RC $(found)" "1 $finding" "$what: it ends in time"
    has "$(field '.findings[0].text')" ": $words" "$what: the text"
done

# --- what is no server at all

for number in 0 99999 '-5432' 65537; do
    json "host=localhost port=$number user=app dbname=app"
    is "$RC $(found)" '1 cannot-connect' "port $number: cannot-connect"
    is "$(field '.findings[0].text')" "localhost port $number: the port is not a number from 1 to 65535." "port $number: the text"
done
json "host=localhost port=' $(env_port impostor) ' user=app dbname=app"
is "$RC $(found)" '1 unknown-root' 'a port with blanks, which libpq takes: the server is looked at'
json 'host=localhost port=0x10 user=app'
is "$RC $ERR" '2 pgseal: port is not a number' 'a port that is not a number'
json "postgresql://app:one:two@localhost/app"
is "$RC $(found)" '1 cannot-connect' 'a password with a colon, which libpq takes'
json 'postgresql://app:1/2@localhost/app'
has "$RC $ERR" '2 pgseal: the URI is split in the wrong place' 'a URI that is split in the wrong place'
# Settings as other programs separate them are one host name to libpq.
for row in "host|host=h;user=u;password=$word" "host|host=h,user=u,password=$word" "dbname|host=localhost dbname=d;password=$word" \
    "dbname|dbname=postgresql://u:$word@localhost/d" "user|host=localhost user=postgres://u:$word@h" "host|host='h password=$word'"; do
    for how in json text; do
        "$how" "${row#*|}"
        is "$RC $ERR" "2 pgseal: ${row%%|*} seems to contain a password: put blanks between settings, or give the URI alone" "$how: ${row#*|}"
        hasnt "$OUT$ERR" "$word" "$how: ${row#*|}: the password is not shown"
    done
done

# --- colour

terminal() { script -qec "stty cols 80; '$pgseal' check '$(at good)'" /dev/null; }
has "$(TERM=xterm terminal)" $'\033[' 'colour on a terminal'
hasnt "$(TERM=xterm NO_COLOR=1 terminal)" $'\033[' 'NO_COLOR: no colour'
has "$(TERM=xterm NO_COLOR='' terminal)" $'\033[' 'NO_COLOR, empty: colour'
hasnt "$(TERM=dumb terminal)" $'\033[' 'TERM=dumb: no colour'
done_testing
