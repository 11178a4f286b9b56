/* log_target: what the policy's log names, and whether this process can write it.
 *
 * System calls are made directly: libc's functions are cancellation points, and the object runs in
 * the program's threads. */
#include "lib/os/log_target.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Reads the digits at *s and advances it; -1 if there are none, or too many for an int. */
static int read_number(const char **s)
{
    int n = 0;
    int digits = 0;
    for (; **s >= '0' && **s <= '9'; ++*s) {
        if (++digits > 9) {
            return -1;
        }
        n = n * 10 + (**s - '0');
    }
    return digits > 0 ? n : -1;
}

enum log_target log_target(const char *path, int *fd)
{
    static const char proc[] = "/proc/";
    bool own = true;
    *fd = -1;
    if (strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0) {
        *fd = strcmp(path, "/dev/stdout") == 0 ? STDOUT_FILENO : STDERR_FILENO;
        return LOG_TARGET_OWN;
    }
    if (strncmp(path, proc, sizeof proc - 1) != 0) {
        return LOG_TARGET_FILE;
    }
    path += sizeof proc - 1;
    if (strncmp(path, "self/", 5) == 0) {
        path += 4;
    } else if (strncmp(path, "thread-self/", 12) == 0) {
        path += 11;
    } else {
        int pid = read_number(&path);
        if (pid < 0) {
            return LOG_TARGET_FILE;
        }
        own = pid == sys_pid();
    }
    if (strncmp(path, "/fd/", 4) != 0) {
        return LOG_TARGET_FILE;
    }
    path += 4;
    int number = read_number(&path);
    if (number < 0 || *path != '\0') {
        return LOG_TARGET_FILE;
    }
    *fd = number;
    return own ? LOG_TARGET_OWN : LOG_TARGET_FOREIGN;
}

const char *log_file_distrust(const struct stat *st)
{
    if (!S_ISREG(st->st_mode)) {
        return "not a regular file";
    }
    if (st->st_uid != 0 && st->st_uid != sys_euid()) {
        return "owned by neither root nor this user";
    }
    return st->st_nlink == 1 ? NULL : "the file has more than one hard link";
}

/* For a file that does not exist: why it cannot be created in its directory. */
static const char *directory_fault(const char *path)
{
    char directory[POLICY_PATH_MAX + 1];
    struct strbuf t;
    strbuf_init(&t, directory, sizeof directory);
    strbuf_addn(&t, path, (size_t)(strrchr(path, '/') - path));
    const char *name = t.len > 0 ? directory : "/";
    struct stat st;
    if (sys_stat(name, &st) != 0) {
        return errno == ENOENT ? "its directory does not exist" : sys_error(errno);
    }
    if (!S_ISDIR(st.st_mode)) {
        return "its parent is not a directory";
    }
    if (faccessat(AT_FDCWD, name, W_OK | X_OK, AT_EACCESS) != 0) {
        return errno == EROFS ? "its directory is read-only" : "its directory is not writable";
    }
    return NULL;
}

static const char *open_fault(const char *path, int flags, bool is_file)
{
    struct stat st;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                          O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, 0);
    if (fd < 0) {
        return is_file && errno == ENOENT  ? directory_fault(path)
               : is_file && errno == ELOOP ? "a symbolic link"
               : is_file && errno == ENXIO ? "not a regular file"
                                           : sys_error(errno);
    }
    const char *fault = NULL;
    if (is_file) {
        fault = sys_fstat(fd, &st) != 0 ? sys_error(errno) : log_file_distrust(&st);
    }
    syscall(SYS_close, fd);
    return fault;
}

static const char *descriptor_fault(int fd)
{
    struct stat st;
    int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0 || sys_fstat(fd, &st) != 0) {
        return "the descriptor is not open";
    }
    if ((flags & O_ACCMODE) == O_RDONLY) {
        return "the descriptor is read-only";
    }
    if (S_ISSOCK(st.st_mode) && !sys_is_unix_socket(fd)) {
        return "the descriptor is a network socket";
    }
    return NULL;
}

static const char *syslog_fault(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return sys_error(errno);
    }
    const char *fault = syscall(SYS_connect, fd, &to, sizeof to) == 0 ? NULL
                        : errno == ENOENT                             ? "there is no /dev/log"
                                                                      : sys_error(errno);
    syscall(SYS_close, fd);
    return fault;
}

static const char *target_fault(const struct policy *p, bool descriptors)
{
    int fd = -1;
    switch (p->log) {
    case LOG_TO_SYSLOG:
        return syslog_fault();
    case LOG_TO_STDERR:
    case LOG_TO_NONE:
        return NULL;
    case LOG_TO_FILE:
        break;
    }
    switch (log_target(p->log_path, &fd)) {
    case LOG_TARGET_OWN:
        return descriptors ? descriptor_fault(fd) : NULL;
    case LOG_TARGET_FOREIGN:
        return open_fault(p->log_path, 0, false);
    case LOG_TARGET_FILE:
        break;
    }
    return open_fault(p->log_path, O_NOFOLLOW, true);
}

bool log_writable(const struct policy *p, bool descriptors, char *reason, size_t size)
{
    int saved_errno = errno;
    const char *fault = target_fault(p, descriptors);
    strbuf_copy(reason, size, fault);
    errno = saved_errno;
    return fault == NULL;
}

const char *log_fallback(const struct policy *p)
{
    return p->log == LOG_TO_SYSLOG ? "standard error instead"
                                   : "standard error instead, or to syslog if that fails";
}

const char *log_target_name(const struct policy *p, char *buf, size_t size)
{
    const char *kind = p->log == LOG_TO_STDERR   ? "stderr"
                       : p->log == LOG_TO_SYSLOG ? "syslog"
                       : p->log == LOG_TO_NONE   ? "none"
                                                 : "file:";
    strbuf_join(buf, size, kind, p->log == LOG_TO_FILE ? p->log_path : "");
    return buf;
}
