/* inject: what its two parts share; see inject.c. */
#ifndef PGSEAL_TEST_INJECT_H
#define PGSEAL_TEST_INJECT_H

#include <stdatomic.h>
#include <stdbool.h>

/* A system call past libc, whose wrappers may be interposed; sets errno. */
long inject_raw(long n, long a, long b, long c, long d, long e, long f);

/* Reads FAULT and finds the objects, once. */
void inject_prepare(void);

/* Whether the call that returns to caller is to fail; errno is set then, and else kept. Counts it
 * where it is a step. */
bool inject_fails(const char *name, const void *caller);

/* Whether caller lies in libpgseal.so. */
bool inject_is_shim(const void *caller);

/* Memory that pgseal, or libpq for it, was given and gives back. */
void inject_hold(void *p, const void *caller);
void inject_let_go(void *p);

/* Descriptors likewise: the one that was opened is returned; the other is closed. */
int inject_opened(int fd, const void *caller);
int inject_closed(int fd);

extern atomic_long inject_maps; /* mappings that pgseal keeps */
extern long inject_clock_off;   /* seconds */

#endif
