/* sink_write: writes a line to a descriptor, a file or syslog. No descriptor is kept open.
 *
 * System calls are made directly: libc's functions are cancellation points, and a thread that is
 * cancelled here would leave a descriptor open; and a program may define its own `write`. */
#include "lib/os/sink_write.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/log_target.h"
#include "lib/os/startup.h"
#include "lib/os/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEV_LOG "/dev/log"

enum { UNKNOWN, LOOKING, KNOWN }; /* sink_identity.state */
enum { LOWEST = 3 };              /* its descriptors are never 0 to 2 */

static int open_for_append(const char *path, int flags)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                          O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, 0600);
    int high;

    if (fd < 0 || fd >= LOWEST) {
        return fd;
    }
    /* The program has closed one of 0 to 2: what it still writes there must not go to the log. */
    high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, (long)LOWEST);
    syscall(SYS_close, fd);
    return high;
}

/* The kernel's signal set. */
#define SIGNAL(n) (UINT64_C(1) << ((n)-1))

/* Removes a pending sig that this thread's own write has raised. */
static void consume(int sig, uint64_t pending_before)
{
    const struct timespec now = {0, 0};
    uint64_t set = SIGNAL(sig);

    if ((pending_before & set) != 0) {
        return;
    }
    while (syscall(SYS_rt_sigtimedwait, &set, NULL, &now, sizeof set) < 0 && errno == EINTR) {
        ;
    }
}

/* One write or send of the n bytes at s, without a signal. Returns the call's result, with its
 * errno. */
static ssize_t quiet_write(int fd, const char *s, size_t n, bool is_socket)
{
    /* A write can raise these: EPIPE, EFBIG (RLIMIT_FSIZE), and a background process on a terminal
     * with tostop. */
    const uint64_t set = SIGNAL(SIGPIPE) | SIGNAL(SIGXFSZ) | SIGNAL(SIGTTOU);
    uint64_t before;
    uint64_t pending = 0;
    ssize_t done;
    int error;
    int tries = 3;

    syscall(SYS_rt_sigpending, &pending, sizeof pending);
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, &before, sizeof set) != 0) {
        return -1;
    }
    do {
        done = is_socket ? syscall(SYS_sendto, fd, s, n, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0)
                         : syscall(SYS_write, fd, s, n);
        error = done < 0 ? errno : 0;
    } while (error == EINTR && --tries > 0);
    if (error == EPIPE) {
        consume(SIGPIPE, pending);
    }
    if (error == EFBIG) {
        consume(SIGXFSZ, pending);
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
    errno = error;
    return done;
}

static bool write_line(int fd, char *line, size_t len, atomic_bool *torn, bool is_socket)
{
    bool after_torn = atomic_exchange(torn, false);
    ssize_t done;

    if (after_torn) {
        *--line = '\n';
        len++;
    }
    done = quiet_write(fd, line, len, is_socket);
    if (done == (ssize_t)len) {
        return true;
    }
    if (done > (after_torn ? 1 : 0) || (done <= 0 && after_torn)) {
        atomic_store(torn, true);
    }
    return false;
}

AT_START void sink_identify(struct sink_identity *id, int fd)
{
    int expected = UNKNOWN;
    struct stat st;

    if (!atomic_compare_exchange_strong(&id->state, &expected, LOOKING)) {
        return;
    }
    if (sys_fstat(fd, &st) == 0) {
        id->device = st.st_dev;
        id->inode = st.st_ino;
        id->type = st.st_mode & S_IFMT;
    }
    atomic_store(&id->state, KNOWN);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

static bool is_remembered(struct sink_identity *id, const struct stat *st)
{
    return atomic_load(&id->state) == KNOWN && id->type == (st->st_mode & S_IFMT) &&
           id->device == st->st_dev && id->inode == st->st_ino;
}

/* Opens the file of fd once more, so that O_NONBLOCK does not change the program's descriptor. -1
 * without /proc, or without permission after a setuid. */
static int open_again(int fd, const struct stat *st)
{
    char path[32];
    struct strbuf t;
    struct stat again;
    int other;

    strbuf_init(&t, path, sizeof path);
    strbuf_add(&t, "/proc/self/fd/");
    strbuf_add_uint(&t, (uint64_t)fd, 1);
    other = open_for_append(path, 0);
    if (other >= 0 && (sys_fstat(other, &again) != 0 || !is_same(&again, st))) {
        syscall(SYS_close, other);
        return -1;
    }
    return other;
}

/* Whether a pipe or terminal takes a line at once: for a pipe, poll(2) promises PIPE_BUF (4,096)
 * bytes. */
static bool is_ready(int fd)
{
    const struct timespec now = {0, 0};
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return syscall(SYS_ppoll, &p, 1, &now, NULL, sizeof(uint64_t)) == 1 && p.revents == POLLOUT;
}

static bool write_slow(int fd, const struct stat *st, char *line, size_t len, atomic_bool *torn)
{
    int other = open_again(fd, st);
    bool done;

    if (other < 0) {
        return is_ready(fd) && write_line(fd, line, len, torn, false);
    }
    done = write_line(other, line, len, torn, false);
    syscall(SYS_close, other);
    return done;
}

static bool write_checked(int fd, struct sink_identity *id, char *line, size_t len,
                          atomic_bool *torn)
{
    struct stat st;
    int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);

    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || (flags & O_PATH) != 0 ||
        sys_fstat(fd, &st) != 0 || (id != NULL && !is_remembered(id, &st))) {
        return false;
    }
    switch (st.st_mode & S_IFMT) {
    case S_IFSOCK:
        return sys_is_unix_socket(fd) && write_line(fd, line, len, torn, true);
    case S_IFIFO:
    case S_IFCHR:
        return write_slow(fd, &st, line, len, torn);
    default:
        /* A regular file is written through the program's own offset. With O_APPEND, the line would
         * be where the program writes next, and be overwritten. */
        return write_line(fd, line, len, torn, false);
    }
}

bool sink_to_descriptor(int fd, struct sink_identity *id, char *line, size_t len, atomic_bool *torn)
{
    /* A copy of the descriptor: what was checked is what is written to, whatever other threads do
     * to fd. */
    int copy = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, (long)LOWEST);
    bool done;

    if (copy < 0) { /* EMFILE, EINVAL: no descriptor is left; EBADF fails below too */
        return write_checked(fd, id, line, len, torn);
    }
    done = write_checked(copy, id, line, len, torn);
    syscall(SYS_close, copy);
    return done;
}

bool sink_to_file(const char *path, char *line, size_t len, atomic_bool *torn)
{
    struct stat st;
    int fd = open_for_append(path, O_CREAT | O_NOFOLLOW);
    bool done;

    if (fd < 0) {
        return false;
    }
    done = sys_fstat(fd, &st) == 0 && log_file_distrust(&st) == NULL &&
           write_line(fd, line, len, torn, false);
    syscall(SYS_close, fd);
    return done;
}

bool sink_to_link(const char *path, char *line, size_t len, atomic_bool *torn)
{
    int fd = open_for_append(path, 0); /* a socket cannot be opened: ENXIO */
    bool done;

    if (fd < 0) {
        return false;
    }
    done = write_line(fd, line, len, torn, false);
    syscall(SYS_close, fd);
    return done;
}

bool sink_to_syslog(char *line, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = DEV_LOG};
    char prefix[40];
    struct strbuf t;
    struct iovec parts[2];
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
    int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ssize_t done;

    if (fd < 0) {
        return false;
    }
    strbuf_init(&t, prefix, sizeof prefix);
    strbuf_add(&t, "<84>pgseal["); /* authpriv (10 * 8), warning (4) */
    strbuf_add_uint(&t, (uint64_t)sys_pid(), 1);
    strbuf_add(&t, "]: ");
    parts[0] = (struct iovec){prefix, t.len};
    parts[1] = (struct iovec){line, len - 1};
    done = syscall(SYS_sendmsg, fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    syscall(SYS_close, fd);
    return done == (ssize_t)(t.len + len - 1);
}
