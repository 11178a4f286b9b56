#!/bin/bash
# audit.t: in audit mode every connection is what it would have been without pgseal: the same parameters, the same result.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor nossl demanding
services=$TEST_DIR/services.conf
printf '[s]\nhost=localhost\nport=%s\ndbname=app\nuser=app\nsslmode=allow\n' "$(env_port good)" >"$services"
printf 'localhost:*:*:secret:hunter2-sesame\n' >"$HOME/.pgpass"
chmod 0600 "$HOME/.pgpass"
mkdir "$TEST_DIR/loose" # a password file that libpq warns of
cp "$HOME/.pgpass" "$TEST_DIR/loose/"
chmod 0644 "$TEST_DIR/loose/.pgpass"

table() {
    local server mode t p
    for server in good impostor nossl demanding; do
        p=$(env_port "$server")
        t="host=localhost port=$p dbname=app user=app"
        for mode in disable allow prefer require verify-ca verify-full; do
            echo "$server.$mode	connectdb	--	$t sslmode=$mode"
        done
        echo "$server.crl	connectdb	--	$t sslmode=verify-full sslrootcert=$PKI/root.pem sslcrl=$PKI/crl-mixed.pem"
        echo "$server.start	start	--	$t"
        echo "$server.ping	ping	--	$t"
        echo "$server.params	params	--	host=localhost	port=$p	user=app	dbname=app	gssencmode=prefer	sslmode"
        echo "$server.expanded	startparams	--	host=nowhere	dbname=$t	connect_timeout=9"
        echo "$server.plain	params0	--	host=localhost	port=$p	user=app	dbname=app=x"
        echo "$server.login	setdblogin	--	host=localhost	port=$p	user=app	dbname=app"
        echo "$server.login-expanded	setdblogin	--	host=nowhere	dbname=$t"
        echo "$server.socket	connectdb	--	host=$(env_socket_dir "$server") port=$p user=app dbname=app"
        echo "$server.hostaddr	connectdb	--	hostaddr=127.0.0.1 $t sslmode=prefer"
        echo "$server.pgpass	connectdb	--	host=localhost port=$p dbname=app user=secret"
        echo "$server.list	connectdb	--	host=localhost,localhost port=1,$p dbname=app user=app"
        echo "$server.environment	connectdb	env:PGHOST=localhost	env:PGPORT=$p	env:PGUSER=app	env:PGSSLMODE=require	--	"
        echo "$server.blank	connectdb	env:PGHOST=localhost	env:PGPORT=$p	env:PGUSER=app	--	  "
        echo "$server.compression	connectdb	--	$t sslcompression=1 ssl_min_protocol_version=TLSv1.3"
        echo "$server.engine	connectdb	--	$t sslkey=nothing:here sslcert=$PKI/client.crt"
    done
    echo "service	connectdb	env:PGSERVICEFILE=$services	--	service=s"
    echo "service-env	start	env:PGSERVICEFILE=$services	env:PGSERVICE=s	--	"
    echo "service-none	connectdb	env:PGSERVICEFILE=$services	--	service=none"
    echo "broken	connectdb	--	host"
    echo "broken-uri	connectdb	--	postgresql://[::1"
    echo "unknown	params	--	host=localhost	nonsense=1"
    echo "word	connectdb	--	foo"
    echo "bad-mode	connectdb	--	host=localhost sslmode=maybe"
    echo "bad-port	connectdb	--	host=localhost port=1,2,3"
    echo "nobody	connectdb	--	host=localhost port=1"
    echo "loose.bad-mode	connectdb	env:HOME=$TEST_DIR/loose	--	host=localhost sslmode=maybe"
    echo "loose.used	connectdb	env:HOME=$TEST_DIR/loose	--	host=localhost port=1"
    echo "loose.not-needed	connectdb	env:HOME=$TEST_DIR/loose	--	host=localhost port=1 password=own"
}
table >"$TEST_DIR/table"
bare "$ENTRY_POINTS" - <"$TEST_DIR/table" >"$TEST_DIR/bare.jsonl" 2>"$TEST_DIR/bare.err"
same() { # NAME
    forget_events
    sealed "$ENTRY_POINTS" - <"$TEST_DIR/table" >"$TEST_DIR/audit.jsonl" 2>"$TEST_DIR/audit.err"
    while IFS= read -r want <&3 && IFS= read -r got <&4; do
        [[ $want =~ \"row\":\"([^\"]*)\" ]] || true
        is "$got" "$want" "$1: ${BASH_REMATCH[1]}"
    done 3<"$TEST_DIR/bare.jsonl" 4<"$TEST_DIR/audit.jsonl"
    is "$(wc -l <"$TEST_DIR/audit.jsonl")" "$(wc -l <"$TEST_DIR/table")" "$1: every row"
    is "$(<"$TEST_DIR/audit.err")" "$(<"$TEST_DIR/bare.err")" "$1: nothing more on stderr"
    is "$(verdicts | tr ' ' '\n' | grep -vE '/would-|socket/allowed' | sort -u)" '' "$1: the log says what would have been"
    isnt "$(verdicts)" '' "$1: it says something"
}
policy <<<"mode = audit
sslrootcert = $PKI/root.pem
sslcrl = $PKI/crl.pem"
same audit
is "$(grep -c WARNING "$TEST_DIR/bare.err")" 2 'bare, libpq warns twice of a password file'
policy <<<"mode = audit
sslrootcert = program"
same "audit of the program's root"
policy <<<"mode = audit
sslrootcert = $PKI/root.pem
unlisted_hosts = refuse
unix_sockets = refuse
[host nothing.example]"
same 'audit that would refuse'

# Where a section allows it, libpq gets what was judged, in other words; PQconninfo shows no more than bare.
p=$(env_port good)
for how in 'mode = audit' 'exempt = a test'; do
    for t in "host=localhost port=$p sslmode=disable" "host=localhost hostaddr='' port=$p" "host=localhost,localhost port=1,$p" "host='' port=$p" \
        "host=$(env_socket_dir good) port=$p" "hostaddr=127.0.0.1 port=$p sslmode=require" "port=$p"; do
        no_policy
        run bare "$ENTRY_POINTS" x start -- "$t user=app dbname=app"
        bare=$OUT
        policy <<<"sslrootcert = $PKI/root.pem"$'\n'"[host *]"$'\n'"$how"
        run sealed "$ENTRY_POINTS" x start -- "$t user=app dbname=app"
        is "$OUT" "$bare" "a section with $how: $t"
    done
done
done_testing
