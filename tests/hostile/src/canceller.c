/* canceller: calls PQcancel where it is said to be safe: in a signal handler.
 *
 *   canceller busy N CONNINFO    N signals, which find the main thread in malloc and free
 *   canceller fork CONNINFO      in a handler of a child, while the parent waits for a query
 *   canceller forked CONNINFO    the same, in a child of a child
 *   canceller once CONNINFO      one signal, while a query runs
 *   canceller strict CONNINFO    the same; malloc in the handler kills (onelock.so)
 *   canceller held CONNINFO      while this thread holds the one lock of malloc (onelock.so)
 *   canceller request CONNINFO   PQrequestCancel, outside any handler
 *   canceller ignored CONNINFO   the same, and then a query with an error: prints its message
 *   canceller again BREAK MEND CONNINFO   in a handler, twice; each time after sh has run a command
 *   canceller left PID SOCKET CONNINFO   in a handler that interrupts the PQrequestCancel of some
 *                                connection, to the stopped server PID, and leaves it by longjmp;
 *                                then once more
 *
 * Prints "sent N refused N slowest MS message TEXT", then "query TEXT" where one ran. */
#include <libpq-fe.h>

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma weak onelock_hold
#pragma weak onelock_release
#pragma weak onelock_forbid
void onelock_hold(void);
void onelock_release(void);
void onelock_forbid(int forbidden);

/* Shared with children. */
struct tally {
    atomic_int sent, refused, slowest;
    char message[256];
};
static struct tally *tally;
static PGcancel *cancel;
static int strict, rearm;

static int now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int)(t.tv_sec % 100000 * 1000 + t.tv_nsec / 1000000);
}

/* One signal, soon: the program gets on a little between two of them. */
static void next_signal(void)
{
    struct itimerval once = {.it_value = {.tv_usec = 1000 + now_ms() % 7 * 311}};
    // A system call. NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c)
    setitimer(ITIMER_REAL, &once, NULL);
}

static void handler(int signal)
{
    char message[256] = "";
    int began = now_ms();
    (void)signal;
    if (strict) {
        onelock_forbid(1); /* sets a flag */ // NOLINT(bugprone-signal-handler,cert-sig30-c)
    }
    /* What is tested here. */
    int sent =
        PQcancel(cancel, message, sizeof message); // NOLINT(bugprone-signal-handler,cert-sig30-c)
    if (strict) {
        onelock_forbid(0); // NOLINT(bugprone-signal-handler,cert-sig30-c)
    }
    int took = now_ms() - began;
    if (took > tally->slowest) {
        tally->slowest = took;
    }
    if (sent) {
        tally->sent++;
    } else {
        tally->refused++;
        memcpy(tally->message, message, sizeof message);
    }
    if (rearm) {
        next_signal();
    }
}

static void busy(int signals)
{
    void *kept[64] = {0};
    signal(SIGALRM, handler);
    rearm = 1;
    next_signal();
    for (unsigned i = 0; tally->sent + tally->refused < signals; i++) {
        free(kept[i % 64]);
        kept[i % 64] = malloc(16 + i * 37 % 5000);
        if (i % 7 == 0) {
            kept[i % 64] = realloc(kept[i % 64], 16 + i * 53 % 9000);
        }
    }
    signal(SIGALRM, SIG_IGN);
    for (int i = 0; i < 64; i++) {
        free(kept[i]);
    }
}

static sigjmp_buf before_request;
static pid_t server;

static void leave(int signal)
{
    kill(server, SIGCONT);
    handler(signal);
    siglongjmp(before_request, 1); // NOLINT(bugprone-signal-handler,cert-sig30-c,cert-err52-cpp)
}

static void left(const char *pid, const char *conninfo)
{
    PGconn *other = PQconnectdb(conninfo);
    server = atoi(pid);
    if (PQstatus(other) != CONNECTION_OK) {
        fprintf(stderr, "canceller: %s\n", PQerrorMessage(other));
    }
    signal(SIGALRM, leave);
    if (sigsetjmp(before_request, 1) == 0) { // NOLINT(cert-err52-cpp)
        kill(server, SIGSTOP);
        alarm(1);
        PQrequestCancel(other);
    }
    handler(SIGALRM);
    PQfinish(other);
}

static void in_child(int depth)
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        usleep(500000);
        if (depth > 1) {
            in_child(depth - 1);
        } else {
            raise(SIGINT);
        }
        _exit(0);
    }
    if (depth > 0 && (waitpid(child, &status, 0) != child || status != 0)) {
        fprintf(stderr, "canceller: the child died: %d\n", status);
    }
}

int main(int argc, char *argv[])
{
    const char *what = argc > 2 ? argv[1] : "";
    PGconn *conn = PQconnectdb(argv[argc - 1]);
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc < 3 || PQstatus(conn) != CONNECTION_OK || (cancel = PQgetCancel(conn)) == NULL) {
        fprintf(stderr, "canceller: %s\n", PQerrorMessage(conn));
        return 1;
    }
    strict = strcmp(what, "strict") == 0;
    signal(SIGINT, handler);
    int runs = strcmp(what, "busy") != 0 && strcmp(what, "left") != 0 &&
               strcmp(what, "again") != 0 && strcmp(what, "ignored") != 0;
    if (runs && !PQsendQuery(conn, "select pg_sleep(14)")) {
        return 1;
    }
    if (runs) {
        usleep(500000);
    }
    if (strcmp(what, "left") == 0) {
        left(argv[2], argv[3]);
    } else if (strcmp(what, "again") == 0) {
        for (int i = 0; i < 2 && system(argv[2 + i]) == 0; i++) {
            memset(tally->message, 0, sizeof tally->message);
            raise(SIGINT);
        }
    } else if (strcmp(what, "ignored") == 0) {
        tally->refused += !PQrequestCancel(conn);
        PQclear(PQexec(conn, "mistake"));
        snprintf(tally->message, sizeof tally->message, "%s", PQerrorMessage(conn));
    } else if (!runs) {
        busy(atoi(argv[2]));
    } else if (strncmp(what, "fork", 4) == 0) {
        in_child(strcmp(what, "forked") == 0 ? 2 : 1);
    } else if (strcmp(what, "held") == 0) {
        onelock_hold();
        raise(SIGINT);
        onelock_release();
        sleep(2);
    } else if (strcmp(what, "request") == 0) {
        if (PQrequestCancel(conn)) {
            tally->sent++;
        } else {
            tally->refused++;
            snprintf(tally->message, sizeof tally->message, "%s", PQerrorMessage(conn));
        }
    } else {
        raise(SIGINT);
    }
    tally->message[strcspn(tally->message, "\n")] = '\0';
    printf("sent %d refused %d slowest %d message %s\n", tally->sent, tally->refused,
           tally->slowest, tally->message);
    if (runs) {
        PGresult *result = PQgetResult(conn);
        const char *text = PQresultErrorMessage(result);
        printf("query %.*s\n", (int)strcspn(text, "\n"), text);
        PQclear(result);
    }
    PQfreeCancel(cancel);
    PQfinish(conn);
    return 0;
}
