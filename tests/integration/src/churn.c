/* churn: a thread for each module that opens it, connects, finishes and closes it again, all at once.
 *
 *   churn ROUNDS CONNINFO FLAGS PATH…     FLAGS of n(ow) l(azy) d(eepbind) m (dlmopen, a new
 * namespace) f(ork: the process also makes children meanwhile, which end at once) */
#include "reach.h"

#include <dlfcn.h>
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
    for (int i = 0; i < rounds; i++) {
        void *handle =
            strchr(flags, 'm') != NULL ? dlmopen(LM_ID_NEWLM, path, mode) : dlopen(path, mode);
        const struct module *module = handle != NULL ? dlsym(handle, "module") : NULL;
        if (module == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            exit(2);
        }
        module->connect(strrchr(path, '/') + 1, conninfo);
        module->finish();
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

int main(int argc, char **argv)
{
    pthread_t threads[16];
    int n = argc - 4 > 16 ? 16 : argc - 4;
    rounds = atoi(argv[1]);
    conninfo = argv[2];
    flags = argv[3];
    working = n;
    for (int i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, work, argv[4 + i]);
    }
    if (strchr(flags, 'f') != NULL) {
        make_children();
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}
