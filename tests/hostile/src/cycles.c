/* cycles: connects and finishes N times through one entry point after another, and prints how many
 * bytes of malloc'ed memory the second half of them has left behind.
 *
 *   cycles N CONNINFO
 *
 * Each must fail with "pgseal: refused: violation: …", or, where CYCLES_OK is set, succeed. */
#include <libpq-fe.h>

#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *start(const char *conninfo)
{
    PGconn *conn = PQconnectStart(conninfo);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(conn) != CONNECTION_BAD && state != PGRES_POLLING_OK &&
           state != PGRES_POLLING_FAILED) {
        struct pollfd fd = {.fd = PQsocket(conn),
                            .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&fd, 1, 10000) != 1) {
            break;
        }
        state = PQconnectPoll(conn);
    }
    return conn;
}

int main(int argc, char *argv[])
{
    if (argc != 3) {
        return 2;
    }
    int n = atoi(argv[1]);
    bool good = getenv("CYCLES_OK") != NULL;
    size_t before = 0;
    for (int i = 0; i < n; i++) {
        if (i == n / 2) {
            before = mallinfo2().uordblks;
        }
        PGconn *conn = i % 2 != 0 ? PQconnectdb(argv[2]) : start(argv[2]);
        if (good ? PQstatus(conn) != CONNECTION_OK
                 : PQstatus(conn) != CONNECTION_BAD ||
                       strstr(PQerrorMessage(conn), "pgseal: refused: violation: ") == NULL) {
            fprintf(stderr, "cycle %d: %s\n", i, PQerrorMessage(conn));
            return 1;
        }
        PQfinish(conn);
    }
    printf("%ld\n", (long)mallinfo2().uordblks - (long)before);
    return 0;
}
