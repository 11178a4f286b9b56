/* under_way.c: a program, linked to libpq, with a call of libpq's that is inside pgseal while the
 * first module with a libpq of its own is opened:
 *
 *   under_way CONNINFO MODULE [again]     again: it has connected before
 *
 * A thread connects. pgseal's first look at what is loaded reaches the dl_iterate_phdr of this
 * program, and waits there until the module is open, with RTLD_DEEPBIND: it keeps its libpq. */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

typedef int iterate_fn(int (*)(struct dl_phdr_info *, size_t, void *), void *);

static iterate_fn *iterate;
static __thread int waits;
static sem_t inside;
static sem_t opened;

__attribute__((constructor)) static void find(void)
{
    iterate = (iterate_fn *)dlsym(RTLD_NEXT, "dl_iterate_phdr");
}

int dl_iterate_phdr(int (*fn)(struct dl_phdr_info *, size_t, void *), void *data)
{
    if (waits) {
        waits = 0;
        sem_post(&inside);
        sem_wait(&opened);
    }
    return iterate(fn, data);
}

static void *connect_once(void *target)
{
    PGconn *conn = PQconnectdb(target);
    printf("%s\n", PQstatus(conn) == CONNECTION_OK ? "ok" : PQerrorMessage(conn));
    PQfinish(conn);
    return NULL;
}

static void *connect_waiting(void *target)
{
    waits = 1;
    connect_once(target);
    if (waits) { /* nothing has looked: not under pgseal */
        sem_post(&inside);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc < 3) {
        return 2;
    }
    if (argc > 3) {
        connect_once(argv[1]);
    }
    sem_init(&inside, 0, 0);
    sem_init(&opened, 0, 0);
    pthread_create(&thread, NULL, connect_waiting, argv[1]);
    sem_wait(&inside);
    void *handle = dlopen(argv[2], RTLD_NOW | RTLD_DEEPBIND);
    int failed = handle == NULL || dlsym(handle, "module") == NULL;
    sem_post(&opened);
    pthread_join(thread, NULL);
    return failed;
}
