/* next.c: -DONCE: twice(n) is n + 1. Else: a wrapper, by RTLD_NEXT: twice the next one's. */
#include <dlfcn.h>
#include <stddef.h>

int twice(int n);

int twice(int n)
{
#ifdef ONCE
    return n + 1;
#else
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "twice");
    return next != NULL ? 2 * next(n) : -2;
#endif
}
