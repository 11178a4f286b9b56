/* module.c: a libpq client as a shared object: it calls libpq by plain imports and says which
 * version answers. -DAT_LOAD: it also connects in its constructor, with the connection string in
 * REACH_AT_LOAD. */
#include "reach.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

static PGconn *conn;

static void say(const char *name, const char *what)
{
    const char *message = PQerrorMessage(conn);
    printf("%s: libpq %d: %s: %s%s", name, PQlibVersion(), what,
           PQstatus(conn) == CONNECTION_OK ? "ok" : "bad ",
           PQstatus(conn) == CONNECTION_OK ? "\n" : message);
    fflush(stdout);
}

static void do_connect(const char *name, const char *conninfo)
{
    conn = PQconnectdb(conninfo);
    say(name, "connect");
}

/* With optimisation this is a jump: PQconnectdb returns into this function's caller. */
__attribute__((noinline)) PGconn *tail_connect(const char *conninfo);
#ifdef __clang__
__attribute__((noinline, visibility("hidden"))) PGconn *
#else
__attribute__((noinline, visibility("hidden"), optimize("O2"))) PGconn *
#endif
tail_connect(const char *conninfo)
{
    return PQconnectdb(conninfo);
}

extern void *reach_call(void *(*fn)(const char *), const char *argument) __attribute__((weak));

static void do_tail(const char *name, const char *conninfo)
{
    conn = reach_call((void *(*)(const char *))tail_connect, conninfo);
    if (conn != NULL) {
        say(name, "tail");
    }
}

/* A frame of this module's: what is called in here returns into this module. */
static void *do_frame(void *(*fn)(const char *), const char *argument)
{
    void *result = fn(argument);
    __asm__ volatile("" ::: "memory");
    return result;
}

static void do_query(const char *name, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    printf("%s: libpq %d: %s\n", name, PQlibVersion(),
           PQresultStatus(result) == PGRES_TUPLES_OK ? PQgetvalue(result, 0, 0)
                                                     : PQresultErrorMessage(result));
    fflush(stdout);
    PQclear(result);
}

static void do_finish(void)
{
    PQfinish(conn);
    conn = NULL;
}

#ifdef AT_LOAD
__attribute__((constructor)) static void at_load(void)
{
    const char *conninfo = getenv("REACH_AT_LOAD");
    if (conninfo) {
        do_connect("constructor", conninfo);
        do_finish();
    }
}
#endif

#ifndef MODULE
#define MODULE module
#endif
extern const struct module MODULE;
const struct module MODULE = {do_connect, do_tail, do_query, do_finish, do_frame};
