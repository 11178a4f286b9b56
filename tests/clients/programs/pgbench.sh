# shellcheck shell=bash disable=SC2034,SC2154
# pgbench: linked to libpq; two clients in two threads, a new connection for each transaction.
packages="postgresql-15"
way="NEEDED"
modes="connect:PQconnectdbParams"
connect() {
    echo 'select name from fruit where id = 1;' >script.sql
    "$PGBIN/pgbench" -n -C -c 2 -j 2 -t 2 -f script.sql "$CONNINFO"
}
