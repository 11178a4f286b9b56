/* swap: a second preload that changes a file while the program uses it, as a racing process or
 * another thread would. At the SWAP_AT-th fopen, open or openat of SWAP_FILE (1 is the first), or,
 * with SWAP_AT=connect, at the first TCP connection, SWAP_WITH is renamed over it before the call
 * continues. With SWAP_HOW=overwrite, its bytes are written into SWAP_FILE, and the time of its
 * last change is set back. With SWAP_ENV=NAME=VALUE, that variable is set, at its SWAP_AT-th
 * getenv. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int open64(const char *path, int flags, ...);
FILE *fopen64(const char *path, const char *how);

static int looks;
static int dials;
static int asked;

static char *variable(const char *name, size_t len)
{
    for (char **e = environ; *e != NULL; e++) {
        if (strncmp(*e, name, len) == 0 && (*e)[len] == '=') {
            return *e + len + 1;
        }
    }
    return NULL;
}

char *getenv(const char *name)
{
    size_t len = strlen(name);
    char *set = variable("SWAP_ENV", 8);
    const char *at = variable("SWAP_AT", 7);
    if (set != NULL && at != NULL && strncmp(set, name, len) == 0 && set[len] == '=' &&
        ++asked == atoi(at)) {
        putenv(set);
    }
    return variable(name, len);
}

static void overwrite(const char *file, const char *with)
{
    char bytes[65536];
    struct stat before;
    int from = (int)syscall(SYS_openat, AT_FDCWD, with, O_RDONLY);
    int to = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY);
    ssize_t n = read(from, bytes, sizeof bytes);
    if (n < 0 || fstat(to, &before) != 0 || pwrite(to, bytes, (size_t)n, 0) != n ||
        ftruncate(to, n) != 0 ||
        futimens(to, (struct timespec[]){before.st_atim, before.st_mtim}) != 0) {
        abort();
    }
    close(from);
    close(to);
}

static void swap(const char *file)
{
    const char *with = getenv("SWAP_WITH");
    const char *how = getenv("SWAP_HOW");
    if (how != NULL && strcmp(how, "overwrite") == 0) {
        overwrite(file, with);
    } else {
        rename(with, file);
    }
}

static void look(const char *path)
{
    const char *file = getenv("SWAP_FILE");
    const char *at = getenv("SWAP_AT");
    if (file != NULL && at != NULL && strcmp(path, file) == 0 && ++looks == atoi(at)) {
        swap(file);
    }
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    const char *file = getenv("SWAP_FILE");
    const char *at = getenv("SWAP_AT");
    if (file != NULL && at != NULL && address->sa_family == AF_INET && strcmp(at, "connect") == 0 &&
        dials++ == 0) {
        swap(file);
    }
    return (int)syscall(SYS_connect, fd, address, len);
}

static FILE *real_fopen(const char *name, const char *path, const char *how)
{
    FILE *(*real)(const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return real(path, how);
}

FILE *fopen(const char *path, const char *how)
{
    look(path);
    return real_fopen("fopen", path, how);
}

FILE *fopen64(const char *path, const char *how)
{
    look(path);
    return real_fopen("fopen64", path, how);
}

static int raw_open(const char *path, int flags, mode_t mode)
{
    look(path);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return raw_open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return raw_open(path, flags, mode);
}
