#!/bin/bash
# client.t NAME: a real program (programs/NAME.sh), bare and under the object; run it with tests/run, which installs what it needs.
#
# Each mode of the program runs four times: bare and sealed, against a good server and against an impostor. Both let everybody
# in (trust); only their certificates differ. What happened is read from the servers' own logs, never from what the program says:
#   sealed       verified TLS and nothing else on the good server, no session on the impostor, where bare had one;
#                and the first verdict line of pgseal's log names the entry point that the file documents
#   unreachable  the impostor had its session under the preload as well: documented as out of reach
# Leaves the rows of docs/clients.md in $TEST_RESULTS/NAME.rows.
# shellcheck source=tests/lib/env.sh
. "$(dirname "$0")/../lib/env.sh"
CLIENTS=$TEST_TOP/tests/clients
CACHE=$TEST_TOP/build/clients
WORK=$TEST_DIR
# shellcheck source=tests/clients/lib.sh
. "$CLIENTS/lib.sh"
name=$1
file=$CLIENTS/programs/$name.sh
TEST_HBA=('host all,replication all samehost trust')
env_start good impostor
declare -A idle=()
server_children() { pgrep -c -P "${_env_pid[$1]}" || true; }
# server_settle NAME: waits until the last session has ended, so that the log is whole.
server_settle() {
    local i
    for ((i = 0; i < 60; i++)); do
        (($(server_children "$1") <= idle[$1])) && return 0
        sleep 0.05
    done
}
sleep 0.3 # until the servers' own processes are all there
for server in good impostor; do idle[$server]=$(server_children "$server"); done
install -d "$WORK/runs" "$WORK/build"

# seen: what the part of a server's log on standard input says of one run: "RECEIVED SEALED PLAIN", that is connections
# that arrived, sessions authorised under TLS, sessions authorised without.
seen() {
    awk '/connection received: host=/ { received++ }
         /connection authorized: / { if (/ SSL enabled /) sealed++; else plain++ }
         END { print received + 0, sealed + 0, plain + 0 }'
}

# one NAME ACTION [MODE [SERVER HOW]]: calls ./one with the environment that it documents.
one() {
    local name=$1 action=$2 mode=${3:-} server=${4:-good} how=${5:-bare} port scratch limit=30
    port=$(env_port "$server")
    [[ $action == connect ]] || limit=300 # it may have to be compiled
    scratch=$WORK/runs/$name.$mode.$how.$server
    install -d -o postgres "$scratch"
    install -d "$WORK/build/$name"
    # shellcheck disable=SC2046
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME="$scratch" \
        CLIENTS="$CLIENTS" CACHE="$CACHE" BUILD="$WORK/build/$name" SCRATCH="$scratch" TEMPLATE="$TEST_SHARED/data" \
        PGBIN="$TEST_BIN" NODE_PATH="$CACHE/npm/node_modules" HOST=localhost PORT="$port" \
        CONNINFO="host=localhost port=$port dbname=app user=app sslmode=disable" \
        URI="postgresql://app@localhost:$port/app?sslmode=disable" \
        $([[ $how == sealed ]] && echo "SEAL_OBJECT=$OBJECT SEAL_ROOT=$PKI/root.pem") \
        timeout -k 3 "$limit" "$CLIENTS/one" "$CLIENTS/programs/$name.sh" "$action" "$mode" </dev/null
}

# prepare NAME: builds what there is to build, and gives both servers what the program needs to find in its database.
prepare() {
    local name=$1 server sql=$WORK/build/$1/schema.sql
    one "$name" prepare || return 1
    [[ -s $sql ]] || return 0
    for server in good impostor; do
        "$TEST_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h localhost -p "$(env_port "$server")" -U app app <"$sql" || return 1
    done
}

# attempt NAME MODE SERVER HOW: one run; leaves .status, .out and .seen beside its directory.
attempt() {
    local name=$1 mode=$2 server=$3 how=$4 base=$WORK/runs/$1.$2.$4.$3 start status=0
    start=$(stat -c %s "$(env_log "$server")")
    one "$name" connect "$mode" "$server" "$how" >"$base.out" 2>&1 || status=$?
    server_settle "$server"
    tail -c "+$((start + 1))" "$(env_log "$server")" | seen >"$base.seen"
    echo "$status" >"$base.status"
    rm -rf "$base/data" "$base/backup"
}

# both NAME MODE HOW: the two servers at the same time; their logs are apart.
both() {
    attempt "$1" "$2" good "$3" &
    local first=$!
    attempt "$1" "$2" impostor "$3"
    wait "$first"
}

# --- the judgement

# state BASE: what the server saw in a run, in a word.
state() {
    local received sealed plain
    read -r received sealed plain <"$1.seen"
    if ((sealed && plain)); then
        echo mixed
    elif ((sealed)); then
        echo TLS
    elif ((plain)); then
        echo plaintext
    elif ((received)); then
        echo 'no session'
    else
        echo 'no contact'
    fi
}

# entries_used BASE: the entry points of the verdict lines in a run's log, or "none".
entries_used() {
    if [[ -f $1/events.jsonl ]]; then
        jq -r 'select(.event | IN("refuse", "exempt", "downgrade", "socket", "seal")) | .entry' "$1/events.jsonl" |
            sort -u | paste -sd ' '
    else
        echo none
    fi
}

# judge NAME MODE ENTRY EXPECT: leaves VERDICT and, where it is not as expected, FAULT; CELLS for the table.
judge() {
    local base=$WORK/runs/$1.$2 documented=$3 expect=$4 how server state
    declare -A saw=() status=()
    FAULT='' VERDICT='' CELLS=''
    for how in bare sealed; do
        for server in good impostor; do
            state=$(state "$base.$how.$server")
            saw[$how.$server]=$state
            status[$how.$server]=$(<"$base.$how.$server.status")
            CELLS+=" $state |"
        done
    done
    [[ ${status[bare.good]} == 0 && ${saw[bare.good]} != no* ]] || fault 'does not work without pgseal'
    [[ ${saw[bare.impostor]} != no* ]] || fault 'no control: bare, the impostor has no session'
    for server in good impostor; do
        # Neither a hang (124) nor a crash (128 + signal) is a refusal; 255 is how Perl and PHP say "error".
        [[ ${status[sealed.$server]} -lt 124 || ${status[sealed.$server]} == 255 ]] ||
            fault "sealed, $server: exit status ${status[sealed.$server]}"
    done
    if [[ ${saw[sealed.impostor]} != no* ]]; then
        VERDICT='not reachable'
    elif [[ ${saw[sealed.good]} == TLS && ${saw[sealed.impostor]} == 'no session' ]]; then
        VERDICT=sealed
    else
        VERDICT=broken
    fi
    case $expect in
    sealed)
        [[ $VERDICT == sealed ]] || fault "is $VERDICT"
        [[ ${status[sealed.good]} == 0 ]] || fault "sealed, good: exit status ${status[sealed.good]}"
        ENTRY=$(entries_used "$base.sealed.good")
        [[ $ENTRY == "$documented" ]] || fault "came in by $ENTRY, documented is $documented"
        ;;
    unreachable)
        [[ $VERDICT == 'not reachable' && ${saw[sealed.impostor]} == "${saw[bare.impostor]}" ]] ||
            fault "is ${VERDICT}, documented as not reachable"
        ENTRY=none
        ;;
    esac
}
fault() { FAULT+="${FAULT:+; }$1"; }

explain() {
    local part
    for part in "$WORK/runs/$1.$2".*.out; do
        diag "$(basename "$part" .out): status $(<"${part%.out}.status"), received/TLS/plaintext $(<"${part%.out}.seen")"
        diag "$(tail -n 6 "$part" | tr -d '\0' | cut -c1-300)"
    done
    for part in "$WORK/runs/$1.$2".sealed.*/events.jsonl; do
        [[ -f $part ]] && diag "$(cut -c1-400 "$part" | tail -n 3)"
    done
    return 0
}

# --- the run

fault='' version=''
way=$(setting "$file" way) expect=$(setting "$file" expect) modes=$(setting "$file" modes)
packages_read
for package in $(setting "$file" packages); do package_present "$package" || fault+=" $package"; done
for module in $(setting "$file" modules); do module_present "$module" || fault+=" $module"; done
fault=${fault:+not installed:$fault}
if [[ -z $fault ]]; then
    if prepare "$name" >"$WORK/build/$name.out" 2>&1; then
        version=$(<"$WORK/build/$name/packaged")
    else
        fault="cannot be prepared: $(tail -n 5 "$WORK/build/$name.out")"
    fi
fi
for pair in $modes; do
    mode=${pair%%:*} ENTRY=none VERDICT=failed CELLS=''
    if [[ -n $fault ]]; then
        is "$fault" '' "$name, $mode: $expect"
        continue
    fi
    both "$name" "$mode" bare
    both "$name" "$mode" sealed
    judge "$name" "$mode" "${pair#*:}" "$expect"
    is "$FAULT" '' "$name, $mode: $expect"
    [[ -z $FAULT ]] || explain "$name" "$mode"
    printf '%s\n' "$expect| $name | $mode | $version | $way | $ENTRY |$CELLS $VERDICT |" >>"$TEST_RESULTS/$name.rows"
done
done_testing
