# shellcheck shell=bash disable=SC2034,SC2154
# pg_isready: linked to libpq; the ping is a whole connection that ends at once.
packages="postgresql-client-15"
way="NEEDED"
modes="connect:PQpingParams"
connect() { "$PGBIN/pg_isready" -d "$CONNINFO"; }
