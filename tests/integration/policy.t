#!/bin/bash
# policy.t: where the settings come from, who may write them, which faults they can have, and that nothing changes
# them later.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor
port=$(env_port good)
target="host=localhost port=$port dbname=app user=app"
bad="host=localhost port=$(env_port impostor) dbname=app user=app"
named=$TEST_DIR/named.conf

# refused NAME TEXT COMMAND…: the program's connection is refused with TEXT, exactly, in its message and in the log.
refused() {
    local name=$1 text=$2 error
    shift 2
    forget_events
    log_mark good
    run "$@" "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
    error=$(out error)
    has "$error" "pgseal: refused: $text" "$name: the message says so"
    is "$(contacts good)" 0 "$name: no connection"
}
# refused_logged NAME TEXT…: the same, and the log (where the policy put it) has it once.
refused_logged() {
    refused "$@"
    has "$(reason refuse)" "$2" "$1: the log says so"
    is "$(verdicts)" refuse/refused "$1: once"
}
# connects NAME COMMAND…: verified TLS to the good server, nothing to the impostor.
connects() {
    local name=$1
    shift
    run "$@" "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
    is "$(out status server error)" 'ok t ' "$name: verified TLS"
    log_mark impostor
    run "$@" "$ENTRY_POINTS" x connectdb -- "$bad sslmode=disable"
    is "$(out status) $(sessions impostor)" 'bad ' "$name: not to an impostor"
}

# --- the environment
connects 'environment' sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem"
run sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
is "$(jq -r '.event + " " + .action' <<<"$ERR")" 'downgrade sealed' 'the log goes to stderr where nothing else is said'
run sealed "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
is "$(out status)" bad 'with nothing at all the defaults hold: the distribution trusts no test server'
like "$(jq -r '.changes[] | select(.option == "sslrootcert") | .enforced' <<<"$(head -1 <<<"$ERR")")" '^/.*\.(crt|pem)$' \
    'the default root is a bundle by absolute path'
hasnt "$(out error)" 'pgseal: refused' 'libpq itself judged it'
for empty in PGSEAL_MODE PGSEAL_SSLCRL PGSEAL_UNIX_SOCKETS PGSEAL_LOG PGSEAL_LOG_LEVEL PGSEAL_POLICY; do
    run sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$empty=" "$ENTRY_POINTS" x connectdb -- "$target"
    is "$(out status server)" 'ok t' "an empty $empty is an unset one"
done
while IFS='|' read -r setting text; do
    refused "$setting" "environment: $text" sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$setting"
    is "$(jq -rs 'map(.event + "/" + .action) | join(" ")' <<<"$ERR")" refuse/refused "$setting: in the log, once"
done <<'END'
PGSEAL_MODE=of|PGSEAL_MODE: unknown value "of"
PGSEAL_UNIX_SOCKETS=perhaps|PGSEAL_UNIX_SOCKETS: 
PGSEAL_LOG_LEVEL=loud|PGSEAL_LOG_LEVEL: unknown value "loud"
PGSEAL_PLAINTEXT_CANCEL=no|PGSEAL_PLAINTEXT_CANCEL: unknown value "no"
PGSEAL_SSLROOTCERT=roots.pem|PGSEAL_SSLROOTCERT: 
PGSEAL_SSLCRL=crl.pem|PGSEAL_SSLCRL: 
PGSEAL_LOG=file:log|PGSEAL_LOG: 
END
connects 'variables that merely begin alike (a Kubernetes service called pgseal)' \
    sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_SERVICE_HOST=10.0.0.1 PGSEAL_PORT=tcp://10.0.0.1:443

# --- a policy file, and never a mix
policy <<<"sslrootcert = $PKI/root.pem"
connects 'policy file' sealed
connects 'policy file against the environment' sealed env PGSEAL_MODE=audit PGSEAL_SSLROOTCERT="$PKI/foreign.pem" PGSEAL_LOG=none
connects 'a wrong variable beside a policy file counts for nothing' sealed env PGSEAL_MODE=of
cp /etc/pgseal/policy.conf "$named"
printf 'mode = audit\n' >>"$named"
connects 'policy file against PGSEAL_POLICY' sealed env PGSEAL_POLICY="$named"
connects 'as another user' sealed_as_user
no_policy
policy <<<"sslrootcert = $PKI/root.pem"
mv /etc/pgseal/policy.conf "$named"
connects 'PGSEAL_POLICY' sealed env PGSEAL_POLICY="$named" PGSEAL_MODE=audit
refused 'PGSEAL_POLICY names no file' "$TEST_DIR/none.conf: no such file" sealed env PGSEAL_POLICY="$TEST_DIR/none.conf" PGSEAL_MODE=audit
refused 'PGSEAL_POLICY relative' '' sealed env PGSEAL_POLICY=named.conf
rm -rf /etc/pgseal && : >/etc/pgseal
connects 'ENOTDIR is absence' sealed env PGSEAL_POLICY="$named"
rm -f /etc/pgseal && mkdir /etc/pgseal

# --- who may write it: the opened descriptor is judged
trusted() { printf 'sslrootcert = %s\nlog = file:%s\n' "$PKI/root.pem" "$EVENTS" >"$1"; }
file=/etc/pgseal/policy.conf
trusted $file && chmod 0664 $file
refused 'writable by the group' "$file: " sealed
chmod 0646 $file
refused 'writable by others' "$file: " sealed
chmod 0644 $file && chown "$TESTUSER" $file
refused 'owned by another user' "$file: " sealed
connects 'owned by the user who runs' sealed_as_user
chown 0 $file && chmod 0600 $file
refused 'one that may not be read is a fault, not absent' "$file: " sealed_as_user
chmod 0 /etc/pgseal
refused 'in a directory that may not be searched' "$file: " sealed_as_user
chmod 0755 /etc/pgseal
rm $file && mkfifo -m 0600 $file
refused 'a FIFO' "$file: not a regular file" timeout 10 env LD_PRELOAD="$OBJECT"
rm $file && mkdir $file
refused 'a directory' "$file: " sealed
rmdir $file && ln -s /dev/null $file
refused 'a device' "$file: not a regular file" sealed
rm $file && mkdir /etc/pgseal/..data && trusted /etc/pgseal/..data/policy.conf && ln -s ..data/policy.conf $file
connects 'a symlink to a good file' sealed
chmod 0666 /etc/pgseal/..data/policy.conf
refused 'a symlink to a bad one' "$file: " sealed
rm -rf /etc/pgseal/..data $file && ln -s loop $file && ln -s policy.conf /etc/pgseal/loop
refused 'a symlink that goes round' "$file: " sealed
rm -f $file && ln -s /nonexistent/policy.conf $file
refused 'a symlink that leads nowhere' "$file: a symbolic link to a file that does not exist" sealed
rm -f $file /etc/pgseal/loop
sh -c 'exit 0' # the machine's own programs live on
policy <<<'mode = nonsense'
for command in 'true' 'echo alive' 'ls /' 'psql --version' 'psql --help'; do
    # shellcheck disable=SC2086
    run bare $command
    want="$OUT|$ERR|$RC"
    # shellcheck disable=SC2086
    run sealed $command
    is "$OUT|$ERR|$RC" "$want" "a faulty policy does not disturb: $command"
done

# --- faults: file:line: what is wrong
fault() { # NAME TEXT POLICY
    printf '%b' "log = file:$EVENTS\nsslrootcert = $PKI/root.pem\n$3" >$file
    chmod 0644 $file
    refused_logged "$1" "$file:$2" sealed
}
fault 'unknown key' '3: unknown key' 'modus = enforce\n'
fault 'unknown section' '3: unknown section' '[hosts a]\n'
fault 'duplicate key' '4: duplicate key' 'mode = enforce\nmode = audit\n'
fault 'duplicate key in a section' '5: duplicate key' '[host a]\nmode = audit\nmode = enforce\n'
fault 'wrong mode' '3: mode: unknown value "of"' 'mode = of\n'
fault 'wrong unlisted_hosts' '3: unlisted_hosts: unknown value "maybe"' 'unlisted_hosts = maybe\n'
fault 'wrong log_level' '3: log_level: unknown value "some"' 'log_level = some\n'
fault 'relative CRL' '3: sslcrl: ' 'sslcrl = crl.pem\n'
fault 'relative root in a section' '4: sslrootcert: ' '[host a]\nsslrootcert = roots.pem\n'
fault 'a global key in a section' '4: ' '[host a]\nlog = none\n'
fault 'a line that is neither' '3: ' 'enforce\n'
fault 'an empty value' '3: ' 'mode =\n'
fault 'exempt without a reason' '4: ' '[host a]\nexempt =\n'
fault 'exempt_until without exempt' '4: ' '[host a]\nexempt_until = 2027-01-01\n'
fault 'exempt_until is no date' '5: exempt_until: ' '[host a]\nexempt = x\nexempt_until = 2027-02-30\n'
fault 'a pin outside sections' '3: ' 'sslmode = disable\n'
for pin in sslmode gssencmode sslcrldir requiressl host hostaddr port dbname user service sslkeylogfile password sslpassword; do
    fault "pin $pin" '4: ' "[host a]\n$pin = x\n"
done
fault 'a TLS minimum below 1.2' '4: ssl_min_protocol_version: ' '[host a]\nssl_min_protocol_version = TLSv1.1\n'
fault 'an OAuth issuer without TLS' '4: oauth_issuer: must be an https URL' '[host a]\noauth_issuer = http://x\n'
fault 'over-long line' '3: ' "# $(printf 'x%.0s' {1..5000})\n"
fault 'a NUL byte' '3: ' 'mode = enf\0000orce\n'
fault 'a faulty line wins over audit' '4: ' 'mode = audit\nx = y\n'
printf 'mode = of' >$file
run sealed "$ENTRY_POINTS" x connectdb -- "$target"
has "$(out error)" 'unknown value "of"' 'the last line without a newline keeps its last letter'
printf 'log = file:%s\r\nmode = enforce\r\nsslrootcert = %s\r\n' "$EVENTS" "$PKI/root.pem" >$file
connects 'lines that end in CR LF' sealed
printf '\n  # a comment\nmode=enforce # and another\n\tsslrootcert\t=\t%s\t# blanks\nlog = file:%s\n' "$PKI/root.pem" "$EVENTS" >$file
connects 'comments and blanks' sealed

# --- a fault is logged once a process, though each connection is refused
policy <<<'mode = of'
forget_events
printf 'a\tconnectdb\t--\t%s\nb\tstart\t--\t%s\nc\tparams\tthreads=4\ttimes=3\t--\thost=localhost\n' "$target" "$target" |
    sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
is "$(jq -rs 'map(select(.error | contains("pgseal: refused: "))) | length' "$TEST_DIR/out.jsonl")" 14 'each connection is refused'
is "$(verdicts)" 'refuse/refused' 'one line for the process'

# --- root and CRL faults
material() { # NAME TEXT KEY FILE
    policy <<<"$(printf 'mode = enforce\n%s = %s\n' "$3" "$4")$([[ $3 == sslrootcert ]] || printf '\nsslrootcert = %s' "$PKI/root.pem")"
    refused_logged "$1" "/etc/pgseal/policy.conf:$(policy_line "$3 = $4"): $3: $4: $2" sealed
    policy <<<"$(printf 'mode = audit\n%s = %s\n' "$3" "$4")"
    forget_events
    run sealed "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
    is "$(out status) $(verdicts)" 'ok refuse/would-refuse' "$1: audit would refuse, and lets go"
}
: >"$TEST_DIR/empty.pem"
echo 'no certificate here' >"$TEST_DIR/text.pem"
head -c 300 "$PKI/root.pem" >"$TEST_DIR/cut.pem"
cat "$PKI/root.pem" "$PKI/root.key" >"$TEST_DIR/withkey.pem"
cat "$PKI/root.pem" "$PKI/crl-root.pem" >"$TEST_DIR/withcrl.pem"
openssl x509 -in "$PKI/intermediate.pem" -trustout -addtrust serverAuth -out "$TEST_DIR/trusted.pem"
cat "$PKI/root.pem" <(sed 's/CERTIFICATE/X509 CERTIFICATE/' "$PKI/foreign.pem") >"$TEST_DIR/x509.pem"
cat "$PKI/root.pem" <(printf 'junk%.0s' {1..80}) "$TEST_DIR/trusted.pem" >"$TEST_DIR/junk.pem"
cp "$PKI/root.pem" "$TEST_DIR/writable.pem" && chmod 0666 "$TEST_DIR/writable.pem"
for name in empty text cut withkey withcrl trusted x509 junk writable missing; do
    material "root file: $name" '' sslrootcert "$TEST_DIR/$name.pem"
done
material 'root file: a directory' '' sslrootcert "$PKI/crl-mixed.d"
for name in empty text withcrl missing; do
    material "CRL file: $name" '' sslcrl "$TEST_DIR/$name.pem"
done
material 'CRL file: certificates beside it' '' sslcrl "$PKI/crl-mixed.pem"
head -c 200 "$PKI/crl.pem" >"$TEST_DIR/cutcrl.pem"
material 'CRL file: cut' '' sslcrl "$TEST_DIR/cutcrl.pem"
mkdir -p "$TEST_DIR/$(printf 'd%.0s' {1..250})"
long="$TEST_DIR/$(printf './%.0s' {1..520})root.pem"
cp "$PKI/root.pem" "$TEST_DIR/root.pem"
policy <<<"sslrootcert = $long"
refused 'root path longer than libpq keeps' "/etc/pgseal/policy.conf:$(policy_line sslrootcert): " sealed

# --- read anew for each connection
policy <<<"sslrootcert = $TEST_DIR/rotated.pem"
cp "$PKI/foreign.pem" "$TEST_DIR/rotated.pem"
sealed "$ENTRY_POINTS" x connectdb reset=sync between="cp $PKI/root.pem $TEST_DIR/rotated.pem" -- "$target" >"$TEST_DIR/out.jsonl"
is "$(jq -rs 'map(.status) | join(" ")' "$TEST_DIR/out.jsonl")" 'bad ok' 'a rotated root needs no restart'

# --- settings are those of the load
# rewritten NAME OUTCOME: policy.conf becomes $named between a connection, its reset and another one of the same process; a
# process that begins then has OUTCOME.
rewritten() {
    policy <<<"sslrootcert = $PKI/root.pem"
    printf 'a\tconnectdb\treset=sync\tbetween=cp %s %s\t--\t%s\nb\tconnectdb\t--\t%s\n' "$named" "$file" "$target sslmode=disable" \
        "$target sslmode=disable" | sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
    is "$(jq -rs 'map(.row + " " + .status + " " + (.server // "-")) | join(", ")' "$TEST_DIR/out.jsonl")" 'a ok t, a ok t, b ok t' \
        "$1: the process that runs keeps what it read"
    run sealed "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
    is "$(out status server)" "$2" "$1: the next process reads it"
}
printf 'mode = audit\nlog = none\nsslrootcert = %s\n' "$PKI/root.pem" >"$named"
rewritten 'policy.conf rewritten to audit' 'ok f'
printf 'mode = of\nlog = none\n' >"$named"
rewritten 'policy.conf rewritten with a fault' 'bad '
policy <<<"sslrootcert = $PKI/root.pem"
run sealed "$ENTRY_POINTS" x connectdb "first=setenv:PGSEAL_MODE=audit" -- "$target sslmode=disable"
is "$(out server)" t 'setenv beside a policy file changes nothing'
no_policy
for first in "setenv:PGSEAL_MODE=audit" "setenv:PGSEAL_SSLROOTCERT=$PKI/foreign.pem" "setenv:PGSEAL_POLICY=/none" clobber; do
    run sealed env PGSEAL_SSLROOTCERT="$PKI/root.pem" "$ENTRY_POINTS" x connectdb "first=$first" -- "$target sslmode=disable"
    is "$(out status server)" 'ok t' "after the load: ${first%%=*} changes nothing"
done
mkdir -p "$TEST_DIR/jail$PKI" "$TEST_DIR/jail/etc"
cp "$PKI/root.pem" "$TEST_DIR/jail$PKI/"
cp /etc/hosts /etc/nsswitch.conf /etc/passwd "$TEST_DIR/jail/etc/"
policy <<<"sslrootcert = $PKI/root.pem"
run sealed "$ENTRY_POINTS" x connectdb "first=chroot:$TEST_DIR/jail" -- "hostaddr=127.0.0.1 $target sslmode=disable"
is "$(out status server)" 'ok t' 'a chroot after the load: the policy stands'
run sealed "$ENTRY_POINTS" x connectdb "first=uid:$(id -u "$TESTUSER")" -- "$target sslmode=disable"
is "$(out status server)" 'ok t' 'setuid after the load: the policy stands'

# --- secure-execution mode: no variable counts (ld.so.preload is what loads the object there)
cp "$ENTRY_POINTS" "$TEST_DIR/bin/entry_points-setuid"
chmod 4755 "$TEST_DIR/bin/entry_points-setuid"
no_policy
printf '%s\n' "$OBJECT" >/etc/ld.so.preload
run as_user env PGSEAL_MODE=audit PGSEAL_SSLROOTCERT="$PKI/root.pem" "$ENTRY_POINTS" x connectdb -- "$target sslmode=disable"
is "$(out status server)" 'ok f' 'ld.so.preload, no secure execution: the variables count'
run as_user env PGSEAL_MODE=audit "$TEST_DIR/bin/entry_points-setuid" x connectdb -- "$target sslmode=disable"
is "$(out status)" bad 'secure execution: PGSEAL_MODE counts for nothing'
run as_user env PGSEAL_POLICY="$named" "$TEST_DIR/bin/entry_points-setuid" x connectdb -- "$target sslmode=disable"
is "$(out status)" bad 'secure execution: nor PGSEAL_POLICY'
policy <<<"sslrootcert = $PKI/root.pem"
run as_user "$TEST_DIR/bin/entry_points-setuid" x connectdb -- "$target sslmode=disable"
is "$(out status server)" 'ok t' 'secure execution: the policy file does'
rm -f /etc/ld.so.preload
done_testing
