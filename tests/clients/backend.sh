# shellcheck shell=bash disable=SC2154
# backend.sh: a PostgreSQL server as the program under test: its backends are the clients.

# backend_session: starts a server (under the seal, if this run is sealed), runs the SQL on standard input in it from
# outside the seal, stops it again; returns psql's status.
backend_session() {
    local server status=0 i
    cp -a --reflink=auto "$TEMPLATE" "$SCRATCH/data"
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups "$PGBIN/postgres" -D "$SCRATCH/data" \
        -c listen_addresses= -c unix_socket_directories="$SCRATCH") >"$SCRATCH/backend.log" 2>&1 </dev/null &
    server=$!
    for ((i = 0; i < 200; i++)); do
        grep -q 'ready to accept connections' "$SCRATCH/backend.log" && break
        sleep 0.05
    done
    unsealed "$PGBIN/psql" -X -v ON_ERROR_STOP=1 -h "$SCRATCH" -U app app || status=$?
    kill -INT "$server"
    wait "$server" || true
    ((status == 0)) || cat "$SCRATCH/backend.log"
    return "$status"
}
