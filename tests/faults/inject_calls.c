/* inject_calls: the functions that inject stands in for; what pgseal calls and can fail is here
 * (fault_injection.t compares). */
#include "inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

/* --- allocations */

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    if (inject_fails("malloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_malloc(size);
    inject_hold(p, CALLER);
    return p;
}

void *calloc(size_t n, size_t size)
{
    if (inject_fails("calloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_calloc(n, size);
    inject_hold(p, CALLER);
    return p;
}

void *realloc(void *old, size_t size)
{
    if (inject_fails("realloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_realloc(old, size);
    if (p != NULL || size == 0) {
        inject_let_go(old);
    }
    inject_hold(p, CALLER);
    return p;
}

char *strdup(const char *s)
{
    if (inject_fails("strdup", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    size_t n = strlen(s) + 1;
    char *p = __libc_malloc(n);
    inject_hold(p, CALLER);
    return p != NULL ? memcpy(p, s, n) : NULL;
}

void free(void *p)
{
    inject_let_go(p);
    __libc_free(p);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    if (inject_fails("mmap", CALLER)) {
        return MAP_FAILED;
    }
    void *p = (void *)inject_raw(SYS_mmap, (long)at, (long)size, prot, flags, fd, offset);
    if (inject_is_shim(CALLER) && p != MAP_FAILED) {
        atomic_fetch_add(&inject_maps, 1);
    }
    return p;
}

int munmap(void *at, size_t size)
{
    bool fail = inject_fails("munmap", CALLER);
    int error = errno;
    int result = (int)inject_raw(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0);
    if (inject_is_shim(CALLER)) {
        atomic_fetch_sub(&inject_maps, 1);
    }
    if (!fail) {
        return result;
    }
    errno = error;
    return -1;
}

/* --- system calls */

int faccessat(int dir, const char *path, int mode, int flags)
{
    return inject_fails("faccessat", CALLER)
               ? -1
               : (int)inject_raw(SYS_faccessat2, dir, (long)path, mode, flags, 0, 0);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (inject_fails("open", CALLER)) {
        return -1;
    }
    return inject_opened((int)inject_raw(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0),
                         CALLER);
}

int close(int fd)
{
    bool fail = inject_fails("close", CALLER);
    int error = errno;
    int result = inject_closed(fd); /* Linux closes whatever it says */
    if (!fail) {
        return result;
    }
    errno = error;
    return -1;
}

#define SIMPLE(type, name, parameters, number, ...)                                                \
    type name parameters                                                                           \
    {                                                                                              \
        if (inject_fails(#name, CALLER))                                                           \
            return -1;                                                                             \
        return (type)inject_raw(number, __VA_ARGS__);                                              \
    }

SIMPLE(int, access, (const char *path, int mode), SYS_access, (long)path, mode, 0, 0, 0, 0)
SIMPLE(int, fchmod, (int fd, mode_t mode), SYS_fchmod, fd, mode, 0, 0, 0, 0)
SIMPLE(int, getpeername, (int fd, struct sockaddr *to, socklen_t *len), SYS_getpeername, fd,
       (long)to, (long)len, 0, 0, 0)
SIMPLE(int, getsockname, (int fd, struct sockaddr *to, socklen_t *len), SYS_getsockname, fd,
       (long)to, (long)len, 0, 0, 0)
SIMPLE(ssize_t, read, (int fd, void *to, size_t n), SYS_read, fd, (long)to, (long)n, 0, 0, 0)
SIMPLE(ssize_t, write, (int fd, const void *from, size_t n), SYS_write, fd, (long)from, (long)n, 0,
       0, 0)
SIMPLE(ssize_t, readlink, (const char *path, char *to, size_t n), SYS_readlink, (long)path,
       (long)to, (long)n, 0, 0, 0)
SIMPLE(int, sigpending, (sigset_t * to), SYS_rt_sigpending, (long)to, 8, 0, 0, 0, 0)
SIMPLE(int, sigprocmask, (int how, const sigset_t *set, sigset_t *old), SYS_rt_sigprocmask, how,
       (long)set, (long)old, 8, 0, 0)
SIMPLE(int, uname, (struct utsname * to), SYS_uname, (long)to, 0, 0, 0, 0, 0)

int getpwuid_r(uid_t uid, struct passwd *to, char *buf, size_t size, struct passwd **found)
{
    static int (*real)(uid_t, struct passwd *, char *, size_t, struct passwd **);
    if (inject_fails("getpwuid_r", CALLER)) {
        *found = NULL;
        return errno;
    }
    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "getpwuid_r");
    }
    return real(uid, to, buf, size, found);
}

static const char *call_name(long n, long second)
{
    switch (n) {
    case SYS_mprotect:
        return "mprotect";
    case SYS_openat:
        return "openat";
    case SYS_close:
        return "close";
    case SYS_fcntl:
        return second == F_GETFL ? "fcntl-getfl" : "fcntl-dup";
    case SYS_socket:
        return "socket";
    case SYS_shutdown:
        return "shutdown";
    case SYS_fstat:
        return "fstat";
    case SYS_newfstatat:
        return "newfstatat";
    case SYS_write:
        return "write";
    case SYS_sendto:
        return "sendto";
    case SYS_sendmsg:
        return "sendmsg";
    case SYS_ppoll:
        return "ppoll";
    case SYS_rt_sigtimedwait:
        return "rt_sigtimedwait";
    case SYS_memfd_create:
        return "memfd_create";
    case SYS_rt_sigprocmask:
        return "rt_sigprocmask";
    case SYS_futex:
        return "futex";
    case SYS_rt_sigpending:
        return "sigpending";
    case SYS_readlinkat:
        return "readlink";
    case SYS_getsockname:
        return "getsockname";
    case SYS_fchmod:
        return "fchmod";
    case SYS_uname:
        return "uname";
    default:
        return "syscall";
    }
}

static bool cannot_fail(long n)
{
    return n == SYS_getpid || n == SYS_geteuid || n == SYS_getuid;
}

long syscall(long n, ...)
{
    va_list rest;
    va_start(rest, n);
    long a = va_arg(rest, long);
    long b = va_arg(rest, long);
    long c = va_arg(rest, long);
    long d = va_arg(rest, long);
    long e = va_arg(rest, long);
    long f = va_arg(rest, long);
    va_end(rest);
    bool fail = !cannot_fail(n) && inject_fails(call_name(n, b), CALLER);
    int error = errno;
    if (n == SYS_close) {
        inject_closed((int)a);
        errno = error;
        return fail ? -1 : 0;
    }
    if (fail) {
        return -1;
    }
    long result = inject_raw(n, a, b, c, d, e, f);
    switch (n) {
    case SYS_openat:
    case SYS_memfd_create:
    case SYS_socket:
        return inject_opened((int)result, CALLER);
    case SYS_fcntl:
        return b == F_DUPFD_CLOEXEC ? inject_opened((int)result, CALLER) : result;
    default:
        return result;
    }
}

/* --- clocks */

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (inject_fails("clock_gettime", CALLER)) {
        return -1;
    }
    int result = (int)inject_raw(SYS_clock_gettime, id, (long)t, 0, 0, 0, 0);
    if (id == CLOCK_REALTIME && result == 0) {
        const char *now = getenv("FAULT_CLOCK"); /* a program may set it anew while it runs */
        t->tv_sec += now != NULL ? atol(now) : inject_clock_off;
    }
    return result;
}

time_t time(time_t *to)
{
    struct timespec t = {0, 0};
    inject_prepare();
    inject_raw(SYS_clock_gettime, CLOCK_REALTIME, (long)&t, 0, 0, 0, 0);
    if (to != NULL) {
        *to = t.tv_sec + inject_clock_off;
    }
    return t.tv_sec + inject_clock_off;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    (void)zone;
    to->tv_sec = time(NULL);
    to->tv_usec = 0;
    return 0;
}
