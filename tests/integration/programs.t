#!/bin/bash
# programs.t: unmodified programs, told to use sslmode=disable in every way there is: verified TLS or nothing.
. "$(dirname "$0")/../lib/lab.sh"

lab_start good impostor
good=$(lab_port good) bad=$(lab_port impostor)
export PGUSER=postgres PGDATABASE=postgres HOME=$LAB/home PGCONNECT_TIMEOUT=10
mkdir -p "$HOME"
printf '[weak]\nsslmode=disable\n' >"$LAB/pg_service.conf"
seal=(LD_PRELOAD="$OBJECT" PGSEAL_SSLROOTCERT="$PKI/root.pem" PGSEAL_LOG=file:"$EVENTS")

# authorized SERVER: how the server's log calls the sessions since the mark: tls, plain, or nothing.
authorized() {
    log_since "$1" | sed -n 's/.*connection authorized:.*SSL enabled.*/tls/p; t; s/.*connection authorized:.*/plain/p' |
        sort -u | tr '\n' ' '
}

# program NAME COMMAND…: @PORT@ in the command is the server's port. Bare it talks in plaintext to both servers; sealed in
# TLS to the good one and not at all to the impostor.
program() {
    local name=$1 port server want
    shift
    for how in bare sealed; do
        for server in good impostor; do
            port=$good
            [[ $server == good ]] || port=$bad
            log_mark "$server"
            if [[ $how == bare ]]; then
                env "${@//@PORT@/$port}" >"$LAB/out" 2>&1 </dev/null || true
            else
                env "${seal[@]}" "${@//@PORT@/$port}" >"$LAB/out" 2>&1 </dev/null || true
            fi
            want='plain '
            [[ $how == bare ]] || want='tls '
            [[ $how/$server != sealed/impostor ]] || want=''
            is "$(authorized "$server")" "$want" "$name: $how, $server"
        done
    done
}

psycopg2='import os, psycopg2; psycopg2.connect(os.environ["DSN"]).cursor().execute("select 1")'
program 'psql, conninfo' psql -XAtc 'select 1' 'host=localhost port=@PORT@ sslmode=disable'
program 'psql, URI' psql -XAtc 'select 1' 'postgresql://localhost:@PORT@/postgres?sslmode=disable'
program 'psql, environment' PGSSLMODE=disable psql -XAtc 'select 1' -h localhost -p @PORT@
program 'psql, service file' PGSERVICEFILE="$LAB/pg_service.conf" psql -XAtc 'select 1' 'service=weak host=localhost port=@PORT@'
program 'psql, PGSERVICE' PGSERVICEFILE="$LAB/pg_service.conf" PGSERVICE=weak psql -XAtc 'select 1' -h localhost -p @PORT@
program 'pg_dump' pg_dump -s 'host=localhost port=@PORT@ sslmode=disable'
program 'psycopg2' DSN='host=localhost port=@PORT@ sslmode=disable' /usr/bin/python3 -c "$psycopg2"
program 'psycopg2, URI' DSN='postgres://localhost:@PORT@/?sslmode=disable' /usr/bin/python3 -c "$psycopg2"

# pg_isready never authenticates: its answer is what counts.
for way in bare sealed; do
    [[ $way == bare ]] && prefix=(env PGSSLMODE=disable) || prefix=(env PGSSLMODE=disable "${seal[@]}")
    status=0
    "${prefix[@]}" pg_isready -q -h localhost -p "$good" || status=$?
    is "$status" 0 "pg_isready: $way, good"
    status=0
    "${prefix[@]}" pg_isready -q -h localhost -p "$bad" || status=$?
    [[ $way == bare ]] && want=0 || want=2
    is "$status" "$want" "pg_isready: $way, impostor"
done
done_testing
