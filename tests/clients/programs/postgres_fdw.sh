# shellcheck shell=bash disable=SC2034,SC2154
# postgres_fdw: a foreign table, read by a backend of a server started under the preload.
packages="postgresql-15"
way="backend LOAD"
modes="connect:PQconnectdbParams"
# shellcheck source=tests/clients/backend.sh
. "$CLIENTS/backend.sh"
connect() {
    backend_session <<SQL
create extension postgres_fdw;
create server far foreign data wrapper postgres_fdw
    options (host '$HOST', port '$PORT', dbname 'app', sslmode 'disable');
create user mapping for app server far options (user 'app');
create foreign table far_fruit (id int, name text) server far options (table_name 'fruit');
select * from far_fruit;
SQL
}
