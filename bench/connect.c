/* connect TIMES CONNINFO: connects so often, after once that is not counted, and prints for each
 * connection the wall clock and the processor time of this process, in microseconds. connect hold N
 * CONNINFO: opens N connections and prints this process's resident memory in KiB, before and after.
 * connect cycle N CONNINFO: N connections one after the other; prints the resident memory in KiB at
 * each tenth. connect refused N CONNINFO: N times twenty connections that nobody answers; prints
 * for each twenty the processor time of one, in microseconds. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static long resident(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f != NULL) {
        if (fscanf(f, "%*d %ld", &pages) != 1) { // NOLINT(cert-err34-c)
            pages = 0;
        }
        fclose(f);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static PGconn *verified(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK || !PQsslInUse(conn)) {
        fprintf(stderr, "connect: %s", PQerrorMessage(conn));
        exit(1); // NOLINT(concurrency-mt-unsafe)
    }
    return conn;
}

static void hold(long times, const char *conninfo)
{
    long before = resident();
    for (long i = 0; i < times; i++) {
        verified(conninfo); /* until the end of the process */
    }
    printf("%ld %ld\n", before, resident());
}

static void cycle(long times, const char *conninfo)
{
    for (long i = 1; i <= times; i++) {
        PQfinish(verified(conninfo));
        if (i % (times / 10) == 0) {
            printf("%ld\n", resident());
        }
    }
}

static void measure(long times, const char *conninfo)
{
    for (long i = 0; i <= times; i++) {
        double wall = now(CLOCK_MONOTONIC);
        double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        PQfinish(verified(conninfo));
        if (i > 0) {
            printf("%.1f %.1f\n", now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
        }
    }
}

static void refused(long times, const char *conninfo)
{
    enum { EACH = 20 };
    for (long i = 0; i <= times; i++) {
        double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int k = 0; k < EACH; k++) {
            PGconn *conn = PQconnectdb(conninfo);
            if (strstr(PQerrorMessage(conn), "refused") == NULL) {
                fprintf(stderr, "connect: not refused: %s", PQerrorMessage(conn));
                exit(1); // NOLINT(concurrency-mt-unsafe)
            }
            PQfinish(conn);
        }
        if (i > 0) {
            printf("%.2f\n", (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / EACH);
        }
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc == 4 ? argv[1] : "";
    long times = argc >= 3 ? strtol(argv[argc - 2], NULL, 10) : 0;
    if (times <= 0) {
        fprintf(stderr, "usage: connect [hold|cycle|refused] TIMES CONNINFO\n");
        return 2;
    }
    if (strcmp(mode, "hold") == 0) {
        hold(times, argv[3]);
    } else if (strcmp(mode, "cycle") == 0) {
        cycle(times < 10 ? 10 : times, argv[3]);
    } else if (strcmp(mode, "refused") == 0) {
        refused(times, argv[3]);
    } else {
        measure(times, argv[2]);
    }
    return 0;
}
