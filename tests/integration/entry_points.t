#!/bin/bash
# entry_points.t: each entry point of libpq × each way to say sslmode=disable, or nothing, against a good server and five bad ones:
# verified TLS on the good one, no authorised session on the others; one verdict line each, field by field; as root and as
# a user without privileges. The same rows bare show that it works there.
. "$(dirname "$0")/../lib/env.sh"

servers=(good impostor wrongname expired revoked nossl)
env_start "${servers[@]}"
policy <<END
mode = enforce
sslrootcert = $PKI/root.pem
sslcrl = $PKI/crl.pem
END

services=$TEST_DIR/services.conf
for server in "${servers[@]}"; do
    printf '[%s]\nhost=localhost\nport=%s\ndbname=app\nuser=app\n' "$server" "$(env_port "$server")"
    printf '[%s-weak]\nhost=localhost\nport=%s\ndbname=app\nuser=app\nsslmode=disable\n' "$server" "$(env_port "$server")"
done >"$services"

declare -A function_of=([connectdb]=PQconnectdb [start]=PQconnectStart [ping]=PQping [params]=PQconnectdbParams
    [startparams]=PQconnectStartParams [pingparams]=PQpingParams [params0]=PQconnectdbParams
    [startparams0]=PQconnectStartParams [pingparams0]=PQpingParams [setdblogin]=PQsetdbLogin)
declare -A row_entry=() row_source=()
rows=()

# row SOURCE HOW ENTRY WORD…: SOURCE is what the log must name, or "default" where nothing was asked. @ID@ is the row's name.
row() {
    local source=$1 id="$server.$3.$2" word line
    line="$id"$'\t'"$3"
    shift 3
    for word in "$@"; do
        line+=$'\t'"${word//@ID@/$id}"
    done
    rows+=("$line")
    row_entry[$id]=${line#*$'\t'}
    row_entry[$id]=${row_entry[$id]%%$'\t'*}
    row_source[$id]=$source
}

rows_for() {
    server=$1
    local port target pairs uri entry
    port=$(env_port "$server")
    target="host=localhost port=$port dbname=app user=app application_name=@ID@"
    uri="//app@localhost:$port/app?application_name=@ID@"
    pairs=(host=localhost "port=$port" dbname=app user=app application_name=@ID@)
    local around=(env:PGHOST=localhost "env:PGPORT=$port" env:PGDATABASE=app env:PGUSER=app env:PGAPPNAME=@ID@)
    for entry in connectdb start ping; do
        row conninfo conninfo "$entry" -- "$target sslmode=disable"
        row uri uri "$entry" -- "postgresql:$uri&sslmode=disable"
        row uri uri2 "$entry" -- "postgres:$uri&sslmode=disable"
        row service service "$entry" "env:PGSERVICEFILE=$services" -- "service=$server-weak application_name=@ID@"
        row service pgservice "$entry" "env:PGSERVICEFILE=$services" "env:PGSERVICE=$server-weak" -- "application_name=@ID@"
        row environment environment "$entry" env:PGSSLMODE=disable "${around[@]}" -- ''
        row default default "$entry" -- "$target"
        row default default-uri "$entry" -- "postgresql:$uri"
        row default default-service "$entry" "env:PGSERVICEFILE=$services" -- "service=$server application_name=@ID@"
        row default nothing "$entry" "${around[@]}" --
    done
    for entry in params startparams pingparams; do
        row params params "$entry" -- "${pairs[@]}" sslmode=disable
        row params params0 "${entry}0" -- "${pairs[@]}" sslmode=disable
        row conninfo expanded "$entry" -- "dbname=$target sslmode=disable"
        row uri expanded-uri "$entry" -- "dbname=postgresql:$uri&sslmode=disable"
        row params after-expanded "$entry" -- "dbname=$target sslmode=verify-full" sslmode=disable
        row service service "$entry" "env:PGSERVICEFILE=$services" -- "service=$server-weak" application_name=@ID@
        row environment environment "$entry" env:PGSSLMODE=disable "${around[@]}" --
        row environment null-values "${entry}0" env:PGSSLMODE=disable "${around[@]}" --
        row default default "$entry" -- "${pairs[@]}"
        row default null-and-empty "$entry" -- "${pairs[@]}" sslmode= sslmode
    done
    row environment login setdblogin env:PGSSLMODE=disable env:PGAPPNAME=@ID@ -- \
        host=localhost "port=$port" dbname=app user=app
    row conninfo expanded setdblogin -- "dbname=$target sslmode=disable"
    row uri expanded-uri setdblogin -- "dbname=postgresql:$uri&sslmode=disable"
    row service service setdblogin "env:PGSERVICEFILE=$services" -- "dbname=service=$server-weak application_name=@ID@"
    row environment environment setdblogin env:PGSSLMODE=disable "${around[@]}" --
    row default default setdblogin env:PGAPPNAME=@ID@ -- host=localhost "port=$port" dbname=app user=app
}
for server in "${servers[@]}"; do
    rows_for "$server"
done

declare -A outcome=() session=() logged=()
collect() { # what the client says, what the server saw, what the log says: each by row
    local id rest server name
    outcome=() session=() logged=()
    while IFS=$'\t' read -r id rest; do
        outcome[$id]=$rest
    done < <(jq -r '[.row, .status + (if .server then " " + .server else "" end)] | @tsv' "$TEST_DIR/out.jsonl")
    sleep 0.3
    for server in "${servers[@]}"; do
        while read -r name rest; do
            session[$name]+=$rest
        done < <(sessions "$server")
        log_mark "$server"
    done
    [[ -f $EVENTS ]] || return 0
    while IFS=$'\t' read -r id rest; do
        logged[$id]=$rest
    done < <(jq -rs 'def verdict: .event | IN("refuse", "exempt", "downgrade", "socket", "seal");
        [.[] | select(.application_name)] | group_by(.application_name)[] | [.[0].application_name,
        ([.[] | select(verdict) | "\(.event) \(.action) \(.mode) \(.entry) \(.host):\(.port)"
            + " [" + ([.changes[] | select(.source != "default")
                | "\(.option) \(.source) \(.requested) \(.enforced)"] | join(";")) + "]"
            + " [" + ([.changes[] | select(.source == "default" and .option == "sslmode") | .enforced] | join(";")) + "]"]
            | join(" | "))
        + ([.[] | select(.event == "failed" and (.reason // "") != "") | " failed"] | join(""))] | @tsv' "$EVENTS")
}

# only SERVER…: the rows that go there.
only() {
    printf '%s\n' "${rows[@]}" | grep -E "^($(IFS='|' && echo "$*"))\."
}

judge() { # AS SERVER…
    local as=$1 line id entry server want_log want_outcome want_session
    shift
    while IFS= read -r line; do
        id=${line%%$'\t'*} server=${id%%.*} entry=${row_entry[$id]}
        if [[ ${row_source[$id]} == default ]]; then
            want_log="seal sealed enforce ${function_of[$entry]} localhost:$(env_port "$server") [] [verify-full]"
        else
            want_log="downgrade sealed enforce ${function_of[$entry]} localhost:$(env_port "$server")"
            want_log+=" [sslmode ${row_source[$id]} disable verify-full] []"
        fi
        case $server-$entry in
        good-ping*) want_outcome=ok want_session=ssl ;;
        good-*) want_outcome='ok t' want_session=ssl ;;
        *-ping*) want_outcome=no_response want_session='' want_log+=' failed' ;;
        *) want_outcome=bad want_session='' want_log+=' failed' ;;
        esac
        is "${outcome[$id]:-} / ${session[$id]:-} / ${logged[$id]:-}" "$want_outcome / $want_session / $want_log" \
            "$as: $id"
    done < <(only "$@")
}

for server in "${servers[@]}"; do log_mark "$server"; done
only good impostor nossl | bare "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
collect
while IFS= read -r line; do
    id=${line%%$'\t'*} server=${id%%.*}
    want=plain
    [[ ${row_source[$id]} != default || $server == nossl ]] || want=ssl
    is "${outcome[$id]%% *} ${session[$id]:-}" "ok $want" "bare, the bypass works: $id"
done < <(only good impostor nossl)

forget_events
printf '%s\n' "${rows[@]}" | sealed "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
collect
judge root "${servers[@]}"
is "$(events 'select(.event == "process")' | wc -l)" 1 'one process line'
is "$(events 'select(.schema != "pgseal/1" or (.time | test("^20[0-9-]{8}T[0-9:]{8}\\.[0-9]{3}Z$") | not)
    or (.pid | type) != "number" or .uid != 0)' | wc -l)" 0 'every line has schema, time, pid and uid'
is "$(events 'select(.event == "downgrade" and (.libpq_version < 100000 or (.libpq | startswith("/") | not)
    or .exe != "'"$ENTRY_POINTS"'" or .user != "app" or .dbname != "app"))' | wc -l)" 0 'every verdict names libpq, program, user, database'

forget_events
only good impostor | sealed_as_user "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
collect
judge "$TESTUSER" good impostor
is "$(events "select(.uid != $(id -u "$TESTUSER"))" | wc -l)" 0 "every line names the user"

done_testing
