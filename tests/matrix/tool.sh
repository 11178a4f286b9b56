# shellcheck shell=bash
# tool.sh: the operator's tool and the launcher of another machine; sourced by libpq_matrix.t. What the tool says must be what
# this machine's tool says of the same thing, but for the paths and versions of its own libraries.
tool=$TEST_TOP/build/arm64/pgseal
policy <<<"sslrootcert = $PKI/root.pem"

run world_bare "$tool" --version
is "$RC $OUT" "0 $("$TEST_TOP/build/pgseal" --version)" 'the tool runs'

# same NAME STATUS ARG…: both tools give this status and this JSON; leaves the one of the other machine in OUT.
same() {
    local name=$1 status=$2 native filter='walk(if type == "object" then del(.time, .libpq, .libpq_version, .exe, .pid) else . end)'
    shift 2
    run "$TEST_TOP/build/pgseal" "$@"
    native="$RC $(jq -cS "$filter" <<<"$OUT")"
    run world_bare "$tool" "$@"
    is "$RC $(jq -cS "$filter" <<<"$OUT")" "$native" "$name: as on this machine"
    is "$RC" "$status" "$name: exit status"
    [[ -z $ERR ]] || diag "$ERR"
}
same 'explain' 1 explain --json "host=localhost port=$P user=app dbname=app sslmode=disable"
is "$(jq -r .verdict <<<"$OUT")" sealed 'explain: what would become of it'
same 'ca, a root' 0 ca --json "$PKI/root.pem"
same 'ca, a CRL among the roots' 1 ca --json "$PKI/crl-mixed.pem"
log_mark good
same 'check, a server that takes plaintext too' 1 check --json "host=localhost port=$P user=app dbname=app"
is "$(sessions good | sort | uniq -c | xargs)" '2 - plain 2 - ssl' 'check: as the server saw both'
same 'check, an impostor' 1 check --json "host=localhost port=$I user=app dbname=app"
# qemu shows it the root of that machine as /, and what is only here below that.
run world_bare "$tool" scan --json /usr/lib/postgresql /usr/lib/python3/dist-packages/psycopg2
is "$RC $(jq -r '[.items[] | select(.path | test("/bin/psql$|_psycopg")) | "\(.machine) \(.kind) \(.verdict)"] | join(", ")' <<<"$OUT")" \
    '0 aarch64 program covered, aarch64 module covered by loader hooks' 'scan: psql and psycopg2'

# The launcher judges a target by its file before it starts anything; starting one would take a kernel of that machine.
launcher=$TEST_TOP/build/arm64/pgseal-run
run world_bare "$launcher" --version
is "$RC $OUT" "0 $("$TEST_TOP/build/pgseal-run" --version)" 'the launcher runs'
run world_bare "$launcher" --lib "$OBJECT" "$TEST_TOP/build/pgseal"
is "$RC" 125 'the launcher refuses a program of this machine'
has "$ERR" 'machine' 'and says why'
run world_bare "$launcher" --lib "$TEST_TOP/build/libpgseal.so" "$PSQL"
is "$RC" 125 'the launcher refuses an object of this machine'
has "$ERR" 'machine' 'and says why'
