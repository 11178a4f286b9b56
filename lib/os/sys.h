/* sys: the few system calls that glibc 2.17 and musl do not both offer under one symbol, and texts
 * for errno. */
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
#include <unistd.h>

/* Opens a file for reading, and does not wait for a FIFO in its place. Sets errno. */
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

/* These ask the kernel itself: each function that is not imported is one that the dynamic linker
 * need not look up at the start of every process. They cannot fail. */
static inline int sys_pid(void)
{
    return (int)syscall(SYS_getpid);
}

static inline uid_t sys_euid(void)
{
    return (uid_t)syscall(SYS_geteuid);
}

/* The target of a link, without a NUL; -1 with errno. */
static inline ssize_t sys_readlink(const char *path, char *to, size_t n)
{
    return syscall(SYS_readlinkat, AT_FDCWD, path, to, n);
}

/* Whether the descriptor is a Unix socket. Keeps nothing of errno. */
static inline bool sys_is_unix_socket(int fd)
{
    struct sockaddr_un name = {0};
    socklen_t size = sizeof name;
    return syscall(SYS_getsockname, fd, &name, &size) == 0 && name.sun_family == AF_UNIX;
}

/* Zeroed memory of size bytes that is not the program's allocator's; NULL with errno. By the C
 * library's functions, in whose place a sanitizer has its own: it must know that an address is used
 * anew. */
static inline void *sys_map(size_t size)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map != MAP_FAILED ? map : NULL;
}

/* Gives back what sys_map returned, all of it. */
static inline void sys_unmap(void *map, size_t size)
{
    munmap(map, size);
}

/* Sets the descriptor back to the file's beginning. Sets errno; async-signal-safe. */
static inline bool sys_rewind(int fd)
{
    return syscall(SYS_lseek, fd, 0L, SEEK_SET) == 0;
}

/* Whether the word at address can be read: the kernel reads it for us, and nothing else happens.
 * Also true if the kernel does not say. Keeps errno; async-signal-safe. address is aligned to 4. */
bool sys_readable(const void *address);

/* What errno number e means, in a few static words: strerror() may allocate and speaks the locale's
 * language. */
const char *sys_error(int e);

/* Reads the file open at fd to its end, whatever its st_size says (at most max bytes), into memory
 * of its own: malloc'ed, or mmap'ed where map is set (for the constructor, which must not enter the
 * program's allocator). One NUL follows the bytes. Returns NULL with errno (EFBIG: longer than
 * max). A mapping is never given back; malloc'ed memory is the caller's. */
char *sys_read_file(int fd, size_t max, bool map, size_t *len);

#endif
