# shellcheck shell=bash disable=SC2034,SC2154
# psql with file capabilities: as with setuid.
packages="postgresql-client-15 libcap2-bin"
expect=unreachable
way="file capabilities: the preload is ignored"
modes="connect:none"
build() {
    install -m 0755 "$PGBIN/psql" psql
    setcap cap_net_bind_service=ep psql
}
connect() { as_postgres "$BUILD/psql" -X "$CONNINFO" -c 'select * from fruit'; }
