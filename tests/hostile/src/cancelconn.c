/* cancelconn: libpq 17's own cancels, as a program calls them; a query is under way meanwhile.
 *
 *   cancelconn poll COMMAND CONNINFO       PQcancelStart and PQcancelPoll
 *   cancelconn blocking COMMAND CONNINFO   PQcancelBlocking
 *   cancelconn starved COMMAND CONNINFO    the same; pgseal gets no memory in PQcancelCreate
 *
 * COMMAND is run by sh between PQcancelCreate and the cancel. Prints twice, the second time after
 * PQcancelReset, "began B sent S status ok|bad|other message TEXT"; "none" without a PGcancelConn;
 * then "query TEXT". */
#include <libpq-fe.h>

#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The header at hand may be older; what is linked is what the process finds when it runs. */
#ifndef LIBPQ_HAS_ASYNC_CANCEL
typedef struct pg_cancel_conn PGcancelConn;
PGcancelConn *PQcancelCreate(PGconn *conn);
int PQcancelStart(PGcancelConn *cancel);
int PQcancelBlocking(PGcancelConn *cancel);
PostgresPollingStatusType PQcancelPoll(PGcancelConn *cancel);
ConnStatusType PQcancelStatus(const PGcancelConn *cancel);
int PQcancelSocket(const PGcancelConn *cancel);
char *PQcancelErrorMessage(const PGcancelConn *cancel);
void PQcancelReset(PGcancelConn *cancel);
void PQcancelFinish(PGcancelConn *cancel);
#endif

static int starving;
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    Dl_info info;
    int fails = starving && dladdr(__builtin_return_address(0), &info) != 0 &&
                strstr(info.dli_fname, "libpgseal.so") != NULL;
    return fails ? NULL : __libc_malloc(size);
}

static int polled(PGcancelConn *cancel, int *began)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    *began = PQcancelStart(cancel);
    while (*began && step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
        struct pollfd p = {.fd = PQcancelSocket(cancel),
                           .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&p, 1, 10000) != 1) {
            return -1;
        }
        step = PQcancelPoll(cancel);
    }
    return *began && step == PGRES_POLLING_OK;
}

static void once(const char *how, PGcancelConn *cancel)
{
    int began = 1;
    if (cancel == NULL) {
        printf("none\n");
        return;
    }
    int sent = strcmp(how, "poll") == 0 ? polled(cancel, &began) : PQcancelBlocking(cancel);
    ConnStatusType status = PQcancelStatus(cancel);
    const char *bad = status == CONNECTION_BAD ? "bad" : "other";
    const char *text = PQcancelErrorMessage(cancel);
    printf("began %d sent %d status %s message %.*s\n", began, sent,
           status == CONNECTION_OK ? "ok" : bad, (int)strcspn(text, "\n"), text);
}

int main(int argc, char *argv[])
{
    if (argc != 4) {
        return 2;
    }
    PGconn *conn = PQconnectdb(argv[3]);
    if (PQstatus(conn) != CONNECTION_OK || !PQsendQuery(conn, "select pg_sleep(1.2)")) {
        fprintf(stderr, "cancelconn: %s\n", PQerrorMessage(conn));
        return 1;
    }
    usleep(300000); /* a cancel that comes before the query cancels nothing */
    starving = strcmp(argv[1], "starved") == 0;
    PGcancelConn *cancel = PQcancelCreate(conn);
    starving = 0;
    if (system(argv[2]) != 0) {
        return 1;
    }
    once(argv[1], cancel);
    if (cancel != NULL) {
        PQcancelReset(cancel);
    }
    once(argv[1], cancel);
    PQcancelFinish(cancel);
    PGresult *result = PQgetResult(conn);
    const char *text = PQresultErrorMessage(result);
    printf("query %.*s\n", (int)strcspn(text, "\n"), text);
    PQclear(result);
    PQfinish(conn);
    return 0;
}
