/* hidden.c: modules whose slots are found only by looking well, and what is opened meanwhile.
 * Parts:
 *
 * -DPACKED   a module whose pointer to libpq stands at an odd address
 * -DMANY     a module with 20,000 pointers, of which it uses the last
 * -DPLAIN    a module with an ordinary call (linked with relocations in its code: a slot in there)
 * -DDEFAULT  a module that asks dlsym(RTLD_DEFAULT)
 * -DWAITS    a module whose constructor calls wait_for_thread of the program
 * -DPROGRAM  crowd DIRECTORY MODULE CONNINFO LIBPQ: opens LIBPQ and all of DIRECTORY, closes one
 *            of these, and connects through MODULE, opened RTLD_DEEPBIND
 *            waits FLAGS MODULE CONNINFO [VIA [CLOSED]]: opens VIA, opens and closes CLOSED,
 *            opens MODULE; FLAGS say how VIA, CLOSED and MODULE are opened, from the last one on:
 *            d(eepbind) or n(ot). wait_for_thread waits for a thread that connects, through VIA
 *            too */
#include "reach.h"

#include <dlfcn.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef PGconn *login_fn(const char *, const char *, const char *, const char *, const char *,
                         const char *, const char *);

#ifdef PROGRAM
#include <dirent.h>

static const char *target;
static const struct module *via;

void wait_for_thread(void);

static void *connect_once(void *unused)
{
    PGconn *conn = PQconnectdb(target);
    (void)unused;
    printf("thread: %s\n", PQstatus(conn) == CONNECTION_OK ? "ok" : PQerrorMessage(conn));
    PQfinish(conn);
    if (via != NULL) {
        via->connect("via", target);
        via->finish();
    }
    return NULL;
}

void wait_for_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, connect_once, NULL);
    pthread_join(thread, NULL);
}

static void *open_or_exit(const char *path, int flags)
{
    void *handle = dlopen(path, flags);
    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    return handle;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "waits") == 0) {
        target = argv[4];
        const char *flags = argv[2];
        int how[3] = {RTLD_NOW, RTLD_NOW, RTLD_NOW};
        for (size_t i = 0, n = strlen(flags); i < n && i < 3; i++) {
            how[i] |= flags[n - 1 - i] == 'd' ? RTLD_DEEPBIND : 0;
        }
        via = argc > 5 ? dlsym(open_or_exit(argv[5], how[2]), "module") : NULL;
        if (argc > 6) {
            void *closed = open_or_exit(argv[6], how[1]);
            if (dlsym(closed, "module") != NULL) {
                dlclose(closed);
            }
        }
        open_or_exit(argv[3], how[0]);
        return 0;
    }
    if (argc != 6) {
        return 2;
    }
    void *last = NULL;
    char path[4096];
    DIR *dir = opendir(argv[2]);
    open_or_exit(argv[5], RTLD_NOW);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", argv[2], e->d_name);
            last = open_or_exit(path, RTLD_NOW);
        }
    }
    dlclose(last);
    void *handle = open_or_exit(argv[3], RTLD_LAZY | RTLD_DEEPBIND);
    const struct module *m = dlsym(handle, "module");
    m->connect("crowd", argv[4]);
    return 0;
}

#elif defined WAITS

extern void wait_for_thread(void);
__attribute__((constructor)) static void wait(void)
{
    wait_for_thread();
}

#else

#ifdef PACKED
static struct __attribute__((packed)) {
    char first;
    login_fn *volatile login;
} table = {1, PQsetdbLogin};
#define LOGIN table.login
#elif defined MANY
#define TEN(x) x, x, x, x, x, x, x, x, x, x
#define THOUSAND TEN(TEN(TEN(PQsetdbLogin)))
static login_fn *volatile table[] = {TEN(THOUSAND), TEN(THOUSAND)};
#define LOGIN table[sizeof table / sizeof table[0] - 1]
#elif defined DEFAULT
#define LOGIN ((login_fn *)dlsym(RTLD_DEFAULT, "PQsetdbLogin"))
#else
#define LOGIN PQsetdbLogin
#endif

static void go(const char *name, const char *conninfo)
{
    PGconn *conn = LOGIN(NULL, NULL, NULL, NULL, conninfo, NULL, NULL);
    printf("%s: libpq %d: %s\n", name, PQlibVersion(),
           PQstatus(conn) == CONNECTION_OK ? "ok" : PQerrorMessage(conn));
    fflush(stdout);
    PQclear(PQexec(conn, "select 1"));
    PQfinish(conn);
}

static void done(void)
{
}
extern const struct module module;
const struct module module = {.connect = go, .tail = go, .query = go, .finish = done};
#endif
