# shellcheck shell=bash disable=SC2034,SC2154
# vacuumdb: linked to libpq.
packages="postgresql-client-15"
way="NEEDED"
modes="connect:PQconnectdbParams"
connect() { "$PGBIN/vacuumdb" -d "$CONNINFO" -j 2 -t fruit -t mirrored; }
