/* lookups: a program with a getaddrinfo of its own, from inside of which, once, something happens
 * to the connection that libpq is making.
 *
 *   lookups WHAT FIRST SECOND NAME     connects with FIRST; WHAT happens in its first look-up:
 *     nothing, nested (SECOND is opened there), fork (a child opens SECOND), longjmp (FIRST is
 *     left; then SECOND is opened, where the frames of FIRST were), reset (FIRST is made, then
 *     reset; the reset's look-up is left by longjmp, FIRST finished, and SECOND opened)
 *
 * Prints a line for each name that libpq looks up through this program ("look-up NAME"), for each
 * connection ("FIRST ok t", "SECOND bad"), and at last what the program itself finds for NAME. */
#include <libpq-fe.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf left;
static const char *what;
static const char *second;
static int armed;
static int inside; /* libpq */

static void report(const char *name, PGconn *conn)
{
    if (PQstatus(conn) != CONNECTION_OK) {
        printf("%s bad %s", name, PQerrorMessage(conn));
    } else {
        PGresult *res = PQexec(conn, "select ssl_is_used()");
        printf("%s ok %s\n", name, PQntuples(res) == 1 ? PQgetvalue(res, 0, 0) : "?");
        PQclear(res);
    }
    fflush(stdout);
}

/* Each connection is opened from here, so that the second's frames lie where the first's lay. */
__attribute__((noinline)) static PGconn *opened(const char *name, const char *conninfo)
{
    inside++;
    PGconn *conn = PQconnectdb(conninfo);
    inside--;
    report(name, conn);
    return conn;
}

static void happen(void)
{
    armed = 0;
    if (strcmp(what, "nested") == 0) {
        PQfinish(opened("SECOND", second));
    } else if (strcmp(what, "fork") == 0) {
        pid_t child = fork();
        if (child == 0) {
            PQfinish(opened("SECOND", second));
            _exit(0);
        }
        waitpid(child, NULL, 0);
    } else if (strcmp(what, "longjmp") == 0 || strcmp(what, "reset") == 0) {
        siglongjmp(left, 1);
    }
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **res)
{
    __typeof__(getaddrinfo) *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (inside > 0) {
        printf("look-up %s\n", node != NULL ? node : "");
        fflush(stdout);
    }
    if (armed) {
        happen();
    }
    return real(node, service, hints, res);
}

static void show(const char *name)
{
    struct addrinfo *found = NULL;
    char text[INET_ADDRSTRLEN] = "nowhere";
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    inside = 0;
    if (getaddrinfo(name, "1", &hints, &found) == 0) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(void *)found->ai_addr;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        freeaddrinfo(found);
    }
    printf("%s is %s\n", name, text);
}

int main(int argc, char *argv[])
{
    PGconn *volatile conn = NULL;
    if (argc != 5) {
        return 2;
    }
    what = argv[1];
    second = argv[3];
    armed = strcmp(what, "nothing") != 0 && strcmp(what, "reset") != 0;
    if (sigsetjmp(left, 1) == 0) {
        conn = opened("FIRST", argv[2]);
        if (strcmp(what, "reset") == 0) {
            armed = 1;
            inside++;
            PQreset(conn);
        }
    } else {
        puts("left");
        show(argv[4]);
        inside = 0;
        PQfinish(conn);
        show(argv[4]);
        PQfinish(opened("SECOND", second));
        conn = NULL;
    }
    PQfinish(conn);
    show(argv[4]);
    return 0;
}
