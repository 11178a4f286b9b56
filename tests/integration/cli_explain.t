#!/bin/bash
# cli_explain.t: `pgseal explain` says what the shim does, for some hundreds of inputs: options × sources × policies.
# Each is explained, and then done by a program under the object, whose log line must be the same. And what explain
# prints.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}

printf '127.0.0.1 %s\n' audited.internal exempt.internal ended.internal renamed.internal pinned.internal \
    other.internal >>/etc/hosts
services=$TEST_DIR/services.conf
export PGSERVICEFILE=$services PGCONNECT_TIMEOUT=3
: >"$services"
mkdir -p "$HOME/.postgresql"

sections() { # MODE
    cat <<END
mode = $1
sslrootcert = $PKI/root.pem
unix_sockets = /tmp:$TEST_DIR/srv

[host audited.internal]
mode = audit

[host exempt.internal]
exempt = a test

[host ended.internal]
exempt = it was one
exempt_until = 2020-01-01

[host renamed.internal]
verify_as = prod.example

[host pinned.internal]
channel_binding = require
ssl_min_protocol_version = TLSv1.3
sslcrl = $PKI/crl.pem

[host other.internal:5433]
sslrootcert = $PKI/foreign.pem
END
}

# --- the inputs: "ENVIRONMENT<tab>…<tab>--<tab>CONNINFO" a line

declare -A variable=([sslmode]=PGSSLMODE [sslrootcert]=PGSSLROOTCERT [sslcrl]=PGSSLCRL [sslcrldir]=PGSSLCRLDIR
    [gssencmode]=PGGSSENCMODE [ssl_min_protocol_version]=PGSSLMINPROTOCOLVERSION
    [ssl_max_protocol_version]=PGSSLMAXPROTOCOLVERSION [sslcompression]=PGSSLCOMPRESSION [requiressl]=PGREQUIRESSL
    [sslkey]=PGSSLKEY [sslcert]=PGSSLCERT [channel_binding]=PGCHANNELBINDING)
options=(sslmode={disable,allow,prefer,require,verify-ca,verify-full,nonsense}
    sslrootcert={"$PKI/root.pem","$PKI/other-root.pem",system,/nowhere,a@b}
    sslcrl={"$PKI/crl.pem","$PKI/crl-mixed.pem",/nowhere,/dev/null}
    sslcrldir={"$PKI/crl-mixed.d",/dev/null} gssencmode={prefer,disable}
    ssl_min_protocol_version={TLSv1,TLSv1.2,TLSv1.3} ssl_max_protocol_version={TLSv1.1,TLSv1.2,TLSv1.3}
    sslcompression={0,1} requiressl={0,1} sslkey={engine:key,"$PKI/client.key"} sslcert="$PKI/client.crt"
    channel_binding={disable,prefer,require})
targets=('' 'host=localhost' 'host=LOCALHOST.' 'host=127.1' 'host=/tmp' 'host=/elsewhere' 'host=@abstract'
    'host=localhost,127.0.0.1' 'host=localhost,/tmp' 'hostaddr=127.0.0.1' 'host=localhost hostaddr=127.0.0.1'
    'host=audited.internal' 'host=audited.internal hostaddr=127.0.0.1' 'host=audited.internal,localhost'
    'host=exempt.internal' 'host=exempt.internal hostaddr=127.0.0.2' 'host=exempt.internal,localhost'
    'host=ended.internal' 'host=renamed.internal' 'host=renamed.internal,localhost port=1,2' 'host=pinned.internal'
    'host=pinned.internal,localhost' 'host=other.internal' 'host=other.internal port=5433'
    'host=other.internal,localhost port=5433,1' 'host=a,b hostaddr=127.0.0.1' 'host=localhost port=0'
    'host=localhost port=99999' 'host=localhost port=1,2' 'host=localhost password=hunter2 user=x'
    'host=localhost dbname=postgresql://a:hunter2@b/c' 'host=localhost user=a@b' 'nonsense' 'host=localhost nonsense=1'
    'host=localhost sslmode=disable sslmode=verify-full' 'host=localhost target_session_attrs=read-write'
    'host=localhost target_session_attrs=nonsense' 'service=nowhere' "host=localhost ssl_min_protocol_version=''"
    'postgresql://u:hunter2@localhost:1/db?ssl=true' 'postgresql://localhost,exempt.internal/' 'postgres:///?host=/tmp'
    "host='localhost" 'postgresql://u:hunter2@localhost:port/db')
inputs=()
input() { # ENVIRONMENT CONNINFO
    inputs+=("${1:+env:$1$'\t'}env:PGAPPNAME=@ID@"$'\t--\t'"$2")
}
n=0
for pair in "${options[@]}"; do
    key=${pair%%=*} value=${pair#*=}
    printf '[s%d]\nhost=localhost\nport=1\n%s\n' $((++n)) "$pair" >>"$services"
    input '' "host=localhost port=1 $pair"
    input '' "postgresql://localhost:1/db?$key=${value//@/%40}"
    input "${variable[$key]}=$value" 'host=localhost port=1'
    input '' "service=s$n"
    input "PGSERVICE=s$n" ''
done
options_end=${#inputs[@]}
for target in "${targets[@]}"; do
    [[ $target == *port=* || $target == *:* ]] || target="$target${target:+ }port=1"
    input '' "$target"
    input PGSSLMODE=disable "$target"
done
input PGHOST=localhost ''
input PGREQUIRESSL=1 'host=localhost port=1'
input PGSYSCONFDIR=/nowhere 'host=localhost port=1 service=s1'
input PGHOSTADDR=127.0.0.1 'host=exempt.internal port=1'

# compare NAME FROM STEP [apart]: each STEPth input from FROM on: explained, and done; then each line against the other.
# shellcheck disable=SC2016 # $e, $a and $b are jq's
fields='{event, action, mode, entry, libpq, libpq_version, host, hostaddr, port, dbname, user, changes, rule, reason}'
compare() {
    local name=$1 i count=0 rows=$TEST_DIR/compare.rows
    forget_events
    : >"$rows"
    : >"$TEST_DIR/explained"
    for ((i = $2; i < ${#inputs[@]}; i += $3)); do
        local row=${inputs[i]//@ID@/row$i} word
        printf 'row%d\tconnectdb\t%s\n' "$i" "$row" >>"$rows"
        local -a words=()
        while [[ $row != --$'\t'* ]]; do
            word=${row%%$'\t'*}
            words+=("${word#env:}")
            row=${row#*$'\t'}
        done
        env "${words[@]}" "$pgseal" explain --json ${POLICY:+"--policy=$POLICY"} "${row#*$'\t'}" \
            >>"$TEST_DIR/explained" 2>>"$TEST_DIR/explain.err" || true
        count=$((count + 1))
    done
    # A fault of the settings is logged once a process: then each row has its own.
    if [[ ${4:-} == apart ]]; then
        while IFS= read -r row; do sealed "$ENTRY_POINTS" - <<<"$row"; done <"$rows" >"$TEST_DIR/done" 2>"$TEST_DIR/done.err"
    else
        sealed "$ENTRY_POINTS" - <"$rows" >"$TEST_DIR/done" 2>"$TEST_DIR/done.err"
    fi
    jq -c "select(.line | .event != null and (.event | IN(${HIDDEN:-\"\"}) | not)) | {(.line.application_name // \"-\"): (.line | $fields)}" "$TEST_DIR/explained" |
        sort >"$TEST_DIR/said"
    jq -c "select(.event | IN(\"refuse\", \"exempt\", \"downgrade\", \"socket\", \"seal\")) |
        {(.application_name // \"-\"): $fields}" "${LOGGED:-$EVENTS}" | sort >"$TEST_DIR/did"
    is "$(diff "$TEST_DIR/did" "$TEST_DIR/said" | head -n 8)" '' "$name: explain says what the shim did, $count times"
    is "$(jq -s length "$TEST_DIR/explained")" "$count" "$name: each was explained"
    COMPARED=$((COMPARED + $(wc -l <"$TEST_DIR/did")))
}
COMPARED=0 POLICY='' LOGGED='' HIDDEN=''

sections enforce | policy
compare 'enforce' 0 1
is "$(jq -r '.[].event' "$TEST_DIR/did" | sort -u | paste -sd ' ')" 'downgrade exempt refuse seal socket' \
    'enforce: all five verdicts are among them'
sections audit | policy
compare 'audit' 0 3
is "$(jq -r '.[].action' "$TEST_DIR/did" | sort -u | paste -sd ' ')" 'allowed would-refuse would-seal' \
    'audit: nothing is sealed'
{ echo 'unlisted_hosts = refuse'; sections enforce; } | policy
compare 'unlisted_hosts = refuse' "$options_end" 3
printf 'sslrootcert = program\n' | policy
compare 'the roots of the program' 0 8 apart
printf 'sslrootcert = /nowhere\nmode = audit\n' | policy
compare 'a root that is not there, audit' 2 24 apart
printf 'sslrootcert = /nowhere\n' | policy
compare 'a root that is not there' 3 24 apart
printf 'sslrootcrt = /nowhere\n' | policy
compare 'a faulty policy' 1 40 apart
chmod g+w /etc/pgseal/policy.conf
LOGGED=$TEST_DIR/done.err compare 'a policy that others may write' 1 40 apart
no_policy
LOGGED=$TEST_DIR/done.err HIDDEN='"seal", "socket"' compare 'the defaults' 0 16
export PGSEAL_MODE=audit PGSEAL_SSLROOTCERT=$PKI/root.pem PGSEAL_LOG_LEVEL=all
LOGGED=$TEST_DIR/done.err compare 'the environment' 0 16
unset PGSEAL_MODE PGSEAL_SSLROOTCERT PGSEAL_LOG_LEVEL
{ printf 'log_level = all\n'; sections enforce; } >"$TEST_DIR/named.conf"
export PGSEAL_POLICY=$TEST_DIR/named.conf
POLICY=$TEST_DIR/named.conf LOGGED=$TEST_DIR/done.err compare '--policy, where PGSEAL_POLICY names the same' 0 16
unset PGSEAL_POLICY
is "$((COMPARED > 350))" 1 "some hundreds of verdicts were compared ($COMPARED)"
hasnt "$(cat "$TEST_DIR/explained" "$TEST_DIR/said" "$TEST_DIR/explain.err")" hunter2 'no secret was shown'

# --- what it prints

explain() { # ARG…
    run "$pgseal" explain "$@"
}
unset PGCONNECT_TIMEOUT
sections enforce | policy
line=$(policy_line 'sslrootcert = ')
env_start good
target="host=localhost port=$(env_port good) user=app dbname=app password=hunter2"
explain --json "$target sslmode=require"
is "$RC" 1 'asks for less: exit status 1'
is "$(jq -r '[.schema, .verdict, .settings, .rule] | join(" ")' <<<"$OUT")" \
    "pgseal-explain/1 sealed /etc/pgseal/policy.conf /etc/pgseal/policy.conf:$line" 'JSON: what it is'
is "$(jq -r '.options[] | select(.option == "sslmode") | [.requested, .source, .enforced, .changed] | join(" ")' <<<"$OUT")" \
    'require conninfo verify-full true' 'JSON: asked, source, enforced'
is "$(jq -r '.options[] | select(.option == "password") | [.requested, .source, .enforced, .changed] | join(" ")' <<<"$OUT")" \
    '(hidden) conninfo (hidden) false' 'JSON: a secret was asked for, and is hidden'
is "$(jq -r '.options[] | select(.option == "host") | [.requested, .source, .enforced, .changed] | join(" ")' <<<"$OUT")" \
    'localhost conninfo localhost false' 'JSON: what stays'
is "$(jq -r '.why[0]' <<<"$OUT")" 'sslmode = require (conninfo) asks for TLS with no check of the server.' 'JSON: why'
is "$(jq -r '.libpq' <<<"$OUT")" "$(ldd "$pgseal" | awk '/libpq/ { print $3 }')" 'JSON: which libpq'
hasnt "$OUT" hunter2 'JSON: no secret'
explain "$target sslmode=require"
is "$RC" 1 'text: exit status 1'
like "$OUT" 'Verdict +sealed' 'text: the verdict'
like "$OUT" "Rule +/etc/pgseal/policy.conf:$line" 'text: the rule'
like "$OUT" 'sslmode +require +conninfo +verify-full' 'text: asked, from, enforced'
hasnt "$OUT" hunter2 'text: no secret'
hasnt "$OUT" $'\033' 'no colour but on a terminal'
is "$(awk 'length > 80' <<<"$OUT")" '' '80 columns'
terminal() { script -qec "stty cols 80; '$pgseal' explain '$target'" /dev/null; }
has "$(TERM=xterm terminal)" $'\033[' 'colour on a terminal'
hasnt "$(TERM=xterm NO_COLOR=1 terminal)" $'\033[' 'NO_COLOR: no colour'
has "$(TERM=xterm NO_COLOR='' terminal)" $'\033[' 'NO_COLOR, empty: colour'
hasnt "$(TERM=dumb terminal)" $'\033[' 'TERM=dumb: no colour'
is "$(contacts good)" 0 'nothing of this went to the server'

explain "$target"
is "$RC" 0 'nothing asked for less: exit status 0'
has "$OUT" 'Nothing asks for less' 'nothing asked for less: it says so'
explain 'host=exempt.internal'
is "$RC" 0 'exempt: exit status 0'
like "$OUT" 'Verdict +exempt' 'exempt: the verdict'
has "$OUT" "[host exempt.internal]" 'exempt: the section'
has "$OUT" 'a test' 'exempt: the reason'
explain 'host=ended.internal'
has "$OUT" 'has ended' 'an exemption that has ended is named'
explain 'host=renamed.internal'
has "$(tr -s ' \n' ' ' <<<"$OUT")" 'the certificate must name prod.example' 'verify_as is told'
explain 'host=/elsewhere'
is "$RC" 1 'refused: exit status 1'
like "$OUT" 'Verdict +refused' 'refused: the verdict'
has "$(tr -s ' \n' ' ' <<<"$OUT")" 'unix_sockets does not allow' 'refused: why'
explain --json "host=audited.internal sslmode=disable"
is "$RC $(jq -r '.verdict' <<<"$OUT")" '1 would-seal' 'audit'
has "$(jq -r '.why[]' <<<"$OUT")" 'mode = audit' 'audit: it says so'

# --- --policy: that file and nothing else

sections enforce | sed 's/a test/another test/' >"$TEST_DIR/draft.conf"
explain --json --policy "$TEST_DIR/draft.conf" 'host=exempt.internal'
is "$(jq -r '.settings + " " + .line.reason' <<<"$OUT")" "$TEST_DIR/draft.conf another test" '--policy beats the file in force'
(cd "$TEST_DIR" && "$pgseal" explain --policy draft.conf 'host=exempt.internal' >/dev/null) && RC=0 || RC=$?
is "$RC" 0 '--policy takes a relative path'
PGSEAL_MODE=nonsense run "$pgseal" explain --policy "$TEST_DIR/draft.conf" 'host=exempt.internal'
is "$RC" 0 '--policy: no variable counts'
explain --json --policy "$TEST_DIR/nowhere.conf" 'host=localhost'
is "$RC $(jq -r .line.reason <<<"$OUT")" "1 $TEST_DIR/nowhere.conf: no such file" 'a policy that is not there refuses'
chmod 0664 "$TEST_DIR/draft.conf"
explain --json --policy "$TEST_DIR/draft.conf" 'host=localhost'
is "$RC $(jq -r .line.reason <<<"$OUT")" "1 $TEST_DIR/draft.conf: writable by group or others" 'a policy that others may write refuses'
mkfifo "$TEST_DIR/fifo"
explain --json --policy "$TEST_DIR/fifo" 'host=localhost'
is "$RC $(jq -r .line.reason <<<"$OUT")" "1 $TEST_DIR/fifo: not a regular file" 'a FIFO refuses'
printf 'mode = of\n' >"$TEST_DIR/faulty.conf"
explain --json --policy "$TEST_DIR/faulty.conf" 'host=localhost'
is "$RC $(jq -r .line.reason <<<"$OUT")" "1 $TEST_DIR/faulty.conf:1: mode: unknown value \"of\"; use enforce or audit" 'a faulty policy refuses'

# --- usage

explain nonsense
is "$RC$OUT" 2 'no connection string: exit status 2'
has "$ERR" 'libpq does not accept this: missing "="' 'no connection string: libpq says why'
explain --json nonsense
is "$RC $(jq -r '.verdict + " " + .reason' <<<"$OUT")" '2 rejected missing "=" after "nonsense" in connection info string' \
    'no connection string, JSON'
for wrong in '' '--nonsense x' 'a b'; do
    # shellcheck disable=SC2086
    explain $wrong
    is "$RC$OUT" 2 "wrong usage: ${wrong:-nothing}"
done
PGHOST=localhost explain ''
is "$RC" 0 'an empty string leaves all to the environment'
explain --help
is "$RC" 0 '--help'
has "$OUT" 'Exit status: 0' '--help documents the exit status'
is "$(awk 'length > 80' <<<"$OUT")" '' '--help: 80 columns'
gets_lost() { # ARGUMENT…
    if "$pgseal" "$@" >/dev/full 2>"$TEST_DIR/full"; then RC=0; else RC=$?; fi
    is "$RC $(<"$TEST_DIR/full")" '2 pgseal: cannot write the output: No space left on device' \
        "output that does not get out is no success: ${*:1:2}"
}
gets_lost explain "$target"
gets_lost explain --help
gets_lost help explain
gets_lost --help
gets_lost --version

done_testing
