/* ask: a module with a libpq of its own, or a program that opens it. As a module: ask() connects
 * and says how. As a program: ask MODULE local|global|deepbind CONNINFO. */
#ifdef MODULE
#include <libpq-fe.h>
#include <stdio.h>
int ask(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    int failed = PQstatus(conn) != CONNECTION_OK;
    if (failed) {
        fprintf(stderr, "%s", PQerrorMessage(conn));
    } else {
        puts(PQsslInUse(conn) ? "TLS" : "plaintext");
    }
    PQfinish(conn);
    return failed;
}
#else
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    if (argc != 4) {
        return 2;
    }
    int flags = RTLD_NOW | (strcmp(argv[2], "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL);
    void *module = dlopen(argv[1], flags | (strcmp(argv[2], "deepbind") == 0 ? RTLD_DEEPBIND : 0));
    int (*ask)(const char *) = module != NULL ? (int (*)(const char *))dlsym(module, "ask") : NULL;
    if (ask == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    return ask(argv[3]);
}
#endif
