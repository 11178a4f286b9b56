#!/bin/bash
# programs.t: unmodified programs that are told to use sslmode=disable in every possible way: verified TLS or nothing.
. "$(dirname "$0")/../lib/env.sh"

env_start good impostor nossl
declare -A port=([good]=$(env_port good) [impostor]=$(env_port impostor) [nossl]=$(env_port nossl))
export PGUSER=postgres PGDATABASE=postgres HOME=$TEST_DIR/home PGCONNECT_TIMEOUT=10
mkdir -p "$HOME"
printf '[weak]\nsslmode=disable\n' >"$TEST_DIR/pg_service.conf"
service=PGSERVICEFILE=$TEST_DIR/pg_service.conf
seal=(LD_PRELOAD="$OBJECT" PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_LOG=file:"$EVENTS")

# authorized SERVER: how the server's log calls the sessions since the mark: tls, plain, or nothing.
authorized() {
    log_since "$1" | sed -n 's/.*connection authorized:.*SSL enabled.*/tls/p; t; s/.*connection authorized:.*/plain/p' |
        sort -u | tr '\n' ' '
}

# program NAME COMMAND…: @PORT@ in the command is the server's port. Bare it talks in plaintext to all servers; sealed in
# TLS to the good one, and not at all to the impostor and to the one without TLS.
program() {
    local name=$1 server want way
    shift
    for way in bare sealed; do
        for server in good impostor nossl; do
            log_mark "$server"
            RC=0
            if [[ $way == bare ]]; then
                env "${@//@PORT@/${port[$server]}}" >"$TEST_DIR/out" 2>&1 </dev/null || RC=$?
            else
                env "${seal[@]}" "${@//@PORT@/${port[$server]}}" >"$TEST_DIR/out" 2>&1 </dev/null || RC=$?
            fi
            case $way/$server in
            bare/*) want='plain , success' ;;
            sealed/good) want='tls , success' ;;
            *) want=', failure' ;;
            esac
            is "$(authorized "$server"), $([[ $RC == 0 ]] && echo success || echo failure)" "$want" "$name: $way, $server"
        done
    done
}

program 'psql, conninfo' psql -XAtc 'select 1' 'host=localhost port=@PORT@ sslmode=disable'
program 'psql, URI' psql -XAtc 'select 1' 'postgresql://localhost:@PORT@/postgres?sslmode=disable'
program 'psql, environment' PGSSLMODE=disable psql -XAtc 'select 1' -h localhost -p @PORT@
program 'psql, service file' "$service" psql -XAtc 'select 1' 'service=weak host=localhost port=@PORT@'
program 'psql, PGSERVICE' "$service" PGSERVICE=weak psql -XAtc 'select 1' -h localhost -p @PORT@

program 'pg_dump, conninfo' pg_dump -s 'host=localhost port=@PORT@ sslmode=disable'
program 'pg_dump, URI' pg_dump -s 'postgresql://localhost:@PORT@/postgres?sslmode=disable'
program 'pg_dump, environment' PGSSLMODE=disable pg_dump -s -h localhost -p @PORT@
program 'pg_dump, service file' "$service" pg_dump -s -d 'service=weak host=localhost port=@PORT@'
program 'pg_dump, PGSERVICE' "$service" PGSERVICE=weak pg_dump -s -h localhost -p @PORT@

# python CALL: a program that runs a query on psycopg2.connect(CALL); the port is in the environment.
python() { printf 'import os, psycopg2; psycopg2.connect(%s).cursor().execute("select 1")' "$1"; }
dsn=$(python 'os.environ["DSN"]')
arguments=$(python 'host="localhost", port=os.environ["PORT"], sslmode="disable"')
both=$(python '"sslmode=disable", host="localhost", port=os.environ["PORT"]')
unsaid=$(python 'host="localhost", port=os.environ["PORT"]')
program 'psycopg2, conninfo' DSN='host=localhost port=@PORT@ sslmode=disable' /usr/bin/python3 -c "$dsn"
program 'psycopg2, URI' DSN='postgres://localhost:@PORT@/?sslmode=disable' /usr/bin/python3 -c "$dsn"
program 'psycopg2, keyword arguments' PORT=@PORT@ /usr/bin/python3 -c "$arguments"
program 'psycopg2, conninfo and keyword arguments' PORT=@PORT@ /usr/bin/python3 -c "$both"
program 'psycopg2, environment' PGSSLMODE=disable PORT=@PORT@ /usr/bin/python3 -c "$unsaid"
program 'psycopg2, service file' "$service" DSN='service=weak host=localhost port=@PORT@' /usr/bin/python3 -c "$dsn"
program 'psycopg2, PGSERVICE' "$service" PGSERVICE=weak PORT=@PORT@ /usr/bin/python3 -c "$unsaid"

# ready NAME COMMAND…: pg_isready never authenticates: its answer is what counts.
ready() {
    local name=$1 server got=''
    shift
    for server in good impostor nossl; do
        RC=0
        env "${@//@PORT@/${port[$server]}}" || RC=$?
        got+="$server $RC "
    done
    is "$got" 'good 0 impostor 0 nossl 0 ' "pg_isready, $name: bare"
    got=
    for server in good impostor nossl; do
        RC=0
        env "${seal[@]}" "${@//@PORT@/${port[$server]}}" || RC=$?
        got+="$server $RC "
    done
    is "$got" 'good 0 impostor 2 nossl 2 ' "pg_isready, $name: sealed"
}
ready 'conninfo' pg_isready -q -d 'host=localhost port=@PORT@ sslmode=disable'
ready 'URI' pg_isready -q -d 'postgresql://localhost:@PORT@/postgres?sslmode=disable'
ready 'environment' PGSSLMODE=disable pg_isready -q -h localhost -p @PORT@
ready 'service file' "$service" pg_isready -q -d 'service=weak host=localhost port=@PORT@'
ready 'PGSERVICE' "$service" PGSERVICE=weak pg_isready -q -h localhost -p @PORT@

# psql's \c takes over the options of the connection that it has, the sealed ones, too; with a connection string it does not.
policy <<<"sslrootcert = $PKI/root.pem"$'\n''[host 127.0.0.1]'$'\n''exempt = has no TLS'
first="host=localhost port=${port[good]}" exempt="127.0.0.1 ${port[nossl]}"
for how in bare sealed; do
    run $how psql -XAt "$first" -c "\\c - - $exempt" -c 'select 1'
    is "$RC $(grep -o 'server does not support SSL, but SSL was required' <<<"$ERR")" \
        "$([[ $how == bare ]] && echo '0 ' || echo '1 server does not support SSL, but SSL was required')" "psql, \\c to an exempt host, $how"
    run $how psql -XAt "$first" -c "\\c 'host=127.0.0.1 port=${port[nossl]}'" -c 'select 1'
    is "$RC ${OUT##*$'\n'}$ERR" '0 1' "psql, \\c to an exempt host with a connection string, $how"
done
done_testing
