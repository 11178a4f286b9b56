/* mute.c: a library that exports nothing and is linked to no libpq, brought in by a module that
 * has one.
 *
 * -DPROGRAM  mute MODULE CONNINFO: itself linked to libpq; opens MODULE RTLD_LAZY | RTLD_DEEPBIND,
 *            and has the library connect
 * -DLIBRARY  the library: its constructor hands its function to the program */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdio.h>

typedef void connect_fn(const char *conninfo);
void take(connect_fn *fn);

#ifdef PROGRAM
static connect_fn *taken;

void take(connect_fn *fn)
{
    taken = fn;
}

int main(int argc, char **argv)
{
    printf("program: libpq %d\n", PQlibVersion());
    fflush(stdout);
    if (argc != 3 || dlopen(argv[1], RTLD_LAZY | RTLD_DEEPBIND) == NULL || taken == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    taken(argv[2]);
    return 0;
}
#else
static void do_connect(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    PGresult *result = PQexec(conn, "select 6 * 7");
    printf("library: libpq %d: %s\n", PQlibVersion(),
           PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetvalue(result, 0, 0)
                                                     : PQerrorMessage(conn));
    fflush(stdout);
    PQclear(result);
    PQfinish(conn);
}

__attribute__((constructor)) static void hand_over(void)
{
    take(do_connect);
}
#endif
