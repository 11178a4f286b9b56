/* reach.c: a program that reaches libpq through modules, step by step:
 *
 *   open NAME FLAGS PATH     dlopen; FLAGS of n(ow) l(azy) g(lobal) d(eepbind),
 *                            m (dlmopen, a new namespace)
 *   connect NAME CONNINFO    the module's PQconnectdb; tail NAME CONNINFO: by a tail call
 *   frame NAME               from here on tail calls return into this module
 *   system COMMAND           a shell command, in between
 *   query NAME SQL | finish NAME | close NAME (dlclose)
 *   threads ROUNDS CONNINFO  a thread per module: each connects, asks and finishes, again and again
 *
 * -DLINKED: the module "self" is the program itself. */
#include "reach.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODULES = 40 };
static struct {
    const char *name;
    void *handle;
    const struct module *module;
} modules[MODULES];
static int nmodules;

#ifdef LINKED
extern const struct module self;
#endif

/* The frame that a tail call returns into: the program's, else that of a module. */
static void *(*frame)(void *(*fn)(const char *), const char *argument);
__attribute__((noinline)) void *reach_call(void *(*fn)(const char *), const char *argument);
void *reach_call(void *(*fn)(const char *), const char *argument)
{
    void *result = frame != NULL ? frame(fn, argument) : fn(argument);
    __asm__ volatile("" ::: "memory");
    return result;
}

static int find(const char *name)
{
    for (int i = 0; i < nmodules; i++) {
        if (strcmp(modules[i].name, name) == 0) {
            return i;
        }
    }
    fprintf(stderr, "no module %s\n", name);
    exit(2);
}

static void open_module(const char *name, const char *flags, const char *path)
{
    int mode = strchr(flags, 'l') != NULL ? RTLD_LAZY : RTLD_NOW;
    mode |= strchr(flags, 'g') != NULL ? RTLD_GLOBAL : 0;
    mode |= strchr(flags, 'd') != NULL ? RTLD_DEEPBIND : 0;
    int i = 0;
    while (i < nmodules && modules[i].handle != NULL && strcmp(modules[i].name, name) != 0) {
        i++;
    }
    nmodules = i == nmodules ? nmodules + 1 : nmodules;
    modules[i].name = name;
    modules[i].handle =
        strchr(flags, 'm') != NULL ? dlmopen(LM_ID_NEWLM, path, mode) : dlopen(path, mode);
    modules[i].module = modules[i].handle != NULL ? dlsym(modules[i].handle, "module") : NULL;
    if (modules[i].module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
}

struct work {
    const char *conninfo;
    int number, rounds;
};

static void *work(void *data)
{
    struct work *w = data;
    const struct module *m = modules[w->number % nmodules].module;
    for (int i = 0; i < w->rounds; i++) {
        m->connect(modules[w->number % nmodules].name, w->conninfo);
        m->query(modules[w->number % nmodules].name,
                 "select ssl from pg_stat_ssl where pid = pg_backend_pid()");
        m->finish();
    }
    return NULL;
}

/* One thread per module: a module keeps one connection. */
static void run_threads(int rounds, const char *conninfo)
{
    pthread_t thread[MODULES];
    struct work w[MODULES];
    for (int i = 0; i < nmodules; i++) {
        w[i] = (struct work){conninfo, i, rounds};
        pthread_create(&thread[i], NULL, work, &w[i]);
    }
    for (int i = 0; i < nmodules; i++) {
        pthread_join(thread[i], NULL);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
#ifdef LINKED
    modules[0].name = "self";
    modules[0].handle = dlopen(NULL, RTLD_NOW);
    modules[0].module = &self;
    nmodules = 1;
#endif
    for (char **a = argv + 1; *a != NULL;) {
        const char *verb = a[0];
        if (strcmp(verb, "open") == 0) {
            open_module(a[1], a[2], a[3]);
            a += 4;
        } else if (strcmp(verb, "connect") == 0) {
            modules[find(a[1])].module->connect(a[1], a[2]);
            a += 3;
        } else if (strcmp(verb, "tail") == 0) {
            modules[find(a[1])].module->tail(a[1], a[2]);
            a += 3;
        } else if (strcmp(verb, "frame") == 0) {
            frame = modules[find(a[1])].module->frame;
            a += 2;
        } else if (strcmp(verb, "query") == 0) {
            modules[find(a[1])].module->query(a[1], a[2]);
            a += 3;
        } else if (strcmp(verb, "finish") == 0) {
            modules[find(a[1])].module->finish();
            a += 2;
        } else if (strcmp(verb, "close") == 0) {
            int i = find(a[1]);
            dlclose(modules[i].handle);
            modules[i].handle = NULL;
            a += 2;
        } else if (strcmp(verb, "system") == 0) {
            if (system(a[1]) != 0) {
                return 2;
            }
            a += 2;
        } else if (strcmp(verb, "threads") == 0) {
            run_threads(atoi(a[1]), a[2]);
            a += 3;
        } else {
            fprintf(stderr, "what is %s?\n", verb);
            return 2;
        }
    }
    return 0;
}
