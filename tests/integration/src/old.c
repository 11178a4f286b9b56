/* old.c: stands for a libpq before 9.0, which has no PQconnectStartParams: it says that it was
 * reached. */
#include <stddef.h>
#include <stdio.h>

void *PQconnectdb(const char *conninfo);
void *PQconnectStart(const char *conninfo);
void *PQexec(void *conn, const char *command);
void PQfinish(void *conn);
int PQstatus(const void *conn);
char *PQerrorMessage(const void *conn);
int PQlibVersion(void);

void *PQconnectdb(const char *conninfo)
{
    (void)conninfo;
    puts("the old libpq connects");
    return NULL;
}

void *PQconnectStart(const char *conninfo)
{
    return PQconnectdb(conninfo);
}

void *PQexec(void *conn, const char *command)
{
    (void)conn, (void)command;
    return NULL;
}

void PQfinish(void *conn)
{
    (void)conn;
}

int PQstatus(const void *conn)
{
    (void)conn;
    return 1;
}

char *PQerrorMessage(const void *conn)
{
    static char none[] = "\n";
    (void)conn;
    return none;
}

int PQlibVersion(void)
{
    return 80400;
}
