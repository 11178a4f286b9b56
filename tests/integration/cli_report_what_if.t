#!/bin/bash
# cli_report_what_if.t: `pgseal report --what-if`: a log from audit mode, judged under another policy, shows what the
# object then does under it: some hundred attempts, made twice.
pgseal_cli=${CLI:-} # env.sh forgets what begins with PG
. "$(dirname "$0")/../lib/env.sh"
pgseal=${pgseal_cli:-$TEST_TOP/build/pgseal}

printf '127.0.0.1 %s\n' audited.internal exempt.internal ended.internal renamed.internal pinned.internal other.internal >>/etc/hosts
export PGCONNECT_TIMEOUT=3
mkdir -p "$HOME/.postgresql"

enforced() {
    cat <<END
sslrootcert = $PKI/root.pem
unix_sockets = /tmp
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
[host unknown.internal]
sslnegotiation = direct
[host other.internal:5433]
sslrootcert = $PKI/foreign.pem
END
}

inputs=()
for option in sslmode={disable,allow,prefer,require,verify-ca,verify-full} sslrootcert={"$PKI/root.pem","$PKI/other-root.pem",/nowhere} \
    sslcrl={"$PKI/crl.pem",/dev/null} gssencmode={prefer,disable} ssl_min_protocol_version={TLSv1,TLSv1.2,TLSv1.3} \
    ssl_max_protocol_version={TLSv1.1,TLSv1.2} sslcompression=1 channel_binding={disable,require}; do
    for host in localhost pinned.internal exempt.internal audited.internal renamed.internal; do
        inputs+=("host=$host port=1 $option")
    done
done
for target in '' host=LOCALHOST. host=127.1 host=/tmp host=/elsewhere host=localhost,127.0.0.1 host=localhost,/tmp hostaddr=127.0.0.1 \
    'host=exempt.internal hostaddr=127.0.0.2' host=exempt.internal,localhost host=exempt.internal,exempt.internal 'host=audited.internal hostaddr=127.0.0.1' \
    host=audited.internal,localhost host=ended.internal host=unknown.internal host=pinned.internal,localhost host=other.internal \
    'host=other.internal port=5433' 'host=other.internal,localhost port=5433,1' 'host=a,b hostaddr=127.0.0.1' 'host=localhost user=a@b'; do
    [[ $target == *port=* ]] || target="$target port=1"
    inputs+=("$target" "$target sslmode=disable")
done

# do_all LOG: each input once, by a program under the object; the program of each line becomes the input's number.
do_all() {
    local i
    forget_events
    for ((i = 0; i < ${#inputs[@]}; i++)); do
        printf 'row%d\tconnectdb\tenv:PGAPPNAME=row%d\t--\t%s\n' "$i" "$i" "${inputs[i]}"
    done | sealed "$ENTRY_POINTS" - >"$TEST_DIR/done" 2>&1
    jq -c 'select(.application_name) | .exe = .application_name' "$EVENTS" >"$1"
}
{ echo 'mode = audit'; echo "sslrootcert = $PKI/root.pem"; } | policy
do_all "$TEST_DIR/audit.jsonl"
enforced | policy
do_all "$TEST_DIR/enforce.jsonl"
cp /etc/pgseal/policy.conf "$TEST_DIR/other.conf"
"$pgseal" report --json --what-if "$TEST_DIR/other.conf" "$TEST_DIR/audit.jsonl" >"$TEST_DIR/report.json"

# What was refused in the audit already has no word of what it asked for; the others must come true.
jq -r '.pairs[] | select(.actions["would-refuse"] == null and .what_if) | "\(.exe) \(.what_if.verdict)\t\(.what_if.reason // "")"' "$TEST_DIR/report.json" | sort >"$TEST_DIR/said"
jq -rn --slurpfile said <(cut -d' ' -f1 "$TEST_DIR/said" | jq -R .) '[inputs | select(.event | IN("refuse", "exempt", "downgrade", "socket", "seal"))][]
    | select(.exe | IN($said[])) | "\(.exe) \(.action)\t\(.reason // "")"' "$TEST_DIR/enforce.jsonl" | sort >"$TEST_DIR/did"
sed -i "s|$TEST_DIR/other.conf|/etc/pgseal/policy.conf|g" "$TEST_DIR/said"
is "$(diff "$TEST_DIR/did" "$TEST_DIR/said" | head -n 20)" '' 'what was said came true: the same action and reason'
is "$(($(wc -l <"$TEST_DIR/said") > 120))" 1 "a hundred attempts and more ($(wc -l <"$TEST_DIR/said"))"
is "$(cut -f1 "$TEST_DIR/said" | cut -d' ' -f2 | sort -u | paste -sd ' ')" 'allowed refused sealed would-seal' 'sealed, refused, allowed and only watched are among them'
has "$(<"$TEST_DIR/said")" "sslnegotiation: this program's libpq (version 15." 'a pin that the libpq of the log does not know'
is "$(jq -r '.what_if | [.sealed > 50, .refused > 0, .policy] | join(" ")' "$TEST_DIR/report.json")" "true true $TEST_DIR/other.conf" 'and how many of each'

# --- what would break; files that are not here; a policy that cannot be used

line() { # EVENT ACTION HOST
    printf '{"schema":"pgseal/1","time":"2026-11-24T00:00:00Z","event":"%s","action":"%s","exe":"/x","host":"%s","libpq_version":150018,"reason":"verify failed"}\n' "$1" "$2" "$3"
}
{
    line seal sealed bad.example; line failed sealed bad.example
    line seal sealed good.example; line failed sealed good.example; line witness sealed good.example
} >"$TEST_DIR/outcomes.jsonl"
printf 'sslrootcert = /nowhere/roots.pem\n' >"$TEST_DIR/nowhere.conf"
"$pgseal" report --json --what-if "$TEST_DIR/nowhere.conf" "$TEST_DIR/outcomes.jsonl" >"$TEST_DIR/report.json"
is "$(jq -c '[.pairs[] | [.host, .what_if.verdict, .what_if.proved, .what_if.reason]]' "$TEST_DIR/report.json")" \
    '[["good.example","sealed",true,null],["bad.example","breaks",false,"verify failed"]]' 'what only failed so far breaks; what was verified does not'
is "$(jq -c .what_if.files_not_here "$TEST_DIR/report.json")" '["/nowhere/roots.pem"]' 'a root that is not on this machine is taken as good, and named'
run "$pgseal" report --what-if "$TEST_DIR/nowhere.conf" "$TEST_DIR/outcomes.jsonl"
text=$(tr -s ' \n' '  ' <<<"$OUT")
has "$text" 'breaks 1 would be sealed, and all sealed connections so far failed' 'text: what breaks'
has "$text" 'not here /nowhere/roots.pem is not on this machine and was assumed to be valid' 'text: the root that is not here'
: >"$TEST_DIR/empty.pem"
printf 'sslrootcert = %s\n' "$TEST_DIR/empty.pem" >"$TEST_DIR/empty.conf"
run "$pgseal" report --json --what-if "$TEST_DIR/empty.conf" "$TEST_DIR/outcomes.jsonl"
is "$(jq -r '.what_if.refused' <<<"$OUT")" 2 'a root that is here is judged'
for wrong in /nowhere.conf "$TEST_DIR/wrong.conf"; do
    printf 'mode = of\n' >"$TEST_DIR/wrong.conf"
    run "$pgseal" report --what-if "$wrong" "$TEST_DIR/outcomes.jsonl"
    is "$RC$OUT" 2 "a policy that cannot be used: $(basename "$wrong")"
done
has "$ERR" 'wrong.conf:1: mode: unknown value "of"' 'and why'
done_testing
