/* sink_env: a process for each test of the sinks, alone with an empty /dev, and what it saw of
 * itself. */
#ifndef PGSEAL_TEST_SINK_LAB_H
#define PGSEAL_TEST_SINK_LAB_H

#include "lib/os/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIPTORS = 64, SENT_MAX = 16 };

/* Shared between the test and its process. */
struct seen {
    bool sent[SENT_MAX]; /* what sink_event returned, call by call */
    int calls;
    int errno_lost, mask_changed, descriptors_changed, flags_changed, pending;
    bool done; /* the process came to its end */
};

static struct seen *seen;
static char dir[64]; /* of this test's files */
static int spare[2]; /* a pair of descriptors that a test hands to its process */

static inline unsigned long long open_descriptors(void)
{
    unsigned long long set = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        set |= (unsigned long long)(fcntl(fd, F_GETFD) >= 0) << fd;
    }
    return set;
}

/* One line to p's sink, and whether anything but that has changed. */
static inline bool emit_event(const struct policy *p, struct event *e)
{
    sigset_t before;
    sigset_t after;
    sigset_t pending;
    unsigned long long descriptors = open_descriptors();
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    bool sent;

    sigprocmask(SIG_SETMASK, NULL, &before);
    errno = 4711;
    sent = sink_event(p, e);
    seen->errno_lost += errno != 4711;
    sigprocmask(SIG_SETMASK, NULL, &after);
    sigpending(&pending);
    seen->mask_changed += memcmp(&before, &after, 8) != 0;
    seen->pending += sigismember(&pending, SIGPIPE) + sigismember(&pending, SIGXFSZ);
    seen->descriptors_changed += open_descriptors() != descriptors;
    seen->flags_changed += fcntl(STDERR_FILENO, F_GETFL) != flags;
    if (seen->calls < SENT_MAX) {
        seen->sent[seen->calls++] = sent;
    }
    return sent;
}

static inline bool emit_to(enum log_kind log, const char *path, const char *reason)
{
    struct policy p = {.log = log, .log_path = path};
    struct event e = {.event = "refuse", .reason = reason};

    return emit_event(&p, &e);
}

static inline bool emit(const char *reason)
{
    return emit_to(LOG_TO_STDERR, NULL, reason);
}

static inline bool emit_file(const char *path, const char *reason)
{
    return emit_to(LOG_TO_FILE, path, reason);
}

static inline const char *in_dir(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static inline void need(bool holds, const char *what)
{
    if (!holds) {
        dprintf(STDOUT_FILENO, "# %s: %s\n", what, strerror(errno));
        _exit(99);
    }
}

/* Makes fd 2 what fd is, and lets the sink remember it. */
static inline void use_stderr(int fd)
{
    need(dup2(fd, STDERR_FILENO) == STDERR_FILENO, "dup2");
    sink_remember_stderr();
}

static inline int open_file(const char *name, int flags)
{
    int fd = open(in_dir(name), O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);

    need(fd >= 0, "open");
    return fd;
}

/* Runs body in a process of its own whose /dev is empty, so that no /dev/log takes the lines;
 * returns its wait status. */
static inline int run(void (*body)(void))
{
    pid_t pid;
    int status = -1;

    memset(seen, 0, sizeof *seen);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        alarm(20);
        need(unshare(CLONE_NEWNS) == 0, "unshare (the tests run as root)");
        need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount --make-rprivate");
        need(mount("none", "/dev", "tmpfs", 0, NULL) == 0, "mount /dev");
        body();
        seen->done = true;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

/* The socket /dev/log of this process's /dev. */
static inline int listen_syslog(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    need(fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0, "bind /dev/log");
    return fd;
}

/* What stands in a file or waits in a pipe or socket, as a string in new memory; "" where there is
 * none. */
static inline char *content_of(int fd)
{
    size_t size = 4 << 20;
    size_t n = 0;
    char *s = calloc(1, size);
    ssize_t got;

    if (s == NULL) {
        abort();
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (n < size - 1 && (got = read(fd, s + n, size - 1 - n)) > 0) {
        n += (size_t)got;
    }
    return s;
}

static inline char *content(const char *name)
{
    int fd = open(in_dir(name), O_RDONLY | O_NONBLOCK);
    char *s = content_of(fd);

    close(fd);
    return s;
}

static inline int env_setup(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(dir, sizeof dir, "/tmp/pgseal-sink-XXXXXX");
    return seen == MAP_FAILED || mkdtemp(dir) == NULL ? -1 : 0;
}

static inline int env_teardown(void **state)
{
    static const char *const names[] = {"log",  "err",  "data", "link",
                                        "hard", "fifo", "dir",  "real"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (unlink(in_dir(names[i])) != 0 && errno == EISDIR) {
            rmdir(in_dir(names[i]));
        }
    }
    return rmdir(dir);
}

#endif
