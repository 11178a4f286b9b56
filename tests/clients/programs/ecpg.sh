# shellcheck shell=bash disable=SC2034,SC2154
# ecpg: embedded SQL in C, linked to libecpg.
packages="libecpg-dev gcc libc6-dev"
way="NEEDED, through libecpg"
modes="connect:PQconnectdbParams"
build() {
    cat >fruit.pgc <<'CODE'
#include <stdlib.h>

EXEC SQL WHENEVER SQLERROR STOP;

int main(void)
{
    EXEC SQL BEGIN DECLARE SECTION;
    const char *target = getenv("TARGET");
    int count = 0;
    EXEC SQL END DECLARE SECTION;

    EXEC SQL CONNECT TO :target USER app;
    EXEC SQL SELECT count(*) INTO :count FROM fruit;
    EXEC SQL DISCONNECT;
    return count == 2 ? 0 : 1;
}
CODE
    ecpg -o fruit.c fruit.pgc
    gcc -I"$(pg_config --includedir)" -o fruit fruit.c -lecpg
}
connect() { TARGET="tcp:postgresql://$HOST:$PORT/app?sslmode=disable" "$BUILD/fruit"; }
