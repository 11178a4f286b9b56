# shellcheck shell=bash disable=SC2034,SC2154
# postmap: Postfix opens its pgsql tables from a plugin; by host name and by URI.
packages="postfix-pgsql postfix"
way="module, RTLD_LOCAL"
modes="host:PQsetdbLogin uri:PQconnectdb"
connect() {
    local hosts="inet:$HOST:$PORT"
    [[ $mode == uri ]] && hosts=$URI
    : >main.cf
    printf '%s\n' "hosts = $hosts" 'user = app' 'dbname = app' \
        "query = select name from fruit where id::text = '%s'" >fruit.cf
    [[ $(PGSSLMODE=disable postmap -c "$SCRATCH" -q 1 "pgsql:$SCRATCH/fruit.cf") == apple ]]
}
