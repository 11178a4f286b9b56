/* churn: a thread for each module that opens it, connects, finishes and closes it again, all at
 * once.
 *
 *   churn ROUNDS CONNINFO FLAGS PATH…     FLAGS of n(ow) l(azy) d(eepbind) m (dlmopen, a new
 * namespace) f(ork: the process also makes children meanwhile, which end at once) o(pens and closes
 * fifteen times more often)
 *
 * -DLINKED: itself linked to libpq; two more threads connect with that meanwhile. */
#include "reach.h"

#include <dlfcn.h>
#ifdef LINKED
#include <libpq-fe.h>
#endif
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int rounds;
static const char *conninfo;
static const char *flags;

static int working; /* threads */

static void *work(void *data)
{
    const char *path = data;
    int mode = strchr(flags, 'l') != NULL ? RTLD_LAZY : RTLD_NOW;
    mode |= strchr(flags, 'd') != NULL ? RTLD_DEEPBIND : 0;
    int opens = strchr(flags, 'o') != NULL ? 16 : 1;
    for (int i = 0; i < rounds * opens; i++) {
        void *handle =
            strchr(flags, 'm') != NULL ? dlmopen(LM_ID_NEWLM, path, mode) : dlopen(path, mode);
        const struct module *module = handle != NULL ? dlsym(handle, "module") : NULL;
        if (module == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            exit(2);
        }
        if (i % opens == 0) {
            module->connect(strrchr(path, '/') + 1, conninfo);
            module->finish();
        }
        dlclose(handle);
    }
    __atomic_fetch_sub(&working, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void make_children(void)
{
    while (__atomic_load_n(&working, __ATOMIC_RELAXED) > 0) {
        pid_t pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        waitpid(pid, NULL, 0);
        usleep(1000);
    }
}

#ifdef LINKED
static void *connect_often(void *unused)
{
    (void)unused;
    while (__atomic_load_n(&working, __ATOMIC_RELAXED) > 0) {
        PGconn *conn = PQconnectdb(conninfo);
        if (PQstatus(conn) != CONNECTION_OK) {
            printf("program: %s", PQerrorMessage(conn));
        }
        PQfinish(conn);
    }
    return NULL;
}
#endif

int main(int argc, char **argv)
{
    pthread_t threads[16];
    int n = argc - 4 > 16 ? 16 : argc - 4;
    rounds = atoi(argv[1]);
    conninfo = argv[2];
    flags = argv[3];
    working = n;
#ifdef LINKED
    /* Calls that are under way when the first object is opened may be ambiguous: not these. */
    void *handle = dlopen(argv[4], RTLD_LAZY);
    if (handle == NULL || dlsym(handle, "module") == NULL) {
        return 2;
    }
    dlclose(handle);
#endif
    for (int i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, work, argv[4 + i]);
    }
#ifdef LINKED
    pthread_t own[2];
    pthread_create(&own[0], NULL, connect_often, NULL);
    pthread_create(&own[1], NULL, connect_often, NULL);
#endif
    if (strchr(flags, 'f') != NULL) {
        make_children();
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
#ifdef LINKED
    pthread_join(own[0], NULL);
    pthread_join(own[1], NULL);
#endif
    return 0;
}
