# shellcheck shell=bash disable=SC2034,SC2154
# pdnsutil: PowerDNS opens its gpgsql backend as a module.
packages="pdns-backend-pgsql pdns-server"
way="module, RTLD_LOCAL"
modes="connect:PQconnectdb"
schema() { cat /usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql; }
connect() {
    printf '%s\n' launch=gpgsql "gpgsql-host=$HOST" "gpgsql-port=$PORT" gpgsql-dbname=app gpgsql-user=app \
        gpgsql-extra-connection-parameters=sslmode=disable >pdns.conf
    pdnsutil --config-dir="$SCRATCH" list-all-zones
}
