# shellcheck shell=bash disable=SC2034,SC2154
# pg_dump: linked to libpq; -j opens one connection more for each worker.
packages="postgresql-client-15"
way="NEEDED"
modes="plain:PQconnectdbParams parallel:PQconnectdbParams"
connect() {
    case $mode in
    plain) "$PGBIN/pg_dump" -d "$CONNINFO" ;;
    parallel) "$PGBIN/pg_dump" -d "$CONNINFO" -j 2 -Fd -f dump ;;
    esac
}
