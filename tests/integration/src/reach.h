/* reach.h: what reach.c (a program) asks of module.c (a libpq client in a shared object, or linked
 * into the program). */
#ifndef REACH_H
#define REACH_H

struct module {
    void (*connect)(const char *name, const char *conninfo);
    /* The entry point is reached by a tail call from reach_call. */
    void (*tail)(const char *name, const char *conninfo);
    void (*query)(const char *name, const char *sql);
    void (*finish)(void);
    void *(*frame)(void *(*fn)(const char *), const char *argument); /* calls it */
};

/* Set by the program: calls back, so that the module's tail call returns into the program. */
typedef void *(*entry_fn)(const char *conninfo);

#endif
