/* loader.c: asks the dynamic linker everything whose answer depends on who asks, and prints the
 * answers without addresses: bare and sealed must be alike. Arguments: the directory of the
 * helpers, a private libpq's path (or "-": none of the questions about libpq's entry points). */
#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *directory;

static void answer(const char *question, const void *found)
{
    const char *error = dlerror();
    printf("%s: %s, dlerror %s", question, found != NULL ? "found" : "NULL",
           error != NULL ? error : "(none)");
    error = dlerror();
    printf(", then %s\n", error != NULL ? error : "(none)");
}

/* The file in which a function lies, by its last name. */
static const char *file_of(const void *fn)
{
    Dl_info info;
    const char *slash = fn != NULL && dladdr(fn, &info) && info.dli_fname != NULL
                            ? strrchr(info.dli_fname, '/')
                            : NULL;
    return slash != NULL ? slash + 1 : "?";
}

static void *open_in(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void ask_paths(void)
{
    void *h = dlopen("libbeside.so", RTLD_NOW); /* only this program's RUNPATH has it */
    answer("RUNPATH of the program", h);
    h = dlopen("$ORIGIN/beside/libbeside.so", RTLD_NOW);
    answer("$ORIGIN of the program", h);
    h = dlopen("libfar.so", RTLD_NOW); /* only the module's RUNPATH has it */
    answer("another's RUNPATH", h);
    void *module = open_in("libasker.so");
    answer("the asker", module);
    if (module == NULL) {
        return;
    }
    void *(*open)(const char *, int) = (void *(*)(const char *, int))dlsym(module, "asker_open");
    void *(*sym)(void *, const char *) =
        (void *(*)(void *, const char *))dlsym(module, "asker_sym");
    answer("RUNPATH of a module", open("libfar.so", RTLD_NOW));
    answer("$ORIGIN of a module", open("$ORIGIN/far/libfar.so", RTLD_NOW));
    answer("another's RUNPATH, from a module", open("libbeside.so", RTLD_NOW | RTLD_NOLOAD));
    answer("nonsense from a module", open("libnosuch.so.9", RTLD_NOW));
    answer("RTLD_DEFAULT of a module: its own", sym(RTLD_DEFAULT, "asker_sym"));
    answer("RTLD_DEFAULT of the program: not the module's", dlsym(RTLD_DEFAULT, "asker_sym"));
    answer("RTLD_DEFAULT of a module: no entry point", sym(RTLD_DEFAULT, "PQconnectdb"));
    answer("RTLD_NEXT of a module: no entry point", sym(RTLD_NEXT, "PQconnectdb"));
    answer("RTLD_NEXT of a module: the C library", sym(RTLD_NEXT, "qsort"));
    printf("in %s\n", file_of(sym(RTLD_NEXT, "qsort")));
    answer("RTLD_NEXT of a module: itself only", sym(RTLD_NEXT, "asker_sym"));
}

static void ask_errors(void)
{
    void *self = dlopen(NULL, RTLD_NOW);
    void *libc = dlopen("libc.so.6", RTLD_NOW);
    answer("nonsense", dlopen("/nonexistent/lib.so", RTLD_NOW));
    answer("nonsense deepbound", dlopen("/nonexistent/lib.so", RTLD_NOW | RTLD_DEEPBIND));
    answer("nonsense by name", dlopen("libnosuch.so.9", RTLD_NOW | RTLD_DEEPBIND));
    answer("no library", dlopen("/etc/passwd", RTLD_NOW | RTLD_DEEPBIND));
    answer("a directory", dlopen("/etc/", RTLD_NOW | RTLD_DEEPBIND));
    answer("an empty name", dlopen("", RTLD_NOW | RTLD_DEEPBIND));
    answer("not loaded", dlopen("libbz2.so.1.0", RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND));
    answer("no flags", dlopen("libm.so.6", 0));
    const char *const names[] = {"nosuch",      "PQ",           "P",        "",
                                 "PQconnectdb", "PQconnectdbX", "PQfinish", "PQnosuch"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        printf("[%s]\n", names[i]);
        answer(" RTLD_DEFAULT", dlsym(RTLD_DEFAULT, names[i]));
        answer(" RTLD_NEXT", dlsym(RTLD_NEXT, names[i]));
        answer(" the program", dlsym(self, names[i]));
        answer(" the C library", dlsym(libc, names[i]));
        answer(" versioned, RTLD_DEFAULT", dlvsym(RTLD_DEFAULT, names[i], "GLIBC_2.2.5"));
        answer(" versioned, RTLD_NEXT", dlvsym(RTLD_NEXT, names[i], "GLIBC_2.2.5"));
        answer(" versioned, the C library", dlvsym(libc, names[i], "GLIBC_2.2.5"));
    }
    answer("versioned qsort", dlvsym(libc, "qsort", "GLIBC_2.2.5"));
    answer("versioned qsort of no such version", dlvsym(libc, "qsort", "GLIBC_9"));
    (void)dlsym(self, "nosuch"); /* left pending */
    (void)dlsym(self, "main");
    answer("an error stays pending", NULL);
}

static void ask_next(void)
{
    /* libtwice.so, which the program is linked to, defines twice() and calls the next one:
     * libonce.so's. */
    int (*twice)(int) = (int (*)(int))dlsym(RTLD_DEFAULT, "twice");
    printf("RTLD_NEXT of a wrapper: %d\n", twice != NULL ? twice(20) : -1);
}

static void ask_namespaces(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/libasker.so", directory);
    void *other = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
    answer("a namespace", other);
    if (other == NULL) {
        return;
    }
    Lmid_t id = -1;
    Lmid_t inner = -1;
    dlinfo(other, RTLD_DI_LMID, &id);
    void *(*open)(const char *, int) = (void *(*)(const char *, int))dlsym(other, "asker_open");
    void *(*sym)(void *, const char *) = (void *(*)(void *, const char *))dlsym(other, "asker_sym");
    void *h = open("libfar.so", RTLD_NOW);
    answer("RUNPATH in a namespace", h);
    if (h != NULL) {
        dlinfo(h, RTLD_DI_LMID, &inner);
    }
    printf("namespaces: %s, %s\n", id == LM_ID_BASE ? "the same" : "another",
           inner == id ? "kept" : "lost");
    answer("RTLD_DEFAULT in a namespace", sym(RTLD_DEFAULT, "asker_open"));
    answer("no entry point in a namespace", dlsym(other, "PQconnectdb"));
    answer("into the base namespace", dlmopen(LM_ID_BASE, path, RTLD_NOW | RTLD_DEEPBIND));
    answer("a wrong namespace", dlmopen(77, path, RTLD_NOW));
}

/* What dlsym hands out for libpq's names with a handle: it must be there, the same each time, and
 * no entry point of another. */
static void ask_entries(const char *libpq)
{
    const char *const names[] = {"PQconnectdb",    "PQconnectdbParams",
                                 "PQconnectStart", "PQconnectStartParams",
                                 "PQsetdbLogin",   "PQping",
                                 "PQpingParams",   "PQconnectPoll",
                                 "PQreset",        "PQfinish",
                                 "PQstatus",       "PQlibVersion",
                                 "PQexec",         "PQnosuch"};
    void *h = dlopen(libpq, RTLD_NOW | RTLD_LOCAL);
    void *self = dlopen(NULL, RTLD_NOW);
    answer("a private libpq", h);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *fn = dlsym(h, names[i]);
        printf("[%s]\n", names[i]);
        answer(" its handle", fn);
        printf(" %s\n", fn == dlsym(h, names[i]) ? "the same again" : "another now");
        dlerror();
        answer(" RTLD_DEFAULT", dlsym(RTLD_DEFAULT, names[i]));
        answer(" RTLD_NEXT", dlsym(RTLD_NEXT, names[i]));
        answer(" the program", dlsym(self, names[i]));
        answer(" versioned", dlvsym(h, names[i], "NOSUCH_1"));
    }
    int (*version)(void) = (int (*)(void))dlsym(h, "PQlibVersion");
    void *(*connectdb)(const char *) = (void *(*)(const char *))dlsym(h, "PQconnectdb");
    char *(*message)(const void *) = (char *(*)(const void *))dlsym(h, "PQerrorMessage");
    void (*finish)(void *) = (void (*)(void *))dlsym(h, "PQfinish");
    void *conn = connectdb("nosuchoption=1");
    printf("version %d says %s", version(), message(conn));
    finish(conn);
    dlopen(libpq, RTLD_NOW | RTLD_GLOBAL);
    answer("RTLD_DEFAULT, now that it is global", dlsym(RTLD_DEFAULT, "PQconnectdb"));
    answer("RTLD_NEXT, now that it is global", dlsym(RTLD_NEXT, "PQconnectStartParams"));
    answer("the program, now that it is global", dlsym(self, "PQfinish"));
    dlclose(h);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    directory = argv[1];
    ask_errors();
    ask_paths();
    ask_next();
    ask_namespaces();
    if (argc > 2 && strcmp(argv[2], "-") != 0) {
        ask_entries(argv[2]);
    }
    return 0;
}
