/* sys: words for errno, and reading a whole file. */
#include "lib/os/sys.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>

const char *sys_error(int e)
{
    switch (e) {
    case ENOENT:
        return "no such file";
    case ENOTDIR:
        return "a part of the path is no directory";
    case EACCES:
        return "permission denied";
    case EPERM:
        return "operation not permitted";
    case ELOOP:
        return "too many symbolic links";
    case ENAMETOOLONG:
        return "the name is too long";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    case ENOMEM:
        return "out of memory";
    case EFBIG:
        return "too large";
    case EIO:
        return "input/output error";
    case EISDIR:
        return "is a directory";
    case ENXIO:
        return "not a regular file";
    case ENOSYS:
        return "not offered by this kernel";
    case EINTR:
        return "interrupted";
    default:
        return "cannot be read";
    }
}

bool sys_readable(const void *address)
{
    int saved = errno;
    /* Wakes none and moves none, whatever the word is; reading it comes first. */
    long done = syscall(SYS_futex, address, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0L, address, 0);
    bool fault = done == -1 && errno == EFAULT;
    errno = saved;
    return !fault;
}

char *sys_read_file(int fd, size_t max, bool map, size_t *len)
{
    struct stat st;
    if (sys_fstat(fd, &st) != 0) {
        return NULL;
    }
    if (st.st_size < 0 || (size_t)st.st_size > max) {
        errno = EFBIG;
        return NULL;
    }
    size_t room = (size_t)st.st_size + 1;
    char *bytes;
    if (map) {
        bytes = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (bytes == MAP_FAILED) {
            return NULL;
        }
    } else if ((bytes = malloc(room)) == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    size_t got = 0;
    while (got < room - 1) {
        ssize_t n = read(fd, bytes + got, room - 1 - got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            int e = errno;
            if (map) {
                munmap(bytes, room);
            } else {
                free(bytes);
            }
            errno = e;
            return NULL;
        }
        if (n == 0) {
            break;
        }
        got += (size_t)n;
    }
    bytes[got] = '\0';
    *len = got;
    return bytes;
}
