/* sys: texts for errno, and reading a whole file. */
#include "lib/os/sys.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>

const char *sys_error(int e)
{
    switch (e) {
    case ENOENT:
        return "no such file";
    case ENOTDIR:
        return "a component of the path is not a directory";
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
    case EROFS:
        return "the file system is read-only";
    case ENOSPC:
    case EDQUOT:
        return "no space left";
    case ECONNREFUSED:
        return "no process listens there";
    case EPROTOTYPE:
        return "not a datagram socket";
    case ENXIO:
        return "not a regular file";
    case ENOSYS:
        return "not supported by this kernel";
    case ENOTSUP:
        return "not supported";
    case EBUSY:
        return "busy";
    case EINTR:
        return "interrupted";
    default:
        return "unexpected error";
    }
}

bool sys_readable(const void *address)
{
    int saved_errno = errno;
    /* Wakes no thread and moves none, whatever the word is; the kernel reads it first. */
    long done = syscall(SYS_futex, address, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0L, address, 0);
    bool fault = done == -1 && errno == EFAULT;
    errno = saved_errno;
    return !fault;
}

/* Memory of size bytes with the contents of old (old_size bytes); NULL with errno. */
static char *grow(char *old, size_t old_size, size_t size, bool map)
{
    if (!map) {
        char *bytes = realloc(old, size);
        errno = bytes == NULL ? ENOMEM : errno;
        return bytes;
    }
    char *bytes = sys_map(size);
    if (bytes != NULL && old != NULL) {
        memcpy(bytes, old, old_size);
        sys_unmap(old, old_size);
    }
    return bytes;
}

static void discard(char *bytes, size_t size, bool map)
{
    int saved_errno = errno;
    if (map && bytes != NULL) {
        sys_unmap(bytes, size);
    } else if (!map) {
        free(bytes);
    }
    errno = saved_errno;
}

char *sys_read_file(int fd, size_t max, bool map, size_t *len)
{
    enum { FIRST = 4096 };
    struct stat st;
    if (sys_fstat(fd, &st) != 0) {
        return NULL;
    }
    /* Only a guess: a file in /proc says 0, and a file may grow. */
    size_t size = st.st_size > 0 && (size_t)st.st_size < max ? (size_t)st.st_size + 2 : FIRST;
    char *bytes = grow(NULL, 0, size, map);
    size_t got = 0;
    while (bytes != NULL) {
        ssize_t n = read(fd, bytes + got, size - 1 - got);
        if (n == 0) {
            bytes[got] = '\0';
            *len = got;
            return bytes;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        got += n > 0 ? (size_t)n : 0;
        if (n < 0 || got > max) {
            errno = n < 0 ? errno : EFBIG;
            break;
        }
        if (got == size - 1) {
            char *more = grow(bytes, size, 2 * size, map);
            if (more == NULL) {
                break;
            }
            bytes = more;
            size *= 2;
        }
    }
    discard(bytes, size, map);
    return NULL;
}
