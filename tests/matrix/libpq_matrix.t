#!/bin/bash
# libpq_matrix.t WORLD: one libpq (see libpq_matrix.sh): each entry point × each way to say sslmode=disable, or nothing, against a good server, an
# impostor and one without TLS; then each bypass that this version has. The same calls bare show that the bypass works there.
. "$(dirname "$0")/../lib/env.sh"
WORLD=$1
# shellcheck source=tests/matrix/libpq_matrix.sh
. "$TEST_TOP/tests/matrix/libpq_matrix.sh"

env_start good impostor nossl revoked
P=$(env_port good) I=$(env_port impostor)
plain_policy() { policy <<<"sslrootcert = $PKI/root.pem"; }
plain_policy

# --- the libpq of this world
forget_events
run world "$ENTRY_POINTS" first connectdb -- "host=localhost port=$P user=app dbname=app"
is "$RC $(out status server)" '0 ok t' 'a first connection, sealed'
LIBPQ_VERSION=$(events 'select(.event == "seal") | .libpq_version')
MAJOR=$((LIBPQ_VERSION / 10000))
case $WORLD in
libpq-*) is "$MAJOR" "${WORLD//[^0-9]/}" 'the log names the libpq that was meant' ;;
*) isnt "$MAJOR" 0 'the log names the version of libpq' ;;
esac
printf '# world %s|%s\n' "$WORLD" "$(world_words)"

# --- entry points
servers=(good impostor nossl)
services=$TEST_DIR/log/services.conf
for server in "${servers[@]}"; do
    printf '[%s]\nhost=localhost\nport=%s\ndbname=app\nuser=app\n' "$server" "$(env_port "$server")"
    printf '[%s-weak]\nhost=localhost\nport=%s\ndbname=app\nuser=app\nsslmode=disable\n' "$server" "$(env_port "$server")"
done >"$services"

declare -A function_of=([connectdb]=PQconnectdb [start]=PQconnectStart [ping]=PQping [params]=PQconnectdbParams
    [startparams]=PQconnectStartParams [pingparams]=PQpingParams [params0]=PQconnectdbParams
    [startparams0]=PQconnectStartParams [pingparams0]=PQpingParams [setdblogin]=PQsetdbLogin)
declare -A row_entry=() row_source=()
table=()
row() { # SOURCE WAY ENTRY WORD…: @ID@ is the row's name
    local source=$1 id="$server.$3.$2" entry=$3 word line
    shift 3
    line="$id"$'\t'"$entry"
    for word; do line+=$'\t'"${word//@ID@/$id}"; done
    table+=("$line")
    row_entry[$id]=$entry row_source[$id]=$source
}
for server in "${servers[@]}"; do
    port=$(env_port "$server")
    target="host=localhost port=$port dbname=app user=app application_name=@ID@"
    uri="postgresql://app@localhost:$port/app?application_name=@ID@"
    pairs=(host=localhost "port=$port" dbname=app user=app application_name=@ID@)
    around=(env:PGHOST=localhost "env:PGPORT=$port" env:PGDATABASE=app env:PGUSER=app env:PGAPPNAME=@ID@)
    by_service=("env:PGSERVICEFILE=$services")
    for entry in connectdb start ping; do
        row conninfo conninfo "$entry" -- "$target sslmode=disable"
        row uri uri "$entry" -- "$uri&sslmode=disable"
        row service service "$entry" "${by_service[@]}" -- "service=$server-weak application_name=@ID@"
        row environment environment "$entry" env:PGSSLMODE=disable "${around[@]}" -- ''
        row default default "$entry" -- "$target"
    done
    for entry in params startparams pingparams; do
        row params params "$entry" -- "${pairs[@]}" sslmode=disable
        row params unexpanded "${entry}0" -- "${pairs[@]}" sslmode=disable
        row conninfo expanded "$entry" -- "dbname=$target sslmode=disable"
        row uri uri "$entry" -- "dbname=$uri&sslmode=disable"
        row service service "$entry" "${by_service[@]}" -- "service=$server-weak" application_name=@ID@
        row environment environment "$entry" env:PGSSLMODE=disable "${around[@]}" --
        row default default "$entry" -- "${pairs[@]}"
    done
    row environment environment setdblogin env:PGSSLMODE=disable env:PGAPPNAME=@ID@ -- \
        host=localhost "port=$port" dbname=app user=app
    row conninfo expanded setdblogin -- "dbname=$target sslmode=disable"
    row uri uri setdblogin -- "dbname=$uri&sslmode=disable"
    row service service setdblogin "${by_service[@]}" -- "dbname=service=$server-weak application_name=@ID@"
    row default default setdblogin env:PGAPPNAME=@ID@ -- host=localhost "port=$port" dbname=app user=app
done

declare -A outcome=() session=() logged=()
collect() { # what the client says, what the server saw, what the log says: each by row
    local id rest
    outcome=() session=() logged=()
    while IFS=$'\t' read -r id rest; do
        outcome[$id]=$rest
    done < <(jq -r '[.row, .status + (if .server then " " + .server else "" end)] | @tsv' "$TEST_DIR/out.jsonl")
    sleep 0.3
    for server in "${servers[@]}"; do
        while read -r id rest; do session[$id]+=$rest; done < <(sessions "$server")
        log_mark "$server"
    done
    [[ -f $EVENTS ]] || return 0
    while IFS=$'\t' read -r id rest; do
        logged[$id]=$rest
    done < <(jq -rs '[.[] | select(.application_name)] | group_by(.application_name)[] | [.[0].application_name,
        ([.[] | .event + (if .changes then " \(.action) \(.entry) [" + ([.changes[]
            | select(.option == "sslmode") | "\(.source) \(.requested // "-") \(.enforced)"] | join(";")) + "]" else "" end)]
            | join(" then "))] | @tsv' "$EVENTS")
}

printf '%s\n' "${table[@]}" | grep -v '^good' | world_bare "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
collect
open=0 closed=''
for id in "${!row_source[@]}"; do
    want='ok f plain'
    [[ ${row_source[$id]} == default && $id == impostor* ]] && want='ok t ssl'
    [[ $id != good* ]] || continue
    [[ ${row_entry[$id]} != ping* ]] || want="ok ${want##* }"
    if [[ "${outcome[$id]:-} ${session[$id]:-}" == "$want" ]]; then open=$((open + 1)); else closed+=" $id"; fi
done
is "$closed" '' "bare, all $open rows connect to the impostor and in plaintext"

forget_events
printf '%s\n' "${table[@]}" | world "$ENTRY_POINTS" - >"$TEST_DIR/out.jsonl"
collect
for line in "${table[@]}"; do
    id=${line%%$'\t'*}
    entry=${row_entry[$id]} source=${row_source[$id]}
    want="downgrade sealed ${function_of[$entry]} [$source disable verify-full]"
    # Where nothing was asked, libpq's own default stands there as what was requested.
    [[ $source != default ]] || want="seal sealed ${function_of[$entry]} [default prefer verify-full]"
    case $id in
    good.ping*) want="ok ssl $want then witness" ;;
    good.*) want="ok t ssl $want then witness" ;;
    *.ping*) want="no_response $want then failed" ;;
    *) want="bad $want then failed" ;;
    esac
    # A ping of such a libpq polls inside itself and has given back its PGconn when it returns: nothing can be looked at.
    [[ -z $SYMBOLIC || $entry != ping* ]] || want=${want% then *}
    is "${outcome[$id]:-}${session[$id]:+ ${session[$id]}} ${logged[$id]:-}" "$want" "$id"
done
is "$(events 'select(.event == "process")' | wc -l)" 1 'one process line'

# --- a witness shows what this world's own OpenSSL was asked: as openssl(1) tells it of the certificates
openssl s_client -starttls postgres -connect "localhost:$P" -CAfile "$PKI/root.pem" </dev/null >"$TEST_DIR/s_client" 2>&1 || true
leaf=$(openssl x509 -in "$PKI/good.crt" -noout -fingerprint -sha256 | sed 's/^[^=]*=//' | tr -d : | tr A-F a-f)
root=$(sha256sum "$PKI/root.pem" | cut -d' ' -f1)
is "$(openssl x509 -in "$TEST_DIR/s_client" -noout -fingerprint -sha256 | sed 's/^[^=]*=//' | tr -d : | tr A-F a-f)" "$leaf" 'openssl: what the server shows'
forget_events
run world "$ENTRY_POINTS" evidence connectdb "query=select version || ' ' || bits from pg_stat_ssl where pid = pg_backend_pid()" \
    -- "host=localhost port=$P user=app dbname=app"
like "$(out server)" '^TLSv1\.3 [0-9]+$' 'the server tells protocol and bits'
is "$(events 'select(.event == "witness")' | jq -r '[.reason // "no reason", .protocol, .bits, .peer_sha256, .root_sha256, .verified_name] | map(tostring) | join(" ")')" \
    "no reason $(out server) $leaf $root localhost" 'the witness names them, both certificates, and nothing that it could not see'

# --- asynchronous reset, threads, a child
forget_events
run world "$ENTRY_POINTS" r start reset=start -- "host=localhost port=$P user=app dbname=app sslmode=disable"
is "$(jq -rs '[.[] | .status, .server] | join(" ")' <<<"$OUT")" 'ok t ok t' 'connect and reset, polled'
run world "$ENTRY_POINTS" r connectdb reset=sync -- "host=localhost port=$P user=app dbname=app sslmode=disable"
is "$(jq -rs '[.[] | .status, .server] | join(" ")' <<<"$OUT")" 'ok t ok t' 'connect and reset'
is "$(events 'select(.event == "witness")' | wc -l)" 4 'each session has its witness'
forget_events
run world "$ENTRY_POINTS" t params threads=4 times=5 -- host=localhost port="$P" user=app dbname=app sslmode=disable
is "$(jq -rs 'map(.status + .server) | unique | join(" ")' <<<"$OUT") $(grep -c . <<<"$OUT")" 'okt 20' 'four threads'
is "$(verdicts | tr ' ' '\n' | sort | uniq -c | xargs) $(events 'select(.event == "witness")' | wc -l)" \
    '20 downgrade/sealed 20' 'a verdict and a witness each'
run world "$ENTRY_POINTS" f connectdb fork -- "host=localhost port=$P user=app dbname=app sslmode=disable"
is "$RC $(out status server)" '0 ok t' 'in a child'

# --- psql
if [[ -n $PSQL ]]; then
    log_mark good
    log_mark impostor
    forget_events
    run world "$PSQL" -XAtc 'select ssl from pg_stat_ssl where pid = pg_backend_pid()' \
        "host=localhost port=$P user=app dbname=app sslmode=disable"
    is "$RC $OUT $ERR" '0 t ' 'psql, sealed'
    run world "$PSQL" -XAtc 'select 1' "host=localhost port=$I user=app dbname=app sslmode=disable"
    is "$RC $OUT" '2 ' 'psql is refused by what the impostor shows'
    has "$ERR" 'certificate verify failed' 'psql says why'
    is "$(sessions good), $(sessions impostor)" 'psql ssl, ' 'as the servers saw it'
    is "$(verdicts)" 'downgrade/sealed downgrade/sealed' 'a verdict each'
fi
if [[ $WORLD == arm64 ]]; then
    forget_events
    # The module is opened by dlopen and linked to libpq: it is reached past RTLD_NEXT.
    code='import sys, psycopg2
c = psycopg2.connect(sys.argv[1]).cursor(); c.execute("select ssl_is_used()"); print(c.fetchone()[0])'
    run world "$TEST_TOP/build/roots/arm64/usr/bin/python3" -c "$code" "host=localhost port=$P user=app dbname=app sslmode=disable"
    is "$RC $OUT" '0 True' "psycopg2, sealed"
    run world "$TEST_TOP/build/roots/arm64/usr/bin/python3" -c "$code" "host=localhost port=$I user=app dbname=app sslmode=disable"
    is "$RC $OUT" '1 ' 'psycopg2 is refused by what the impostor shows'
    is "$(verdicts)" 'downgrade/sealed downgrade/sealed' 'psycopg2: a verdict each'
fi

# shellcheck source=tests/matrix/bypasses.sh
. "$TEST_TOP/tests/matrix/bypasses.sh"
if ((MAJOR >= 19)); then
    # shellcheck source=tests/matrix/oauth.sh
    . "$TEST_TOP/tests/matrix/oauth.sh"
fi
if [[ $WORLD == arm64 ]]; then
    # shellcheck source=tests/matrix/ways.sh
    . "$TEST_TOP/tests/matrix/ways.sh"
    # shellcheck source=tests/matrix/tool.sh
    . "$TEST_TOP/tests/matrix/tool.sh"
fi
if [[ $WORLD == musl-libpq ]]; then
    # shellcheck source=tests/musl/ways.sh
    . "$TEST_TOP/tests/musl/ways.sh"
fi
done_testing
