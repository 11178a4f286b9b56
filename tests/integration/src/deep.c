/* deep.c: what RTLD_DEEPBIND means: who() is defined by the program ("program") and by a module's
 * library ("library"); the module tells whose it reaches. -DLIBRARY, -DPLAIN_MODULE, -DLIBPQ_MODULE
 * (also imports PQlibVersion and PQconnectdb), -DPROGRAM (opens each argument deepbound and asks
 * it). */
#include <dlfcn.h>
#include <stdio.h>

const char *who(void);
const char *module_who(void);

#ifdef LIBRARY
const char *who(void)
{
    return "library";
}
#endif

#if defined PLAIN_MODULE || defined LIBPQ_MODULE
const char *module_who(void)
{
    return who();
}
#endif

#ifdef LIBPQ_MODULE
void *PQconnectdb(const char *conninfo);
void *module_connect(void);
void *module_connect(void)
{
    return PQconnectdb("");
}
#endif

#ifdef PROGRAM
const char *who(void)
{
    return "program";
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        void *h = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
        const char *(*ask)(void) = h ? (const char *(*)(void))dlsym(h, "module_who") : NULL;
        puts(ask ? ask() : dlerror());
    }
    return 0;
}
#endif
