# shellcheck shell=bash disable=SC2034,SC2154
# dblink: a server's backend, started under the preload, connects to another server.
packages="postgresql-15"
way="backend LOAD"
modes="connect:PQconnectdb"
# shellcheck source=tests/clients/backend.sh
. "$CLIENTS/backend.sh"
connect() {
    backend_session <<SQL
create extension dblink;
select * from dblink('$CONNINFO', 'select id, name from fruit') as (id int, name text);
SQL
}
