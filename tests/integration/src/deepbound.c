/* deepbound: opens libpq itself RTLD_DEEPBIND. usage: deepbound CONNINFO */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char *argv[])
{
    void *libpq = dlopen("libpq.so.5", RTLD_NOW | RTLD_DEEPBIND);
    void *(*connectdb)(const char *) = (void *(*)(const char *))dlsym(libpq, "PQconnectdb");
    int (*status)(const void *) = (int (*)(const void *))dlsym(libpq, "PQstatus");
    char *(*message)(const void *) = (char *(*)(const void *))dlsym(libpq, "PQerrorMessage");
    void *conn = argc == 2 ? connectdb(argv[1]) : NULL;
    printf("%s\n", status(conn) != 0 ? message(conn) : "OK");
    return 0;
}
