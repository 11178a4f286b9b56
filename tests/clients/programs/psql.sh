# shellcheck shell=bash disable=SC2034,SC2154
# psql: linked to libpq.
packages="postgresql-client-15"
way="NEEDED"
modes="connect:PQconnectdbParams"
connect() { "$PGBIN/psql" -X "$CONNINFO" -c 'select * from fruit'; }
