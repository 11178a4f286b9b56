/* connect TIMES CONNINFO: connects so often, after once that is not counted, and prints for each
 * connection the wall clock and the processor time of this process, in microseconds. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    long times = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (times <= 0) {
        fprintf(stderr, "usage: connect TIMES CONNINFO\n");
        return 2;
    }
    for (long i = 0; i <= times; i++) {
        double wall = now(CLOCK_MONOTONIC);
        double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        PGconn *conn = PQconnectdb(argv[2]);
        if (PQstatus(conn) != CONNECTION_OK || !PQsslInUse(conn)) {
            fprintf(stderr, "connect: %s", PQerrorMessage(conn));
            PQfinish(conn);
            return 1;
        }
        PQfinish(conn);
        if (i > 0) {
            printf("%.1f %.1f\n", now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        }
    }
    return 0;
}
