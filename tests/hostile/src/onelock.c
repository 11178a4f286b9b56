/* onelock: a malloc with one lock for all, which a test can hold, and that a thread can be
 * forbidden to enter. To be preloaded. */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);
void onelock_hold(void);
void onelock_release(void);
void onelock_forbid(int forbidden);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int forbidden_here __attribute__((tls_model("initial-exec")));

static void enter(void)
{
    static const char text[] = "onelock: malloc was entered where it must not be\n";
    if (forbidden_here) {
        if (write(2, text, sizeof text - 1) > 0) {
            abort();
        }
        abort();
    }
    pthread_mutex_lock(&lock);
}

void onelock_hold(void)
{
    pthread_mutex_lock(&lock);
}

void onelock_release(void)
{
    pthread_mutex_unlock(&lock);
}

void onelock_forbid(int forbidden)
{
    forbidden_here = forbidden;
}

void *malloc(size_t n)
{
    enter();
    void *p = __libc_malloc(n);
    onelock_release();
    return p;
}

void *calloc(size_t n, size_t size)
{
    enter();
    void *p = __libc_calloc(n, size);
    onelock_release();
    return p;
}

void *realloc(void *p, size_t n)
{
    enter();
    void *q = __libc_realloc(p, n);
    onelock_release();
    return q;
}

void free(void *p)
{
    if (p == NULL) {
        return;
    }
    enter();
    __libc_free(p);
    onelock_release();
}
