# shellcheck shell=bash disable=SC2034,SC2154
# A program with libpq.a inside: there is no call that a preload could answer.
packages="libpq-dev gcc libc6-dev libssl-dev libkrb5-dev libldap-dev"
expect=unreachable
way="libpq.a linked in: no symbol to answer"
modes="connect:none"
build() {
    cat >fruit.c <<'CODE'
#include <libpq-fe.h>

int main(int argc, char **argv)
{
    PGconn *connection = PQconnectdb(argc == 2 ? argv[1] : "");
    PGresult *result = PQexec(connection, "select * from fruit");
    int rows = PQntuples(result);

    PQclear(result);
    PQfinish(connection);
    return rows == 2 ? 0 : 1;
}
CODE
    gcc -I"$(pg_config --includedir)" -o fruit fruit.c -L"$(pg_config --pkglibdir)" -L/usr/lib/postgresql/15/lib \
        -Wl,-Bstatic -lpq -lpgcommon -lpgport -Wl,-Bdynamic -lssl -lcrypto -lgssapi_krb5 -lldap -lm
}
connect() { "$BUILD/fruit" "$CONNINFO"; }
