/* nested.c: what is opened by what is opened. Three parts:
 *
 * -DPROGRAM  nested HOW PATH CONNINFO [FIRST…]: opens each FIRST, then PATH as HOW says, and
 *            connects through its module. HOW: plain, deep (RTLD_DEEPBIND), space (dlmopen), libc
 *            (deep, by a dlopen and dlsym that libc's own handle gave), twice (deep, and again
 *            after dlclose).
 * -DLIBRARY  go(NAME, CONNINFO) opens $NESTED as $NESTED_HOW says: plain, deep, space; or bysym:
 *            PQconnectdb itself by dlsym, from $NESTED; byvsym: by dlvsym, version FAKE_1.
 * -DMODULE   a module that has nothing but that library. */
#include "reach.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PROGRAM
typedef void *dlsym_fn(void *, const char *);
typedef void *dlopen_fn(const char *, int);

static int run(const char *how, const char *path, const char *conninfo)
{
    dlsym_fn *find = dlsym;
    void *handle;
    if (strcmp(how, "space") == 0) {
        handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
    } else if (strcmp(how, "libc") == 0) {
        void *libc = dlopen("libc.so.6", RTLD_NOW);
        find = (dlsym_fn *)dlsym(libc, "dlsym");
        handle = ((dlopen_fn *)find(libc, "dlopen"))(path, RTLD_NOW | RTLD_DEEPBIND);
    } else {
        handle = dlopen(path, RTLD_NOW | (strcmp(how, "plain") == 0 ? 0 : RTLD_DEEPBIND));
    }
    const struct module *m = handle ? find(handle, "module") : NULL;
    if (!m) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    m->connect("nested", conninfo);
    m->finish();
    return dlclose(handle);
}

int main(int argc, char **argv)
{
    for (int i = 4; i < argc; i++) {
        if (!dlopen(argv[i], RTLD_LAZY)) {
            fprintf(stderr, "%s\n", dlerror());
            return 2;
        }
    }
    bool twice = argc > 3 && strcmp(argv[1], "twice") == 0;
    int status = argc > 3 ? run(argv[1], argv[2], argv[3]) : 2;
    return twice && status == 0 ? run(argv[1], argv[2], argv[3]) : status;
}
#endif

void go(const char *name, const char *conninfo);
#ifdef LIBRARY
void go(const char *name, const char *conninfo)
{
    const char *how = getenv("NESTED_HOW");
    const char *path = getenv("NESTED");
    void *handle = strcmp(how, "space") == 0  ? dlmopen(LM_ID_NEWLM, path, RTLD_NOW)
                   : strcmp(how, "deep") == 0 ? dlopen(path, RTLD_NOW | RTLD_DEEPBIND)
                                              : dlopen(path, RTLD_NOW);
    if (strncmp(how, "by", 2) == 0) {
        void *connect = strcmp(how, "bysym") == 0 ? dlsym(handle, "PQconnectdb")
                                                  : dlvsym(handle, "PQconnectdb", "FAKE_1");
        char *(*message)(void *) = (char *(*)(void *))dlsym(handle, "PQerrorMessage");
        int (*status)(void *) = (int (*)(void *))dlsym(handle, "PQstatus");
        void *conn = ((void *(*)(const char *))connect)(conninfo);
        printf("%s: %s\n", name, status(conn) == 0 ? "ok" : message(conn));
        fflush(stdout); /* no other code does that in another namespace */
        return;
    }
    const struct module *m = handle ? dlsym(handle, "module") : NULL;
    if (!m) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    m->connect(name, conninfo);
    m->finish();
}
#endif

#ifdef MODULE
static void done(void)
{
}
extern const struct module module;
const struct module module = {.connect = go, .tail = go, .query = go, .finish = done};
#endif
