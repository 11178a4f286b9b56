/* bysym.c: a program that reaches libpq by dlsym with a handle, as an FFI does:
 *
 *   entry_points PATH CONNINFO
 *       each entry point of that libpq, a query on each connection, a reset
 *   each CONNINFO PATH…
 *       all copies are opened, then PQconnectdb of each, looked up twice, and a query
 *   again CONNINFO PATH…
 *       one copy after the other: opened, PQconnectdb, closed
 *   stale CONNINFO PATH OTHER
 *       PQconnectdb of a libpq that has been closed, while another is loaded
 *   threads CONNINFO PATH…
 *       eight threads ask for PQconnectdb of each copy at the same time
 *   default|next|self|namespace CONNINFO [PATH]
 *       PQconnectdb by RTLD_DEFAULT, by RTLD_NEXT, by dlopen(NULL), after PATH was opened
 *       RTLD_GLOBAL; by a handle of dlmopen
 *   versioned CONNINFO PATH VERSION
 *       PQconnectdb by dlvsym with a handle */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One libpq, by its handle alone. */
struct api {
    void *handle;
#define FUNCTIONS(X)                                                                               \
    X(PQconnectdb)                                                                                 \
    X(PQconnectdbParams)                                                                           \
    X(PQconnectStart)                                                                              \
    X(PQconnectStartParams)                                                                        \
    X(PQsetdbLogin)                                                                                \
    X(PQping)                                                                                      \
    X(PQpingParams)                                                                                \
    X(PQconnectPoll)                                                                               \
    X(PQstatus)                                                                                    \
    X(PQerrorMessage)                                                                              \
    X(PQexec)                                                                                      \
    X(PQgetvalue)                                                                                  \
    X(PQclear)                                                                                     \
    X(PQreset)                                                                                     \
    X(PQfinish)                                                                                    \
    X(PQlibVersion)
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
};

static void *present(void *found)
{
    if (found == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    return found;
}

static struct api load_from(void *handle)
{
    struct api api = {.handle = handle};
#define LOAD(name) api.name = (__typeof__(name) *)dlsym(handle, #name);
    FUNCTIONS(LOAD)
    return api;
}

static struct api load(const char *path)
{
    return load_from(present(dlopen(path, RTLD_NOW | RTLD_LOCAL)));
}

static void report(const struct api *api, const char *entry, PGconn *conn)
{
    printf("%d %s: ", api->PQlibVersion(), entry);
    if (conn == NULL) {
        printf("NULL\n");
    } else if (api->PQstatus(conn) != CONNECTION_OK) {
        printf("%s", api->PQerrorMessage(conn));
    } else {
        PGresult *result = api->PQexec(conn, "select 6 * 7");
        printf("%s\n", api->PQgetvalue(result, 0, 0));
        api->PQclear(result);
    }
    if (conn != NULL) {
        api->PQfinish(conn);
    }
}

static void poll_to_end(const struct api *api, PGconn *conn)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    for (int i = 0; i < 1000000 && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED;
         i++) {
        state = api->PQconnectPoll(conn);
    }
}

static void entry_points(const char *path, const char *conninfo)
{
    struct api api = load(path);
    const char *keys[] = {"dbname", NULL};
    const char *values[] = {conninfo, NULL};
    report(&api, "PQconnectdb", api.PQconnectdb(conninfo));
    report(&api, "PQconnectdbParams", api.PQconnectdbParams(keys, values, 1));
    PGconn *conn = api.PQconnectStart(conninfo);
    poll_to_end(&api, conn);
    report(&api, "PQconnectStart", conn);
    conn = api.PQconnectStartParams(keys, values, 1);
    poll_to_end(&api, conn);
    report(&api, "PQconnectStartParams", conn);
    report(&api, "PQsetdbLogin", api.PQsetdbLogin(NULL, NULL, NULL, NULL, conninfo, NULL, NULL));
    printf("PQping: %d\n", api.PQping(conninfo));
    printf("PQpingParams: %d\n", api.PQpingParams(keys, values, 1));
    conn = api.PQconnectdb(conninfo);
    api.PQreset(conn);
    report(&api, "PQreset", conn);
}

static void each(const char *conninfo, char **paths)
{
    struct api api[40];
    int n = 0;
    int distinct = 0;
    for (; paths[n] != NULL; n++) {
        api[n] = load(paths[n]);
        if (dlsym(api[n].handle, "PQconnectdb") != (void *)api[n].PQconnectdb) {
            printf("another pointer the second time\n");
        }
        bool is_new = true;
        for (int i = 0; i < n; i++) {
            is_new = is_new && api[i].PQconnectdb != api[n].PQconnectdb;
        }
        distinct += is_new;
    }
    printf("%d distinct\n", distinct);
    for (int i = 0; i < n; i++) {
        report(&api[i], "PQconnectdb", api[i].PQconnectdb(conninfo));
    }
}

static void again(const char *conninfo, char **paths)
{
    for (int i = 0; paths[i] != NULL; i++) {
        struct api api = load(paths[i]);
        report(&api, "PQconnectdb", api.PQconnectdb(conninfo));
        dlclose(api.handle);
    }
}

static void stale(const char *conninfo, const char *path, const char *other)
{
    struct api gone = load(path);
    struct api here = load(other);
    dlclose(gone.handle);
    PGconn *conn = gone.PQconnectdb(conninfo);
    report(&here, "PQconnectdb of a libpq that is gone", conn);
}

static struct api *shared;
static void *seen[8];

static void *ask(void *data)
{
    void **mine = data;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; shared[i].handle != NULL; i++) {
            void *fn = dlsym(shared[i].handle, "PQconnectdb");
            if (fn != (void *)shared[i].PQconnectdb) {
                *mine = fn;
            }
        }
    }
    return NULL;
}

static void threads(char **paths)
{
    static struct api all[40];
    pthread_t thread[8];
    int wrong = 0;
    shared = all;
    for (int i = 0; paths[i] != NULL; i++) {
        all[i] = load(paths[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_create(&thread[i], NULL, ask, &seen[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(thread[i], NULL);
        wrong += seen[i] != NULL;
    }
    printf("%d threads saw another pointer\n", wrong);
}

static void by_scope(const char *way, const char *conninfo, const char *path)
{
    void *handle = RTLD_DEFAULT;
    if (strcmp(way, "namespace") == 0) {
        handle = present(dlmopen(LM_ID_NEWLM, path, RTLD_NOW));
    } else if (path != NULL) {
        present(dlopen(path, RTLD_NOW | RTLD_GLOBAL));
    }
    if (strcmp(way, "next") == 0) {
        handle = RTLD_NEXT;
    } else if (strcmp(way, "self") == 0) {
        handle = present(dlopen(NULL, RTLD_NOW));
    }
    struct api api = load_from(handle);
    present((void *)api.PQconnectdb);
    report(&api, way, api.PQconnectdb(conninfo));
}

static void versioned(const char *conninfo, const char *path, const char *version)
{
    struct api api = load(path);
    api.PQconnectdb =
        (__typeof__(PQconnectdb) *)present(dlvsym(api.handle, "PQconnectdb", version));
    PGconn *conn = api.PQconnectdb(conninfo);
    printf("%d %s", api.PQlibVersion(), api.PQerrorMessage(conn));
    api.PQfinish(conn);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *verb = argc > 3 ? argv[1] : "";
    if (strcmp(verb, "entry_points") == 0) {
        entry_points(argv[2], argv[3]);
    } else if (strcmp(verb, "each") == 0) {
        each(argv[2], argv + 3);
    } else if (strcmp(verb, "again") == 0) {
        again(argv[2], argv + 3);
    } else if (strcmp(verb, "stale") == 0 && argc > 4) {
        stale(argv[2], argv[3], argv[4]);
    } else if (strcmp(verb, "threads") == 0) {
        threads(argv + 3);
    } else if (strcmp(verb, "versioned") == 0 && argc > 4) {
        versioned(argv[2], argv[3], argv[4]);
    } else if (argc > 2) {
        by_scope(argv[1], argv[2], argv[3]);
    } else {
        return 2;
    }
    return 0;
}
