# shellcheck shell=bash disable=SC2034,SC2154
# pg_basebackup: linked to libpq; a physical copy over two replication connections.
packages="postgresql-client-15"
way="NEEDED"
modes="connect:PQconnectdbParams"
connect() { "$PGBIN/pg_basebackup" -d "$CONNINFO" -D backup -X stream -c fast -N; }
