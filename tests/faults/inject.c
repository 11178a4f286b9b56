/* inject: a second preload that makes one step of pgseal's fail, or lets something else happen at it. A step is a call that
 * libpgseal.so itself makes (known by the return address) of a function that can fail: an allocation or a system call.
 *
 * FAULT=count              does nothing
 * FAULT=fail:N:E           step N (1 is the first) fails with errno E (an allocation: with ENOMEM)
 * FAULT=fork:N             a child comes into being at step N; both go on, the child first
 * FAULT=vfork:N            a child of vfork that ends at once
 * FAULT=signal:N           a signal arrives at step N, whose handler makes a child and waits for it
 * FAULT=thread:N           another thread opens and closes FAULT_CONNINFO at step N
 * FAULT_REPORT=FILE        at exit: "steps N step NAME memory N maps N fds N": what was reached, and what pgseal, and libpq on
 *                          its behalf, have not given back
 * FAULT_STEPS=FILE         the name of each step, a line each
 * FAULT_CLOCK=SECONDS      the process's clock stands so much off */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void __libc_free(void *);

/* The kernel itself: every wrapper of libc's may be interposed by this very file. */
static long raw(long n, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

/* --- whose call is it? */

struct range {
    uintptr_t from, to;
};
static struct range shim, libpq;
static atomic_int ready;

static int find(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size, (void)data;
    const char *name = strrchr(info->dlpi_name, '/');
    struct range *r = NULL;
    if (name && strncmp(name, "/libpgseal", 10) == 0)
        r = &shim;
    else if (name && strncmp(name, "/libpq.so", 9) == 0)
        r = &libpq;
    for (int i = 0; r && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X))
            *r = (struct range){at, at + p->p_memsz};
    }
    return 0;
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static char what[16];
static long at_step;
static int error_number;
static long clock_off;

static void prepare(void)
{
    if (atomic_exchange(&ready, 1))
        return;
    dl_iterate_phdr(find, NULL);
    const char *fault = setting("FAULT");
    size_t n = strcspn(fault, ":");
    memcpy(what, fault, n < sizeof what ? n : 0);
    if (fault[n] == ':') {
        char *rest;
        at_step = strtol(fault + n + 1, &rest, 10);
        error_number = *rest == ':' ? atoi(rest + 1) : 0;
    }
    clock_off = atol(setting("FAULT_CLOCK"));
}

static bool within(const struct range *r, const void *address)
{
    return (uintptr_t)address >= r->from && (uintptr_t)address < r->to;
}

/* --- what happens at the step */

static atomic_long steps;
static const char *reached = "none";
static pthread_t other;
static atomic_int other_done;
static bool other_started;

static void *connect_too(void *unused)
{
    void *(*connect)(const char *);
    void (*finish)(void *);
    *(void **)&connect = dlsym(RTLD_DEFAULT, "PQconnectdb");
    *(void **)&finish = dlsym(RTLD_DEFAULT, "PQfinish");
    finish(connect(setting("FAULT_CONNINFO")));
    atomic_store(&other_done, 1);
    return unused;
}

static void on_signal(int sig)
{
    (void)sig;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static void happen(void)
{
    if (strcmp(what, "fork") == 0) {
        pid_t child = fork();
        if (child > 0)
            waitpid(child, NULL, 0);
    } else if (strcmp(what, "vfork") == 0) {
        pid_t child = vfork();
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    } else if (strcmp(what, "signal") == 0) {
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
    } else if (strcmp(what, "thread") == 0) {
        /* Waited for only a while: a step under the loader's lock may not wait for who needs that. */
        other_started = pthread_create(&other, NULL, connect_too, NULL) == 0;
        for (int i = 0; i < 100 && !atomic_load(&other_done); i++)
            raw(SYS_poll, 0, 0, 5, 0, 0, 0);
    }
}

/* Whether this call, of the shim's if it is from there, is to fail; errno is set then. */
static bool fails(const char *name, const void *caller)
{
    static __thread bool inside;
    int saved = errno;
    prepare();
    if (inside || !within(&shim, caller) ||
        raw(SYS_gettid, 0, 0, 0, 0, 0, 0) != raw(SYS_getpid, 0, 0, 0, 0, 0, 0))
        return false;
    inside = true;
    long n = atomic_fetch_add(&steps, 1) + 1;
    const char *list = setting("FAULT_STEPS");
    if (list[0]) {
        int fd = (int)raw(SYS_open, (long)list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600, 0, 0, 0);
        raw(SYS_write, fd, (long)name, (long)strlen(name), 0, 0, 0);
        raw(SYS_write, fd, (long)"\n", 1, 0, 0, 0);
        raw(SYS_close, fd, 0, 0, 0, 0, 0);
    }
    errno = saved;
    bool now = n == at_step;
    bool fail = now && strcmp(what, "fail") == 0;
    if (now) {
        reached = name;
        happen();
        errno = fail ? error_number : saved;
    }
    inside = false;
    return fail;
}

/* --- what is not given back */

enum { TABLE = 1 << 16 };
static _Atomic(void *) held[TABLE];
static atomic_long memory, maps;
static atomic_uchar open_fds[4096];
static char gone; /* its address marks a place that was used */

static void hold(void *p, const void *caller)
{
    if (!p || (!within(&shim, caller) && !within(&libpq, caller)))
        return;
    for (size_t i = ((uintptr_t)p >> 4) % TABLE, n = 0; n < TABLE; i = (i + 1) % TABLE, n++) {
        void *old = atomic_load(&held[i]);
        if ((!old || old == &gone) && atomic_compare_exchange_strong(&held[i], &old, p)) {
            atomic_fetch_add(&memory, 1);
            return;
        }
    }
}

static void let_go(void *p)
{
    if (!p)
        return;
    for (size_t i = ((uintptr_t)p >> 4) % TABLE, n = 0; n < TABLE; i = (i + 1) % TABLE, n++) {
        void *here = p;
        if (atomic_compare_exchange_strong(&held[i], &here, &gone)) {
            atomic_fetch_sub(&memory, 1);
            return;
        }
        if (!here)
            return;
    }
}

static int opened(int fd, const void *caller)
{
    if (fd >= 0 && fd < (int)sizeof open_fds && within(&shim, caller))
        atomic_store(&open_fds[fd], 1);
    return fd;
}

static int closed(int fd)
{
    if (fd >= 0 && fd < (int)sizeof open_fds)
        atomic_store(&open_fds[fd], 0);
    return (int)raw(SYS_close, fd, 0, 0, 0, 0, 0);
}

__attribute__((destructor)) static void report(void)
{
    const char *file = setting("FAULT_REPORT");
    char line[256];
    int fds = 0;
    if (other_started)
        pthread_join(other, NULL);
    for (size_t i = 0; i < sizeof open_fds; i++)
        fds += open_fds[i];
    if (!file[0])
        return;
    int n = snprintf(line, sizeof line, "steps %ld step %s memory %ld maps %ld fds %d\n", atomic_load(&steps), reached,
                     atomic_load(&memory), atomic_load(&maps), fds);
    int fd = (int)raw(SYS_open, (long)file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600, 0, 0, 0);
    raw(SYS_write, fd, (long)line, n, 0, 0, 0);
    raw(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* --- allocations */

#define CALLER __builtin_return_address(0)

void *malloc(size_t size)
{
    if (fails("malloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_malloc(size);
    hold(p, CALLER);
    return p;
}

void *calloc(size_t n, size_t size)
{
    if (fails("calloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_calloc(n, size);
    hold(p, CALLER);
    return p;
}

void *realloc(void *old, size_t size)
{
    if (fails("realloc", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = __libc_realloc(old, size);
    if (p || size == 0)
        let_go(old);
    hold(p, CALLER);
    return p;
}

char *strdup(const char *s)
{
    if (fails("strdup", CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    size_t n = strlen(s) + 1;
    char *p = __libc_malloc(n);
    hold(p, CALLER);
    return p ? memcpy(p, s, n) : NULL;
}

void free(void *p)
{
    let_go(p);
    __libc_free(p);
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
    if (fails("mmap", CALLER))
        return MAP_FAILED;
    void *p = (void *)raw(SYS_mmap, (long)at, (long)size, prot, flags, fd, offset);
    if (within(&shim, CALLER) && p != MAP_FAILED)
        atomic_fetch_add(&maps, 1);
    return p;
}

int munmap(void *at, size_t size)
{
    bool fail = fails("munmap", CALLER);
    int error = errno, result = (int)raw(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0);
    if (within(&shim, CALLER))
        atomic_fetch_sub(&maps, 1);
    if (!fail)
        return result;
    errno = error;
    return -1;
}

/* --- system calls */

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fails("open", CALLER))
        return -1;
    return opened((int)raw(SYS_openat, AT_FDCWD, (long)path, flags, mode, 0, 0), CALLER);
}

int close(int fd)
{
    bool fail = fails("close", CALLER);
    int error = errno, result = closed(fd); /* Linux closes whatever it says */
    if (!fail)
        return result;
    errno = error;
    return -1;
}

int fcntl(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    long arg = va_arg(rest, long);
    va_end(rest);
    if (fails(command == F_GETFL ? "fcntl-getfl" : "fcntl-dup", CALLER))
        return -1;
    int result = (int)raw(SYS_fcntl, fd, command, arg, 0, 0, 0);
    return command == F_DUPFD_CLOEXEC ? opened(result, CALLER) : result;
}

#define SIMPLE(type, name, parameters, number, ...)                                                                    \
    type name parameters                                                                                               \
    {                                                                                                                  \
        if (fails(#name, CALLER))                                                                                      \
            return -1;                                                                                                 \
        return (type)raw(number, __VA_ARGS__);                                                                         \
    }

SIMPLE(int, access, (const char *path, int mode), SYS_access, (long)path, mode, 0, 0, 0, 0)
SIMPLE(int, fchmod, (int fd, mode_t mode), SYS_fchmod, fd, mode, 0, 0, 0, 0)
SIMPLE(int, getpeername, (int fd, struct sockaddr *to, socklen_t *len), SYS_getpeername, fd, (long)to, (long)len, 0, 0, 0)
SIMPLE(int, getsockname, (int fd, struct sockaddr *to, socklen_t *len), SYS_getsockname, fd, (long)to, (long)len, 0, 0, 0)
SIMPLE(int, poll, (struct pollfd *fds, nfds_t n, int ms), SYS_poll, (long)fds, (long)n, ms, 0, 0, 0)
SIMPLE(ssize_t, read, (int fd, void *to, size_t n), SYS_read, fd, (long)to, (long)n, 0, 0, 0)
SIMPLE(ssize_t, write, (int fd, const void *from, size_t n), SYS_write, fd, (long)from, (long)n, 0, 0, 0)
SIMPLE(ssize_t, readlink, (const char *path, char *to, size_t n), SYS_readlink, (long)path, (long)to, (long)n, 0, 0, 0)
SIMPLE(int, shutdown, (int fd, int how), SYS_shutdown, fd, how, 0, 0, 0, 0)
SIMPLE(int, sigpending, (sigset_t * to), SYS_rt_sigpending, (long)to, 8, 0, 0, 0, 0)
SIMPLE(int, sigprocmask, (int how, const sigset_t *set, sigset_t *old), SYS_rt_sigprocmask, how, (long)set, (long)old, 8, 0, 0)
SIMPLE(int, uname, (struct utsname * to), SYS_uname, (long)to, 0, 0, 0, 0, 0)

int socket(int family, int type, int protocol)
{
    if (fails("socket", CALLER))
        return -1;
    return opened((int)raw(SYS_socket, family, type, protocol, 0, 0, 0), CALLER);
}

int getpwuid_r(uid_t uid, struct passwd *to, char *buf, size_t size, struct passwd **found)
{
    static int (*real)(uid_t, struct passwd *, char *, size_t, struct passwd **);
    if (fails("getpwuid_r", CALLER)) {
        *found = NULL;
        return errno;
    }
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getpwuid_r");
    return real(uid, to, buf, size, found);
}

static const char *call_name(long n)
{
    switch (n) {
    case SYS_openat:
        return "openat";
    case SYS_close:
        return "close";
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
    case SYS_futex:
        return "futex";
    default:
        return "syscall";
    }
}

long syscall(long n, ...)
{
    va_list rest;
    va_start(rest, n);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long),
         e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    bool fail = fails(call_name(n), CALLER);
    int error = errno;
    if (n == SYS_close) {
        closed((int)a);
        errno = error;
        return fail ? -1 : 0;
    }
    if (fail)
        return -1;
    long result = raw(n, a, b, c, d, e, f);
    return n == SYS_openat || n == SYS_memfd_create ? opened((int)result, CALLER) : result;
}

/* --- clocks */

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (fails("clock_gettime", CALLER))
        return -1;
    int result = (int)raw(SYS_clock_gettime, id, (long)t, 0, 0, 0, 0);
    if (id == CLOCK_REALTIME && result == 0)
        t->tv_sec += clock_off;
    return result;
}

time_t time(time_t *to)
{
    struct timespec t;
    prepare();
    raw(SYS_clock_gettime, CLOCK_REALTIME, (long)&t, 0, 0, 0, 0);
    if (to)
        *to = t.tv_sec + clock_off;
    return t.tv_sec + clock_off;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    (void)zone;
    to->tv_sec = time(NULL);
    to->tv_usec = 0;
    return 0;
}
