# shellcheck shell=bash disable=SC2034,SC2154
# isql with psqlODBC, whose own default is plaintext: a driver opened by the ODBC driver manager.
packages="odbc-postgresql unixodbc"
way="module, RTLD_LOCAL"
modes="default:PQconnectdbParams disable:PQconnectdbParams"
connect() {
    printf '%s\n' '[fruit]' 'Driver = /usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so' "Servername = $HOST" \
        "Port = $PORT" 'Database = app' 'Username = app' >odbc.ini
    [[ $mode == disable ]] && echo 'SSLmode = disable' >>odbc.ini
    echo 'select * from fruit' | ODBCINI=$SCRATCH/odbc.ini ODBCSYSINI=$SCRATCH isql fruit app '' -b -v
}
