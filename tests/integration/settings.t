#!/bin/bash
# settings.t: faults in policy files and variables are reported, with what to write instead, by the object,
# pgseal-run, explain and check alike; and names that only look like a host with a port.
cli=${CLI:-}
. "$(dirname "$0")/../lib/env.sh"
pgseal=${cli:-$TEST_TOP/build/pgseal}
pgseal_run=$TEST_TOP/build/pgseal-run

# Cloud SQL's certificates name an instance, and have no subjectAltName.
openssl req -new -newkey rsa:2048 -nodes -keyout "$PKI/cloud.key" -subj '/O=Example/CN=my-project:my-instance' \
    -out "$PKI/cloud.csr" 2>/dev/null
openssl x509 -req -in "$PKI/cloud.csr" -CA "$PKI/intermediate.pem" -CAkey "$PKI/intermediate.key" -days 90 \
    -out "$PKI/cloud.crt" 2>/dev/null
cat "$PKI/intermediate.pem" >>"$PKI/cloud.crt"
env_start good cloud
G=$(env_port good) C=$(env_port cloud)
w='user=app dbname=app sslmode=disable'

# --- a variable that pgseal does not know
# misspelt WANT NAME=VALUE…: each of the four says WANT, and nothing was dialled.
misspelt() {
    local want=$1
    shift
    log_mark good
    run sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$@" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G $w"
    has "$(out error)" "pgseal: refused: environment: $want" "$*: the program's error"
    is "$(jq -r 'select(.event == "refuse").reason' <<<"$ERR" | grep -cF "environment: $want")" 1 "$*: the log, once"
    run env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$@" "$pgseal_run" --lib "$OBJECT" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G $w"
    is "$RC" 125 "$*: pgseal-run: status 125"
    has "$ERR" "environment: $want" "$*: pgseal-run"
    run env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$@" "$pgseal" explain --json "host=localhost port=$G $w"
    is "$RC $(jq -r .verdict <<<"$OUT")" '1 refused' "$*: explain: refused"
    has "$(jq -r '.why[0]' <<<"$OUT")" "environment: $want" "$*: explain"
    run env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$@" "$pgseal" check --json "host=localhost port=$G $w"
    has "$(jq -r '.findings[].text' <<<"$OUT")" "environment: $want" "$*: check"
    is "$(contacts good)" 0 "$*: no connection"
}
misspelt 'PGSEAL_SSL_ROOT_CERT: unknown variable; the variables are PGSEAL_MODE' PGSEAL_SSL_ROOT_CERT="$PKI/root.pem"
misspelt 'PGSEAL_MOD: unknown variable' PGSEAL_MOD=audit
misspelt 'PGSEAL_SERVICEHOST: unknown variable' PGSEAL_SERVICEHOST=10.0.0.1
misspelt 'PGSEAL_MODE: unknown value "of"; use enforce or audit' PGSEAL_MODE=of
kubernetes=(PGSEAL_SERVICE_HOST=10.0.0.1 PGSEAL_SERVICE_PORT=443 PGSEAL_SERVICE_PORT_HTTPS=443 PGSEAL_PORT=tcp://10.0.0.1:443
    PGSEAL_PORT_443_TCP=tcp://10.0.0.1:443 PGSEAL_PORT_443_TCP_PROTO=tcp PGSEAL_PORT_443_TCP_PORT=443
    PGSEAL_PORT_443_TCP_ADDR=10.0.0.1 PGSEAL_HOOK_SERVICE_HOST=10.0.0.1 PGSEAL_HOOK_PORT_53_UDP_ADDR=10.0.0.1 PGSEAL_MOD=)
run sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_LOG=none "${kubernetes[@]}" "$ENTRY_POINTS" x connectdb -- \
    "host=localhost port=$G $w"
is "$(out status server)" 'ok t' 'what Kubernetes sets for a Service called pgseal, and an empty variable: sealed'
run env PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_LOG=none "${kubernetes[@]}" "$pgseal_run" --lib "$OBJECT" "$ENTRY_POINTS" x connectdb -- \
    "host=localhost port=$G $w"
is "$(out status server) $ERR" 'ok t ' 'the same under pgseal-run, which says nothing'
run env PGSEAL_SSLROOTCERT="$PKI/root.pem" "${kubernetes[@]}" "$pgseal" explain --json "host=localhost port=$G $w"
is "$(jq -r .verdict <<<"$OUT")" sealed 'and explain'
policy <<<"sslrootcert = $PKI/root.pem"
run sealed env PGSEAL_SSL_ROOT_CERT=x "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G $w"
is "$(out status server)" 'ok t' 'where a policy file is in force no variable counts, a misspelt one neither'
no_policy

# --- a policy's faults name what is accepted, and what could never match is one
fault() { # TEXT WANT
    local conf=$TEST_DIR/fault.conf
    printf 'log = none\n%b\n' "$1" >"$conf"
    run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
    is "$RC" 125 "$1: pgseal-run: status 125"
    has "$ERR" "$conf:$2" "$1: pgseal-run says where and what"
    run sealed env PGSEAL_POLICY="$conf" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G $w"
    has "$(out error)" "$conf:$2" "$1: the program's error"
}
fault 'mode = of' '2: mode: unknown value "of"; use enforce or audit'
fault 'sslroot = /x' '2: unknown key "sslroot"; the keys here are mode, sslrootcert'
fault '[host a]\nunlisted = x' '3: unknown key "unlisted"; the keys here are mode, sslrootcert, sslcrl, verify_as'
fault '[database a]' '2: unknown section "database"; a section is [host PATTERN]'
fault '[host 10.0.0.0/8]\nmode = audit' '2: host: an address with a prefix length matches nothing "10.0.0.0/8"; use a pattern such as 10.*'
fault '[host .example]' '2: host: no host name begins with a dot'
fault '[host a.example,b.example]' '2: host: a list matches nothing "a.example,b.example"; give each host its own section'
fault '[host db.example:*]' '2: host: a port is a number from 1 to 65535 "db.example:*"; without one, all ports match'
fault '[host a]\nverify_as = b.example:5432' '3: verify_as: must be a name without a port "b.example:5432"'
fault '[host a]\nverify_as = *.example' '3: verify_as: must be one name, not a pattern "*.example"'

# --- names with a colon
printf '127.0.0.1 %s\n' cloud.internal other.internal >>/etc/hosts
policy <<END
sslrootcert = $PKI/root.pem
[host cloud.internal]
verify_as = my-project:my-instance
[host other.internal]
verify_as = my-project:another
[host my-project:my-instance]
verify_as = localhost
[host his-project:*:$G]
verify_as = localhost
END
rows <<END
verified under the instance's name|ok t|downgrade/sealed rule [host cloud.internal]|host=cloud.internal port=$C $w
another server is refused under it|bad|downgrade/sealed rule [host cloud.internal]|host=cloud.internal port=$G $w
another instance's name is refused|bad|downgrade/sealed rule [host other.internal]|host=other.internal port=$C $w
a section names an instance|ok t|downgrade/sealed rule [host my-project:my-instance]|host=my-project:my-instance hostaddr=127.0.0.1 port=$G $w
a pattern of instances with a port|ok t|downgrade/sealed rule [host his-project:*:$G]|host=his-project:x hostaddr=127.0.0.1 port=$G $w
END
has "${ROW_ERROR[another_server_is_refused_under_it]}" 'does not match host name "my-project:my-instance"' 'libpq says why'
run bare "$ENTRY_POINTS" x connectdb -- "host=my-project:my-instance hostaddr=127.0.0.1 port=$C $w sslmode=verify-full sslrootcert=$PKI/root.pem"
is "$(out status server)" 'ok t' 'bare, libpq verifies that name too'
run "$pgseal" check --json "host=localhost port=$C user=app dbname=app"
advice=$(jq -r '.findings[] | select(.finding == "wrong-name").advice' <<<"$OUT")
has "$advice" '[host localhost] verify_as = my-project:my-instance' 'check advises that name'
policy <<END
sslrootcert = $PKI/root.pem
$(sed -n 's/.*\(\[host [^]]*]\) \(verify_as = .*\)/\1\n\2/p' <<<"$advice")
END
run "$pgseal" check --json "host=localhost port=$C user=app dbname=app"
is "$(jq -r '.connected' <<<"$OUT")" true 'and with what it advises written into the policy, the server is verified'

# --- a policy of another owner, as a rootless container shows one of the host's
no_policy
conf=$TEST_DIR/owned.conf
printf 'log = none\nsslrootcert = %s\n' "$PKI/root.pem" >"$conf"
chown 65534 "$conf"
run "$pgseal_run" --lib "$OBJECT" --policy "$conf" true
has "$ERR" "$conf: owned by uid 65534, not by root or this user (uid 0); in a rootless container" \
    'the owner: both uids, and a hint'
chown 4711 "$conf"
run sealed env PGSEAL_POLICY="$conf" "$ENTRY_POINTS" x connectdb -- "host=localhost port=$G $w"
has "$(out error)" "$conf: owned by uid 4711, not by root or this user (uid 0)" 'the same in the program'
hasnt "$(out error)" rootless 'without the hint'
done_testing
