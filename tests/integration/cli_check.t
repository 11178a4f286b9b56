#!/bin/bash
# cli_check.t: `pgseal check`: what it shows about a good server, what it finds wrong with others, and what it
# advises; it sends no password in plaintext. `pgseal check -- COMMAND`: whether hooks fire in real runtimes.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}

_pki_sign "$PKI" intermediate notyet localhost v3_leaf 'DNS:localhost' 20480101000000Z 20491231000000Z
_pki_sign "$PKI" intermediate soon localhost v3_leaf 'DNS:*.example,DNS:localhost' 20200101000000Z \
    "$(date -u -d '+10 days 1 hour' +%Y%m%d%H%M%SZ)"
tee -a "$PKI/notyet.crt" >>"$PKI/soon.crt" <"$PKI/intermediate.pem"
env_start good impostor wrongname expired revoked nossl demanding notyet soon
printf '127.0.0.1 %s\n' db.internal exempt.internal audited.internal a.example x.a.example tls13.internal >>/etc/hosts
policy <<END
sslrootcert = $PKI/root.pem
sslcrl = $PKI/crl.pem

[host db.internal]
verify_as = prod.example

[host renamed.internal]
verify_as = gone.example

[host exempt.internal]
exempt = a test

[host audited.internal]
mode = audit

[host tls13.internal]
ssl_min_protocol_version = TLSv1.3
verify_as = localhost
END
at() { printf 'host=%s port=%s user=app dbname=app' "${2:-localhost}" "$(env_port "$1")"; } # SERVER [HOST]
as_superuser() { # SERVER SQL…
    local server=$1 sql
    shift
    for sql in "$@"; do
        psql -qXw "host=$(env_socket_dir "$server") port=$(env_port "$server") user=postgres dbname=postgres" -c "$sql" >/dev/null
    done
}
reload() { # SERVER: when this returns, new connections see the new settings
    log_mark "$1"
    as_superuser "$1" 'select pg_reload_conf()'
    local i
    for ((i = 0; i < 200; i++)); do
        log_since "$1" | grep -q 'received SIGHUP' && break
        sleep 0.02
    done
    sleep 0.2
}
check() { run "$pgseal" check "$@"; }
json() { check --json "$@"; }
field() { jq -r "$1" <<<"$OUT"; }
found() { field '[.findings[].finding] | join(" ")'; }
flat() { tr -s ' \n' ' ' <<<"$OUT"; }

# --- a good server, which takes plaintext too

json "$(at good)"
is "$RC $(found)" '1 takes-plaintext' 'good: nothing but that it also takes plaintext'
is "$(field '[.schema, .settings, .event, .action, .connected, .chain_verified] | join(" ")')" \
    'pgseal-check/1 /etc/pgseal/policy.conf seal sealed true true' 'good: connected as sealed'
is "$(field '[.host, .hostaddr, .port] | join(" ")')" "localhost 127.0.0.1 $(env_port good)" 'good: whom it is about'
is "$(field '[.protocol, .cipher, .bits] | join(" ")')" 'TLSv1.3 TLS_AES_256_GCM_SHA384 256' 'good: protocol, cipher, bits'
is "$(field '.takes | [.["TLSv1.3"], .["TLSv1.2"], .older] | join(" ")')" 'yes yes no' 'good: versions that it takes'
is "$(field '[.verified_name, .matched] | join(" ")')" 'localhost DNS:localhost' 'good: how the name matched'
is "$(field '.chain | length')" 3 'good: the whole chain'
is "$(field '.chain[] | .subject')" "$(for name in good.crt intermediate.pem root.pem; do
    openssl x509 -in "$PKI/$name" -noout -subject -nameopt RFC2253 | sed 's/^subject=//; s/,/, /'
done)" 'good: subjects'
is "$(field '.chain[] | .issuer')" "$(for name in good.crt intermediate.pem root.pem; do
    openssl x509 -in "$PKI/$name" -noout -issuer -nameopt RFC2253 | sed 's/^issuer=//; s/,/, /'
done)" 'good: issuers'
is "$(field '.chain[0].names | join(" ")')" 'DNS:localhost DNS:prod.example DNS:b.example IP:127.0.0.1' 'good: names'
is "$(field '.chain[0].days_left')" $((($(date -ud 2049-12-31 +%s) - $(date +%s)) / 86400)) 'good: days left'
is "$(field '.chain[0].sha256')" "$(openssl x509 -in "$PKI/good.crt" -outform DER | sha256sum | cut -d' ' -f1)" 'good: SHA-256'
is "$(field '.root | [.file, .line, .subject] | join(" ")')" "$PKI/root.pem 1 CN=good root, O=pgseal test" 'good: the root'
is "$(field '.server.pg_stat_ssl | [.ssl, .version, .cipher, .bits] | join(" ")')" 't TLSv1.3 TLS_AES_256_GCM_SHA384 256' \
    'good: pg_stat_ssl'
is "$(field '.server.sslinfo | [.ssl_is_used, .ssl_version, .ssl_cipher] | join(" ")')" 't TLSv1.3 TLS_AES_256_GCM_SHA384' \
    'good: sslinfo'
is "$(field '.takes_plaintext + ": " + .plaintext_answer')" 'yes: it went on to authentication' 'good: it takes plaintext'
in_app() { psql -qXAtw "host=$(env_socket_dir good) port=$(env_port good) user=postgres dbname=app" -c "$1" >/dev/null; }
in_app 'create schema "odd ""name"; grant usage on schema "odd ""name" to public; alter extension sslinfo set schema "odd ""name"'
json "$(at good)"
is "$(field '.server.sslinfo | [.ssl_is_used, .ssl_version, .ssl_cipher] | join(" ")')" 't TLSv1.3 TLS_AES_256_GCM_SHA384' \
    'good: sslinfo, in whatever schema'
in_app "create or replace function \"odd \"\"name\".ssl_is_used() returns bool language plpgsql as
    \$\$begin raise notice E'\\x1b]0;title\\x07 übel\\nsecond'; return true; end\$\$"
check "$(at good)"
has "$ERR" 'NOTICE:  \x1b]0;title\x07 übel'$'\n''second' 'good: no control character of a notice reaches the terminal'
in_app 'drop extension sslinfo'
json "$(at good)"
is "$(field '.server | has("sslinfo"), has("pg_stat_ssl")' | paste -sd ' ')" 'false true' 'good: sslinfo only where it is installed'
cat "$PKI/foreign.pem" "$PKI/root.pem" >"$TEST_DIR/bundle.pem"
sed "s|^sslrootcert = .*|sslrootcert = $TEST_DIR/bundle.pem|" /etc/pgseal/policy.conf >"$TEST_DIR/bundle.conf"
json --policy "$TEST_DIR/bundle.conf" "$(at good)"
is "$(field '.root.line')" $(($(wc -l <"$PKI/foreign.pem") + 1)) 'which root of a bundle'
check "$(at good)"
is "$RC" 1 'text: exit status'
has "$(flat)" "Root CN=good root, O=pgseal test ($PKI/root.pem:1)" 'text: the root'
has "$(flat)" 'the server also accepts plaintext from this user' 'text: plaintext'
has "$(flat)" 'rds.force_ssl' 'text: what to do'
is "$(awk 'length > 80' <<<"$OUT")" '' 'text: 80 columns'
hasnt "$OUT" $'\033' 'no colour but on a terminal'
has "$(TERM=xterm script -qec "stty cols 80; '$pgseal' check '$(at good)'" /dev/null)" $'\033[' 'colour on a terminal'

# --- no password outside TLS; no question where none is wanted

printf '%s\n' 'local all all trust' 'host all secret 127.0.0.0/8 password' 'host all all 127.0.0.0/8 trust' \
    >"$TEST_DIR/srv/good/pg_hba.conf"
reload good
secret="$(at good) user=secret password=hunter2-sesame"
log_mark good
json "$secret"
is "$RC $(found) $(field .connected)" '1 takes-plaintext true' 'with a password: connected, and plaintext would be taken'
is "$(sessions good | cut -d' ' -f2 | sort -u)" ssl 'with a password: no session outside TLS'
is "$(log_since good | grep -c 'connection authenticated')" 1 'with a password: it was sent once'
hasnt "$OUT$ERR" hunter2 'with a password: it is not shown'
log_mark good
json --no-plaintext-probe "$secret"
is "$RC $(found)" '0 ' '--no-plaintext-probe: nothing found'
is "$(field .takes_plaintext)" null '--no-plaintext-probe: not asked'
printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.0/8 trust' >"$TEST_DIR/srv/good/pg_hba.conf"
reload good
json "$(at good)"
is "$RC $(found)" '0 ' 'hostssl only: nothing found'
is "$(field .takes_plaintext)" no 'hostssl only: plaintext is refused'
has "$(field .plaintext_answer)" 'no encryption' 'hostssl only: in the words of the server'
check "$(at good)"
is "$RC" 0 'hostssl only, text: exit status'
has "$OUT" 'Nothing found.' 'hostssl only, text: it says so'

# --- what is wrong, and what to do

wrong() { # SERVER FINDING TEXT ADVICE
    log_mark "$1"
    json "$(at "$1")"
    is "$RC $(found) $(field .connected)" "1 $2 false" "$1: $2"
    has "$(field '.findings[0].text')" "$3" "$1: the text"
    has "$(field '.findings[0].advice')" "$4" "$1: the advice"
    is "$(sessions "$1")" '' "$1: no session"
    is "$(field .takes_plaintext)" null "$1: nobody that is not verified is told a user's name"
    hasnt "$(log_since "$1")" 'user=app' "$1: nor does the server know it"
}
wrong impostor unknown-root "the chain names the CA \"CN=foreign root, O=pgseal test\", which is not in $PKI/root.pem" 'root file'
wrong wrongname wrong-name 'not for "localhost" but for DNS:elsewhere.example' '[host localhost] verify_as = elsewhere.example'
wrong expired expired 'the certificate of "CN=localhost, O=pgseal test": certificate has expired' 'Renew'
wrong revoked revoked 'certificate revoked' 'a new certificate'
wrong notyet not-yet-valid 'certificate is not yet valid' 'clocks'
wrong nossl no-tls 'no TLS' 'ssl = on'
json "$(at impostor)"
is "$(field '.chain[0].issuer')" 'CN=foreign root, O=pgseal test' 'impostor: its chain is shown'
is "$(field '.chain_verified')" false 'impostor: as not verified'
check "$(at wrongname)"
has "$(flat)" 'Name localhost, matched by none' 'wrongname, text'
has "$(flat)" 'Sealed no: ' 'wrongname, text: not sealed'
grep -v '^sslcrl' /etc/pgseal/policy.conf >"$TEST_DIR/no-crl.conf"
json --policy "$TEST_DIR/no-crl.conf" "$(at revoked)"
is "$(field .connected)" true 'revoked: without a CRL nobody knows'
sed "s|^sslcrl = .*|sslcrl = $PKI/crl-root.pem|" /etc/pgseal/policy.conf >"$TEST_DIR/half-crl.conf"
json --policy "$TEST_DIR/half-crl.conf" "$(at good)"
is "$RC $(found) $(field .connected)" '1 no-crl false' 'a CRL file that lacks a CA'

json "$(at demanding)"
is "$RC $(found)" '1 cannot-authenticate' 'demanding: cannot authenticate'
has "$(field '.findings[0].text')" 'requires a valid client certificate' 'demanding: why'
is "$(field .takes_plaintext)" no 'demanding: it was verified, so that it could be asked'
printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.0/8 scram-sha-256' >"$TEST_DIR/srv/good/pg_hba.conf"
reload good
json "$(at good) user=secret"
is "$RC $(found)" '1 cannot-authenticate' 'no password: cannot authenticate'
has "$(field '.findings[0].text')" 'no password supplied' 'no password: why'
json "$(at good) user=secret password=wrong-sesame"
is "$RC $(found)" '1 cannot-authenticate' 'a wrong password: cannot authenticate'
has "$(field '.findings[0].text')" 'password authentication failed for user "secret"' 'a wrong password: why'
hasnt "$OUT$ERR" sesame 'a wrong password: it is not shown'
printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.0/8 trust' >"$TEST_DIR/srv/good/pg_hba.conf"
reload good
json "$(at good) dbname=nowhere"
is "$RC $(found)" '1 cannot-connect' 'no such database'
has "$(field '.findings[0].text')" 'The server was verified' 'no such database: it is not the TLS'
json "host=localhost port=1 user=app"
is "$RC $(found)" '1 cannot-connect' 'nobody listens'
json "host=nowhere.invalid user=app"
is "$RC $(found)" '1 cannot-connect' 'no such host'
has "$(field '.findings[0].advice')" resolver 'no such host: what to do'

# --- certificates that end soon, wildcards, versions

json "$(at soon)"
has " $(found) " ' expiring ' 'soon: expiring'
has "$(field '.findings[] | select(.finding == "expiring").text')" 'expires in 10 days' 'soon: when'
json --days 5 "$(at soon)"
hasnt " $(found) " ' expiring ' 'soon: not within 5 days'
json "$(at soon a.example)"
is "$(field '[.connected, .matched] | join(" ")')" 'true DNS:*.example' 'a wildcard'
json "$(at soon x.a.example)"
is "$(field '[.connected, .matched // "nothing"] | join(" ")')" 'false nothing' 'a wildcard stands for one label'
as_superuser good "alter system set ssl_max_protocol_version = 'TLSv1.2'"
reload good
json "$(at good)"
is "$RC $(field '.takes | [.["TLSv1.3"], .["TLSv1.2"], .older] | join(" ")')" '0 no yes no' 'a server that stops at TLS 1.2'
is "$(field .protocol)" TLSv1.2 'a server that stops at TLS 1.2: spoken'
json "$(at good tls13.internal)"
is "$RC $(found) $(field .connected)" '1 weak-tls false' 'a server that stops at TLS 1.2, where the policy wants 1.3'
has "$(field '.findings[0].text')" 'TLSv1.2 at most, and the policy requires TLSv1.3' 'it says so'
as_superuser good 'alter system reset ssl_max_protocol_version' "alter system set ssl_min_protocol_version = 'TLSv1'" \
    "alter system set ssl_ciphers = 'ALL:@SECLEVEL=0'"
reload good
json "$(at good)"
is "$RC $(found) $(field .takes.older)" '1 weak-tls yes' 'a server that takes TLS 1.1'
as_superuser good 'alter system reset all'
reload good

# --- the policy's own

json "$(at good db.internal)"
is "$RC $(field '[.connected, .verified_name, .matched, .host] | join(" ")')" '0 true prod.example DNS:prod.example prod.example' \
    'verify_as: dialled under one name, verified under another'
json "$(at good renamed.internal) hostaddr=127.0.0.1"
is "$RC $(found)" '1 wrong-name' 'verify_as: a wrong one'
has "$(field '.findings[0].advice')" 'correct the policy' 'verify_as: a wrong one: what to do'
printf '*:*:*:secret:hunter2-sesame\n' >"$TEST_DIR/all.pgpass"
printf 'db.internal:*:*:secret:hunter2-sesame\n' >"$TEST_DIR/old.pgpass"
chmod 0600 "$TEST_DIR"/*.pgpass
printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.0/8 scram-sha-256' >"$TEST_DIR/srv/good/pg_hba.conf"
reload good
json "$(at good db.internal) user=secret passfile=$TEST_DIR/old.pgpass"
is "$RC $(field .connected)" '0 true' 'verify_as: the password of the old name is found'
printf '%s\n' 'local all all trust' 'hostssl all all 127.0.0.0/8 trust' >"$TEST_DIR/srv/good/pg_hba.conf"
reload good
json "$(at nossl exempt.internal)"
is "$RC $(found) $(field .event)" '1 no-tls exempt' 'exempt: checked as if it were not'
has "$(field .note)" exempts 'exempt: it says so'
json "$(at good audited.internal)"
is "$RC $(found) $(field .action)" '1 wrong-name would-seal' 'audited: checked as if enforced'
has "$(field .note)" audits 'audited: it says so'
log_mark good
json "$(at good) sslkey=engine:key"
is "$RC $(found)" '1 refused-by-policy' 'refused by the policy'
has "$(field '.findings[0].text')" 'pgseal: refused: sslkey names an engine' 'refused by the policy: why'
is "$(contacts good)" 0 'refused by the policy: nobody was asked'
json "$(at good) sslmode=disable"
is "$RC $(field '[.event, .connected, .protocol] | join(" ")')" '0 downgrade true TLSv1.3' 'what asks for less is sealed all the same'
json "hostaddr=127.0.0.1 port=$(env_port good) user=app dbname=app"
is "$RC $(found)" '1 wrong-name' 'an address alone has no name'
has "$(field '.findings[0].advice')" '[host 127.0.0.1] verify_as = localhost' 'an address alone: what to do'
json "host=localhost,localhost port=$(env_port good),$(env_port wrongname) user=app dbname=app"
is "$RC $(found) $(field .connected)" '1 wrong-name true' 'a list: the second host is looked at too'
has "$(field '.findings[0].text')" "port $(env_port wrongname)" 'a list: it says which'
json "host=$(env_socket_dir good) port=$(env_port good) user=app dbname=app"
is "$RC $(found) $(field .connected)" '0  false' 'a socket has no TLS to check'
has "$(field .note)" 'Unix socket' 'a socket: it says so'

# --- commands

server=$(at good)
command() { run "$pgseal" check --json --lib "$OBJECT" -- "$@"; }
no_policy
export PGSEAL_SSLROOTCERT=$PKI/root.pem
fires() { # NAME ENTRY WAY EXE OBJECT HOOKS COMMAND…
    local name=$1 entry=$2 way=$3 exe=$4 object=$5 hooks=$6
    shift 6
    log_mark good
    command "$@"
    is "$RC $(field '.fired, .loaded, .exit_status' | paste -sd ' ')" '0 true true 0' "$name: the hooks fired"
    is "$(field '.attempts[0] | [.entry, .way, .event, .action] | join("|")')" "$entry|$way|downgrade|sealed" "$name: the way in"
    like "$(field '.attempts[0].exe')" "$exe" "$name: the program"
    like "$(field '.attempts[0].object')" "$object" "$name: who called"
    like "$(field '.attempts[0] | .libpq + " " + (.libpq_version | tostring)')" '/libpq\.so\.5 1[0-9]{5}$' "$name: which libpq"
    is "$(field '.processes[0].hooks | join(" ")')" "$hooks" "$name: which hooks"
    is "$(sessions good | cut -d' ' -f2)" ssl "$name: the connection was made"
}
fires psql PQconnectdbParams 'linked to the program' '/psql$' '/psql$' PQconnectdbParams psql -XAtw "$server sslmode=disable" -c 'select 1'
has "$ERR" 1 'psql: its output is on standard error'
fires 'a child' PQconnectdbParams 'linked to the program' '/psql$' '/psql$' PQconnectdbParams \
    sh -c "psql -XAtw '$server sslmode=disable' -c 'select 1'; true"
# shellcheck disable=SC2016 # PHP's
fires PHP PQconnectdb 'module, RTLD_DEEPBIND' '/php' '/pgsql\.so$' 'PQconnectdb dlopen' \
    php -r 'pg_connect($argv[1]);' "$server sslmode=disable"
fires psycopg2 PQconnectdb module '/python3' '/_psycopg' PQconnectdb \
    /usr/bin/python3 -c 'import psycopg2, sys; psycopg2.connect(sys.argv[1])' "$server sslmode=disable"
fires 'psycopg 3' PQconnectStart 'foreign functions, dlsym' '/python3' 'ffi|ctypes' 'PQconnectStart dlsym' \
    /usr/bin/python3 -c 'import psycopg, sys; psycopg.connect(sys.argv[1])' "$server sslmode=disable"
fires Ruby PQconnectStart module '/ruby' '/pg_ext\.so$' 'PQconnectStart PQconndefaults' ruby -e 'require "pg"; PG.connect(ARGV[0])' "$server sslmode=disable"
command psql -XAtw 'host=localhost port=1' -c 'select 1'
is "$RC $(field '.fired, .exit_status' | paste -sd ' ')" '0 true 2' 'a connection that fails has fired the hooks all the same'

silent() { # NAME FINDING TEXT COMMAND…
    local name=$1 finding=$2 text=$3
    shift 3
    command "$@"
    is "$RC $(field '[.fired, .finding] | join(" ")')" "1 false $finding" "$name: no hook fired"
    has "$(field .text)" "$text" "$name: why"
}
silent Java no-door 'JDBC drivers implement the protocol themselves' java -version
printf 'int main(void) { return 0; }\n' >"$TEST_DIR/nothing.c"
gcc -static -o "$TEST_DIR/static" "$TEST_DIR/nothing.c"
silent 'a static program' static 'is static' "$TEST_DIR/static"
silent 'a program without a connection' no-door 'no libpq function' sleep 0.3
cp /bin/sleep "$TEST_DIR/setuid"
chown "$TESTUSER" "$TEST_DIR/setuid"
chmod 4755 "$TEST_DIR/setuid"
silent 'a setuid program' not-loaded 'setuid' "$TEST_DIR/setuid" 0.3
command /nowhere/at/all
is "$RC$OUT" 2 'a command that is not there'
has "$ERR" 'No such file' 'a command that is not there: why'
run "$pgseal" check --lib /nowhere.so -- true
is "$RC $ERR" '2 pgseal: --lib /nowhere.so: No such file or directory' 'an object that is not there'
run "$pgseal" check --lib "$OBJECT" -- psql -XAtw "$server" -c 'select 1'
is "$RC" 0 'a command, text: exit status'
has "$OUT" 'The hooks fired.' 'a command, text: it says so'
is "$(awk 'length > 80' <<<"$OUT")" '' 'a command, text: 80 columns'
is "$(find /tmp -maxdepth 1 -name 'pgseal-check.*' -newer "$TEST_DIR/nothing.c" | wc -l)" 0 'no log is left behind'

policy <<<"sslrootcert = $PKI/root.pem"
forget_events
printf '{"schema":"pgseal/1","event":"process","entry":"old"}\n' >"$EVENTS"
command psql -XAtw "$server" -c 'select 1'
is "$RC $(field '[.settings, .sink, (.processes | length), (.attempts | length)] | join(" ")')" '0 /etc/pgseal/policy.conf file 1 1' \
    'a policy in force: its own log is read, from where it stood'
policy <<END
log = stderr
sslrootcert = $PKI/root.pem
END
command psql -XAtw "$server" -c 'select 1'
is "$RC $(field '[.sink, (.attempts | length)] | join(" ")')" '0 stderr 1' 'a policy whose log is standard error'
has "$ERR" '"event":"seal"' 'the lines go on to standard error'
policy <<END
log = none
sslrootcert = $PKI/root.pem
END
command psql -XAtw "$server" -c 'select 1'
is "$RC $(field .finding)" '1 log-hidden' 'a policy without a log: it says that nothing can be seen'
touch "$TEST_DIR/log/roots-own" && chmod 600 "$TEST_DIR/log/roots-own"
worker() { setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "$1; sleep 0.5"; }
export -f worker
export server ENTRY_POINTS
no_policy
# shellcheck disable=SC2016 # the inner shell's
closed='exec 2>&-; "$ENTRY_POINTS" x connectdb -- "$server" >/dev/null'
# shellcheck disable=SC2016
command bash -c 'worker '"'$closed'"
is "$RC $(field '[.attempts[0].event, .attempts[0].entry] | join(" ")')" '0 seal PQconnectdb' \
    'a worker that has given up root, without standard error: its lines come all the same'
policy <<END
log = file:$TEST_DIR/log/roots-own
log_level = all
sslrootcert = $PKI/root.pem
END
command bash -c 'worker "\"$ENTRY_POINTS\" x connectdb -- \"\$server\" >/dev/null"'
is "$RC $(field '.attempts[0].event')" '0 seal' 'a worker that may not write the log: what it hands on is found'
has "$(field .log_fault)" "log = file:$TEST_DIR/log/roots-own: permission denied" 'and why it was handed on'
has "$(field .log_fault)" '(user 65534)' 'and by whom'
command bash -c 'worker '"'$closed'"
is "$RC $(field '[.fired, .finding] | join(" ")')" '1 false log-hidden' 'a worker whose lines are lost: not taken for no call'
has "$(field .text)" "ran as user 65534, which cannot write the log ($TEST_DIR/log/roots-own)" 'a worker whose lines are lost: why'
run "$pgseal" check --policy "$TEST_DIR/bundle.conf" --lib "$OBJECT" -- true
is "$RC" 2 'another policy than the one in force cannot be'
no_policy
{ printf 'log = file:%s\nlog_level = all\n' "$TEST_DIR/log/named"; grep -v '^log' "$TEST_DIR/bundle.conf"; } >"$TEST_DIR/named.conf"
run "$pgseal" check --json --policy "$TEST_DIR/named.conf" --lib "$OBJECT" -- psql -XAtw "$server" -c 'select 1'
is "$RC $(field '[.settings, (.attempts | length)] | join(" ")')" "0 $TEST_DIR/named.conf 1" '--policy for a command'

# --- usage

for wrong in '' '--nonsense x' 'a b' '--days x host=y' '--lib x host=y' 'nonsense' '--'; do
    # shellcheck disable=SC2086
    check $wrong
    is "$RC$OUT" 2 "wrong usage: ${wrong:-nothing}"
done
check --help
is "$RC" 0 '--help'
has "$OUT" 'Exit status: 0' '--help documents the exit status'
is "$(awk 'length > 80' <<<"$OUT")" '' '--help: 80 columns'

done_testing
