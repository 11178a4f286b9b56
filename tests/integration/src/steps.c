/* steps: connections that come a second time, as `entry_points` cannot make them.
 *
 *   steps longjmp FIRST SECOND      leaves FIRST by siglongjmp out of an alarm, then opens SECOND
 *   steps reset CONNINFO STEP…      opens CONNINFO and resets it at each STEP:
 *                                   sync (PQreset), start (PQresetStart, PQresetPoll), or
 *                                   +N (N days pass, no reset)
 *   steps cancel CONNINFO           opens CONNINFO, counts the descriptors that are open since, and
 *                                   cancels by PQcancelCreate and PQcancelBlocking (libpq 17)
 *
 * Prints a line for each connection and each reset: "ok" or "bad", and what the server says of TLS.
 * Days pass in clock_gettime, which this program defines for the whole process. */
#include <libpq-fe.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf too_long;
static volatile long days;

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, clock, t);
    if (result == 0 && clock == CLOCK_REALTIME) {
        t->tv_sec += days * 86400;
    }
    return result;
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    siglongjmp(too_long, 1);
}

/* Both connections of longjmp come from here, so that the second's frames lie where the first's
 * lay; and both strings stand at the same address. */
__attribute__((noinline)) static PGconn *within(unsigned seconds, const char *asked)
{
    static char conninfo[1024];
    snprintf(conninfo, sizeof conninfo, "%s", asked);
    if (sigsetjmp(too_long, 1) != 0) {
        return NULL;
    }
    alarm(seconds);
    PGconn *conn = PQconnectdb(conninfo);
    alarm(0);
    return conn;
}

static void report(PGconn *conn)
{
    if (conn == NULL) {
        puts("left");
    } else if (PQstatus(conn) != CONNECTION_OK) {
        printf("bad %s", PQerrorMessage(conn));
    } else {
        PGresult *res = PQexec(conn, "select ssl_is_used()");
        printf("ok %s\n", PQntuples(res) == 1 ? PQgetvalue(res, 0, 0) : PQerrorMessage(conn));
        PQclear(res);
    }
    fflush(stdout);
}

static void reset_by_steps(PGconn *conn)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    if (!PQresetStart(conn)) {
        return;
    }
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        struct pollfd fd = {.fd = PQsocket(conn),
                            .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&fd, 1, 10000) != 1) {
            return;
        }
        state = PQresetPoll(conn);
    }
}

static int descriptors(void)
{
    int n = 0;
    for (int fd = 3; fd < 100; fd++) {
        n += fcntl(fd, F_GETFD) >= 0;
    }
    return n;
}

static void cancel(PGconn *conn, int before)
{
    void *(*create)(PGconn *);
    int (*blocking)(void *);
    void (*finish)(void *);
    *(void **)&create = dlsym(RTLD_DEFAULT, "PQcancelCreate");
    *(void **)&blocking = dlsym(RTLD_DEFAULT, "PQcancelBlocking");
    *(void **)&finish = dlsym(RTLD_DEFAULT, "PQcancelFinish");
    printf("descriptors %d\n", descriptors() - before);
    void *request = create(conn);
    printf("cancel %d\n", blocking(request));
    finish(request);
}

int main(int argc, char *argv[])
{
    if (argc == 4 && strcmp(argv[1], "longjmp") == 0) {
        signal(SIGALRM, on_alarm);
        report(within(1, argv[2]));
        PGconn *conn = within(30, argv[3]);
        report(conn);
        PQfinish(conn);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "cancel") == 0) {
        int before = descriptors();
        PGconn *conn = PQconnectdb(argv[2]);
        report(conn);
        cancel(conn, before);
        PQfinish(conn);
        return 0;
    }
    if (argc < 4 || strcmp(argv[1], "reset") != 0) {
        return 2;
    }
    PGconn *conn = PQconnectdb(argv[2]);
    report(conn);
    for (int i = 3; i < argc; i++) {
        if (argv[i][0] == '+') {
            days += strtol(argv[i], NULL, 10);
            continue;
        }
        if (strcmp(argv[i], "sync") == 0) {
            PQreset(conn);
        } else {
            reset_by_steps(conn);
        }
        report(conn);
    }
    PQfinish(conn);
    return 0;
}
