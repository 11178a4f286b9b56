# shellcheck shell=bash disable=SC2034,SC2154
# pg_dumpall: linked to libpq; starts pg_dump for each database.
packages="postgresql-client-15"
way="NEEDED"
modes="connect:PQconnectdbParams"
connect() { "$PGBIN/pg_dumpall" -d "$CONNINFO" -l app; }
