/* inject: a second preload that makes one step of pgseal's fail, or lets something else happen at
 * it. A step is a call that libpgseal.so itself makes (known by the return address) of a function
 * that can fail: an allocation or a system call.
 *
 * FAULT=count              does nothing
 * FAULT=fail:N:E           step N (1 is the first) fails with errno E (an allocation: with ENOMEM)
 * FAULT=fork:N             a child comes into being at step N; both go on, the child first
 * FAULT=vfork:N            a child of vfork that ends at once
 * FAULT=signal:N           a signal arrives at step N, whose handler makes a child and waits for it
 * FAULT=thread:N           another thread opens and closes FAULT_CONNINFO at step N
 * FAULT_REPORT=FILE        at exit: "steps N step NAME memory N maps N fds N": what was reached,
 *                          and what pgseal, and libpq on its behalf, have not given back
 * FAULT_STEPS=FILE         the name of each step, a line each
 * FAULT_CLOCK=SECONDS      the process's clock is wrong by so much */
#include "inject.h"

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

/* The kernel itself: every wrapper of libc's may be interposed by this very file. */
long inject_raw(long n, long a, long b, long c, long d, long e, long f)
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
    if (name != NULL && strncmp(name, "/libpgseal", 10) == 0) {
        r = &shim;
    } else if (name != NULL && strncmp(name, "/libpq.so", 9) == 0) {
        r = &libpq;
    }
    for (int i = 0; r != NULL && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
            *r = (struct range){at, at + p->p_memsz};
        }
    }
    return 0;
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

static char what[16];
static long at_step;
static int error_number;
long inject_clock_off;

void inject_prepare(void)
{
    if (atomic_exchange(&ready, 1)) {
        return;
    }
    dl_iterate_phdr(find, NULL);
    const char *fault = setting("FAULT");
    size_t n = strcspn(fault, ":");
    memcpy(what, fault, n < sizeof what ? n : 0);
    if (fault[n] == ':') {
        char *rest;
        at_step = strtol(fault + n + 1, &rest, 10);
        error_number = *rest == ':' ? atoi(rest + 1) : 0;
    }
    inject_clock_off = atol(setting("FAULT_CLOCK"));
}

static bool within(const struct range *r, const void *address)
{
    return (uintptr_t)address >= r->from && (uintptr_t)address < r->to;
}

bool inject_is_shim(const void *caller)
{
    return within(&shim, caller);
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

static void wait_for_other(int times)
{
    for (int i = 0; i < times && !atomic_load(&other_done); i++) {
        inject_raw(SYS_poll, 0, 0, 5, 0, 0, 0);
    }
}

static void on_signal(int sig)
{
    (void)sig;
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        continue;
    }
}

static void happen(void)
{
    if (strcmp(what, "fork") == 0) {
        pid_t child = fork();
        if (child > 0) {
            waitpid(child, NULL, 0);
        }
    } else if (strcmp(what, "vfork") == 0) {
        pid_t child = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): is the point */
        if (child == 0) {
            _exit(0);
        }
        waitpid(child, NULL, 0);
    } else if (strcmp(what, "signal") == 0) {
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
    } else if (strcmp(what, "thread") == 0) {
        /* Waited for only a while: a step under the loader's lock may not wait for a thread that
         * needs the lock. */
        other_started = pthread_create(&other, NULL, connect_too, NULL) == 0;
        wait_for_other(100);
    }
}

/* Whether this call, of the shim's if it is from there, is to fail; errno is set then. */
bool inject_fails(const char *name, const void *caller)
{
    static __thread bool inside;
    int saved_errno = errno;
    inject_prepare();
    if (inside || !within(&shim, caller) ||
        inject_raw(SYS_gettid, 0, 0, 0, 0, 0, 0) != inject_raw(SYS_getpid, 0, 0, 0, 0, 0, 0)) {
        return false;
    }
    inside = true;
    long n = atomic_fetch_add(&steps, 1) + 1;
    const char *list = setting("FAULT_STEPS");
    if (list[0]) {
        int fd = (int)inject_raw(SYS_open, (long)list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                                 0600, 0, 0, 0);
        inject_raw(SYS_write, fd, (long)name, (long)strlen(name), 0, 0, 0);
        inject_raw(SYS_write, fd, (long)"\n", 1, 0, 0, 0);
        inject_raw(SYS_close, fd, 0, 0, 0, 0, 0);
    }
    errno = saved_errno;
    /* A thread that began while constructors ran must be done before exit() takes OpenSSL's tables
     * from under it. */
    if (other_started && n > at_step) {
        wait_for_other(20);
    }
    bool now = n == at_step;
    bool fail = now && strcmp(what, "fail") == 0;
    if (now) {
        reached = name;
        happen();
        errno = fail ? error_number : saved_errno;
    }
    inside = false;
    return fail;
}

/* --- what is not given back */

enum { TABLE = 1 << 16 };
static _Atomic(void *) held[TABLE];
static atomic_long memory;
atomic_long inject_maps;
static atomic_uchar open_fds[4096];
static char gone; /* its address marks a place that was used */

void inject_hold(void *p, const void *caller)
{
    if (p == NULL || (!within(&shim, caller) && !within(&libpq, caller))) {
        return;
    }
    for (size_t i = ((uintptr_t)p >> 4) % TABLE, n = 0; n < TABLE; i = (i + 1) % TABLE, n++) {
        void *old = atomic_load(&held[i]);
        if ((old == NULL || old == &gone) && atomic_compare_exchange_strong(&held[i], &old, p)) {
            atomic_fetch_add(&memory, 1);
            return;
        }
    }
}

void inject_let_go(void *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = ((uintptr_t)p >> 4) % TABLE, n = 0; n < TABLE; i = (i + 1) % TABLE, n++) {
        void *here = p;
        if (atomic_compare_exchange_strong(&held[i], &here, &gone)) {
            atomic_fetch_sub(&memory, 1);
            return;
        }
        if (here == NULL) {
            return;
        }
    }
}

int inject_opened(int fd, const void *caller)
{
    if (fd >= 0 && fd < (int)sizeof open_fds && within(&shim, caller)) {
        atomic_store(&open_fds[fd], 1);
    }
    return fd;
}

int inject_closed(int fd)
{
    if (fd >= 0 && fd < (int)sizeof open_fds) {
        atomic_store(&open_fds[fd], 0);
    }
    return (int)inject_raw(SYS_close, fd, 0, 0, 0, 0, 0);
}

__attribute__((destructor)) static void report(void)
{
    const char *file = setting("FAULT_REPORT");
    char line[256];
    int fds = 0;
    if (other_started) {
        pthread_join(other, NULL);
    }
    for (size_t i = 0; i < sizeof open_fds; i++) {
        fds += open_fds[i];
    }
    if (!file[0]) {
        return;
    }
    int n = snprintf(line, sizeof line, "steps %ld step %s memory %ld maps %ld fds %d\n",
                     atomic_load(&steps), reached, atomic_load(&memory), atomic_load(&inject_maps),
                     fds);
    int fd = (int)inject_raw(SYS_open, (long)file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600,
                             0, 0, 0);
    inject_raw(SYS_write, fd, (long)line, n, 0, 0, 0);
    inject_raw(SYS_close, fd, 0, 0, 0, 0, 0);
}
