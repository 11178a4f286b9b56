# shellcheck shell=bash disable=SC2034,SC2154
# pgbouncer, towards its server: speaks the protocol itself (and has settings of its own for TLS).
packages="pgbouncer postgresql-client-15"
expect=unreachable
way="not libpq"
modes="connect:none"
connect() {
    local bouncer status=0 i
    printf '%s\n' '[databases]' "app = host=$HOST port=$PORT dbname=app user=app" '[pgbouncer]' 'listen_addr =' \
        "unix_socket_dir = $SCRATCH" 'listen_port = 6432' 'auth_type = any' 'server_tls_sslmode = disable' >bouncer.ini
    setpriv --reuid=postgres --regid=postgres --init-groups pgbouncer "$SCRATCH/bouncer.ini" >bouncer.log 2>&1 &
    bouncer=$!
    for ((i = 0; i < 100; i++)); do
        [[ -S .s.PGSQL.6432 ]] && break
        sleep 0.05
    done
    unsealed "$PGBIN/psql" -X -h "$SCRATCH" -p 6432 -U app app -c 'select * from fruit' || status=$?
    kill -INT "$bouncer"
    wait "$bouncer" || true
    ((status == 0)) || cat bouncer.log
    return "$status"
}
