# shellcheck shell=bash disable=SC2034,SC2154
# psql, setuid: the dynamic linker ignores a preload given by a path there.
packages="postgresql-client-15"
expect=unreachable
way="setuid: the preload is ignored"
modes="connect:none"
build() { install -m 4755 "$PGBIN/psql" psql; }
connect() { as_postgres "$BUILD/psql" -X "$CONNINFO" -c 'select * from fruit'; }
