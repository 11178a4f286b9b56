/* sys: system calls that glibc 2.17 and musl do not both export under one symbol, and texts for
 * errno. */
#ifndef PGSEAL_SYS_H
#define PGSEAL_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Opens a file for reading; does not wait if it is a FIFO. Sets errno. */
static inline int sys_open_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* fstat(2); glibc exports it under that name from 2.33 only. Sets errno; async-signal-safe. */
static inline int sys_fstat(int fd, struct stat *st)
{
    return (int)syscall(SYS_fstat, fd, st);
}

/* stat(2) by path, links followed; likewise. */
static inline int sys_stat(const char *path, struct stat *st)
{
    return (int)syscall(SYS_newfstatat, AT_FDCWD, path, st, 0);
}

/* System calls, not the C library's functions: each import costs a symbol look-up when a process
 * starts. They cannot fail. */
static inline int sys_pid(void)
{
    return (int)syscall(SYS_getpid);
}

static inline uid_t sys_euid(void)
{
    return (uid_t)syscall(SYS_geteuid);
}

/* Sleeps for less than a second. Used to wait for another thread, because sched_yield() does not
 * let a thread of lower real-time priority run. Sets errno; async-signal-safe. */
static inline void sys_sleep(long nanoseconds)
{
    const struct timespec time = {.tv_nsec = nanoseconds};
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL);
}

/* The target of a link, without a NUL; -1 with errno. */
static inline ssize_t sys_readlink(const char *path, char *to, size_t n)
{
    return syscall(SYS_readlinkat, AT_FDCWD, path, to, n);
}

/* Writes the program's path into buf, cut if it is longer; "" if /proc does not show it (a chroot).
 * May change errno; async-signal-safe. */
static inline void sys_exe(char *buf, size_t size)
{
    ssize_t n = sys_readlink("/proc/self/exe", buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
}

/* Whether the descriptor is a Unix socket. May change errno. */
static inline bool sys_is_unix_socket(int fd)
{
    struct sockaddr_un name = {0};
    socklen_t size = sizeof name;
    return syscall(SYS_getsockname, fd, &name, &size) == 0 && name.sun_family == AF_UNIX;
}

/* Maps size bytes of zeroed memory; NULL with errno. Uses the C library's mmap, not a system call,
 * because a sanitizer replaces it and must know about the mapping. */
static inline void *sys_map(size_t size)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map != MAP_FAILED ? map : NULL;
}

/* Unmaps what sys_map returned, with the same size. */
static inline void sys_unmap(void *map, size_t size)
{
    munmap(map, size);
}

/* Seeks to the file's beginning. Sets errno; async-signal-safe. */
static inline bool sys_rewind(int fd)
{
    return syscall(SYS_lseek, fd, 0L, SEEK_SET) == 0;
}

/* Whether the word at address, which is aligned to 4, can be read: the kernel tries it. Also true
 * if the kernel does not answer (a seccomp filter). Keeps errno; async-signal-safe. */
bool sys_readable(const void *address);

/* A short static text for errno number e. (strerror may allocate, and translates.) */
const char *sys_error(int e);

/* Reads the file open at fd to its end, whatever its st_size says, and adds a NUL. The memory is
 * malloc'ed and the caller's; or, with map, mmap'ed and never freed (for the constructor, which
 * must not call the program's allocator). Returns NULL with errno; EFBIG if it is longer than
 * max. */
char *sys_read_file(int fd, size_t max, bool map, size_t *len);

#endif
