/* busy.c: a program, linked to libpq, that connects while its other threads open and close modules:
 *
 *   forks N CONNINFO FLAGS MODULE…  N children, one after the other, each of which connects, while
 *                                   a thread for each MODULE opens and closes it; FLAGS of n(ot)
 *                                   d(eepbind)
 *   walks N CONNINFO                same, while a thread calls dl_iterate_phdr; each child first
 *                                   opens with RTLD_DEEPBIND what is not there
 *   first N CONNINFO                same, but neither the program nor its children open anything,
 *                                   and the program itself never connects
 *   closes N CONNINFO CLOSED MODULE…  N times CLOSED is opened and closed, whose destructor calls
 *                                     closed(), while a thread for each MODULE opens and closes it
 *   stale CONNINFO NAME MODULE      opens NAME with RTLD_DEEPBIND, which fails; another thread
 *                                   opens MODULE and connects through it
 *
 *   mixed N CONNINFO MODULE DEEP…   N times MODULE is opened, connects and asks, while a thread
 *                                   for each DEEP opens and closes it with RTLD_DEEPBIND, and
 *                                   another one calls libpq
 *   space N CONNINFO OPENER MODULE  N children, each of which opens MODULE by dlmopen and
 *                                   connects, while a thread is in the constructor of OPENER,
 *                                   which it opens with RTLD_DEEPBIND
 *   waits N CONNINFO OPENER MODULE  opens OPENER, while another thread opens MODULE, and looks for
 *                                   libpq in it
 *
 * -DCLOSED: the module whose destructor says so; it has a use for libpq. -DOPENER: one whose
 * constructor opens and closes $BUSY_MODULE often, after it called opening(). */
#ifdef OPENER
#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <unistd.h>

extern void opening(void);
PGconn *(*connect_with)(const char *) = PQconnectdb; /* a slot to look at */
__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("BUSY_MODULE");
    opening();
    usleep(path != NULL ? 50000 : 3000); /* until the other thread waits */
    for (int i = 0; i < 40 && path != NULL; i++) {
        void *handle = dlopen(path, RTLD_NOW);
        if (handle != NULL) {
            dlclose(handle);
        }
    }
}
#elif defined CLOSED
#include <libpq-fe.h>

extern void closed(void);
PGconn *(*connect_with)(const char *) = PQconnectdb; /* a slot to look at */
__attribute__((destructor)) static void end(void)
{
    closed();
}
#else
#include "reach.h"

#include <dlfcn.h>
#include <libpq-fe.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *target;
static int mode = RTLD_NOW;
static int stop;
static int was_closed;
static int ambiguous;
static int failed;         /* opens */
static const char *absent; /* what a child opens first; NULL: nothing */

void closed(void);
void closed(void)
{
    __atomic_store_n(&was_closed, 1, __ATOMIC_SEQ_CST);
}

static int connect_once(void)
{
    PGconn *conn = PQconnectdb(target);
    int good = PQstatus(conn) == CONNECTION_OK;
    if (strstr(PQerrorMessage(conn), "several copies of libpq") != NULL) {
        __atomic_fetch_add(&ambiguous, 1, __ATOMIC_RELAXED);
    }
    PQfinish(conn);
    return good;
}

static void *open_often(void *path)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        void *handle = dlopen(path, mode);
        if (handle == NULL) {
            __atomic_fetch_add(&failed, 1, __ATOMIC_RELAXED);
            break;
        }
        dlclose(handle);
    }
    return NULL;
}

static int look(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)info;
    (void)size;
    (void)unused;
    usleep(100);
    return 0;
}

static void *walk_often(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        dl_iterate_phdr(look, NULL);
    }
    return unused;
}

static pthread_t threads[16];
static int nthreads;

static void start(void *(*fn)(void *), char *data)
{
    pthread_create(&threads[nthreads++], NULL, fn, data);
}

static void end_threads(void)
{
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    while (nthreads > 0) {
        pthread_join(threads[--nthreads], NULL);
    }
}

static int fork_often(int n)
{
    int bad = 0;
    for (int i = 0; i < n; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            alarm(10);
            int opened = absent != NULL && dlopen(absent, RTLD_NOW | RTLD_DEEPBIND) != NULL;
            _exit(connect_once() && !opened ? 0 : 1);
        }
        waitpid(pid, &status, 0);
        bad += status != 0 ? 1 : 0;
    }
    return bad;
}

static int close_often(int n, const char *path)
{
    int late = 0;
    for (int i = 0; i < n; i++) {
        __atomic_store_n(&was_closed, 0, __ATOMIC_SEQ_CST);
        void *handle = dlopen(path, RTLD_NOW);
        late += handle == NULL || dlclose(handle) != 0 ||
                        !__atomic_load_n(&was_closed, __ATOMIC_SEQ_CST)
                    ? 1
                    : 0;
    }
    return late;
}

static void *reject_often(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        PQfinish(PQconnectdb("nothing=1"));
    }
    return unused;
}

static void *connect_through(void *path)
{
    void *handle = dlopen(path, RTLD_LAZY);
    const struct module *module = handle != NULL ? dlsym(handle, "module") : NULL;
    if (module != NULL) {
        module->connect("module", target);
        module->query("module", "select 1");
        module->finish();
        dlclose(handle);
    }
    return NULL;
}

static void *open_later(void *path)
{
    usleep(20000);
    void *handle = dlopen(path, RTLD_NOW);
    failed += handle == NULL || dlsym(handle, "module") == NULL ? 1 : 0;
    return NULL;
}

static int opening_waits; /* 2: and it does */

void opening(void);
void opening(void)
{
    if (__atomic_load_n(&opening_waits, __ATOMIC_SEQ_CST) != 0) {
        __atomic_store_n(&opening_waits, 2, __ATOMIC_SEQ_CST);
        while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
            usleep(1000);
        }
    }
}

static int space_often(int n, const char *path)
{
    int bad = 0;
    while (__atomic_load_n(&opening_waits, __ATOMIC_SEQ_CST) != 2) {
        usleep(1000);
    }
    for (int i = 0; i < n; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            alarm(10);
            void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
            const struct module *module = handle != NULL ? dlsym(handle, "module") : NULL;
            if (module != NULL) {
                module->connect("module", target);
            }
            _exit(module != NULL ? 0 : 1);
        }
        waitpid(pid, &status, 0);
        bad += status != 0 ? 1 : 0;
    }
    return bad;
}

int main(int argc, char **argv)
{
    int n = argc > 3 ? atoi(argv[2]) : 0;
    target = argc > 3 ? argv[3] : "";
    if (argc > 5 && strcmp(argv[1], "forks") == 0) {
        mode |= strchr(argv[4], 'd') != NULL ? RTLD_DEEPBIND : 0;
        connect_once();
        for (int i = 5; i < argc; i++) {
            start(open_often, argv[i]);
        }
        printf("children that failed: %d\n", fork_often(n));
    } else if (argc == 4 && strcmp(argv[1], "walks") == 0) {
        connect_once();
        absent = "/nowhere/none.so";
        start(walk_often, NULL);
        printf("children that failed: %d\n", fork_often(n));
    } else if (argc == 4 && strcmp(argv[1], "first") == 0) {
        start(walk_often, NULL);
        printf("children that failed: %d\n", fork_often(n));
    } else if (argc > 5 && strcmp(argv[1], "closes") == 0) {
        for (int i = 5; i < argc; i++) {
            start(open_often, argv[i]);
        }
        printf("closes that were not the last: %d\n", close_often(n, argv[4]));
    } else if (argc > 5 && strcmp(argv[1], "mixed") == 0) {
        mode |= RTLD_DEEPBIND;
        for (int i = 5; i < argc; i++) {
            start(open_often, argv[i]);
        }
        start(reject_often, NULL);
        for (int i = 0; i < n; i++) {
            connect_through(argv[4]);
        }
    } else if (argc == 6 && strcmp(argv[1], "space") == 0) {
        mode |= RTLD_DEEPBIND;
        opening_waits = 1;
        start(open_often, argv[4]);
        printf("children that failed: %d\n", space_often(n, argv[5]));
    } else if (argc == 6 && strcmp(argv[1], "waits") == 0) {
        struct timespec from;
        struct timespec to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        start(open_later, argv[5]);
        failed += dlopen(argv[4], RTLD_NOW) == NULL ? 1 : 0;
        clock_gettime(CLOCK_MONOTONIC, &to);
        printf("%s\n", to.tv_sec - from.tv_sec > n ? "it took too long" : "in time");
    } else if (argc == 5 && strcmp(argv[1], "stale") == 0) {
        target = argv[2];
        failed += dlopen(argv[3], RTLD_NOW | RTLD_DEEPBIND) != NULL ? 1 : 0;
        start(connect_through, argv[4]);
    } else {
        return 2;
    }
    end_threads();
    printf("ambiguous: %d, failed: %d\n", ambiguous, failed);
    return 0;
}
#endif
