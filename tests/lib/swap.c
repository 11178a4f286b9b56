/* swap: a second preload that changes a file between two looks at it: at the SWAP_AT-th fopen, open
 * or openat of SWAP_FILE (1 is the first), SWAP_WITH is renamed over it, before the call goes on.
 * It stands for whoever races with the program. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int open64(const char *path, int flags, ...);
FILE *fopen64(const char *path, const char *how);

static int looks;

static void look(const char *path)
{
    const char *file = getenv("SWAP_FILE");
    const char *with = getenv("SWAP_WITH");
    const char *at = getenv("SWAP_AT");
    if (file == NULL || with == NULL || at == NULL || strcmp(path, file) != 0) {
        return;
    }
    if (++looks == atoi(at)) {
        rename(with, file);
    }
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
