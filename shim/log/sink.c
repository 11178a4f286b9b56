/* sink: where the log goes. Fills in what only the process knows, chooses the sink, hands on where
 * it fails, and counts the lines that reach none. How a line is written safely is sink_write's. */
#include "shim/log/sink.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/startup.h"
#include "shim/log/sink_write.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Written once each, then only read; the counters are atomic. So no lock is needed, and fork needs
 * no care. */
/* In .data, whose page the dynamic linker has touched anyway: a page fault less in every process.
 */
__attribute__((section(".data"))) static struct sink_identity remembered_stdout, remembered_stderr;
static atomic_bool torn_stdout, torn_stderr, torn_file;
static _Atomic uint64_t lost;

AT_START void sink_remember_stderr(void)
{
    int saved = errno;

    sink_identify(&remembered_stdout, STDOUT_FILENO);
    sink_identify(&remembered_stderr, STDERR_FILENO);
    errno = saved;
}

static bool to_stderr(char *line, size_t len)
{
    return sink_to_descriptor(STDERR_FILENO, &remembered_stderr, line, len, &torn_stderr);
}

/* Reads the digits at *s, which moves behind them; -1 where there are none or they are no int. */
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

enum map_node { PLACE_FILE, PLACE_OWN, PLACE_FOREIGN };

/* What path names: a file, a descriptor of this process (*fd), or one of another process. */
static enum map_node classify(const char *path, int *fd)
{
    static const char proc[] = "/proc/";
    bool own = true;

    if (strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0) {
        *fd = strcmp(path, "/dev/stdout") == 0 ? STDOUT_FILENO : STDERR_FILENO;
        return PLACE_OWN;
    }
    if (strncmp(path, proc, sizeof proc - 1) != 0) {
        return PLACE_FILE;
    }
    path += sizeof proc - 1;
    if (strncmp(path, "self/", 5) == 0) {
        path += 4;
    } else if (strncmp(path, "thread-self/", 12) == 0) {
        path += 11;
    } else {
        int pid = read_number(&path);

        if (pid < 0) {
            return PLACE_FILE;
        }
        own = pid == (int)getpid();
    }
    if (strncmp(path, "/fd/", 4) != 0) {
        return PLACE_FILE;
    }
    path += 4;
    *fd = read_number(&path);
    if (*fd < 0 || *path != '\0') {
        return PLACE_FILE;
    }
    return own ? PLACE_OWN : PLACE_FOREIGN;
}

static bool to_path(const char *path, char *line, size_t len)
{
    int fd = -1;

    switch (classify(path, &fd)) {
    case PLACE_OWN:
        if (fd == STDERR_FILENO) {
            return to_stderr(line, len);
        }
        if (fd == STDOUT_FILENO) {
            return sink_to_descriptor(fd, &remembered_stdout, line, len, &torn_stdout);
        }
        return sink_to_descriptor(fd, NULL, line, len, &torn_file);
    case PLACE_FOREIGN:
        return sink_to_link(path, line, len, &torn_file);
    case PLACE_FILE:
    default:
        return sink_to_file(path, line, len, &torn_file);
    }
}

/* The policy's sink, else stderr, else /dev/log. */
static bool deliver(const struct policy *p, char *line, size_t len)
{
    bool syslog = p->log == LOG_TO_SYSLOG;

    if (p->log == LOG_TO_FILE && p->log_path != NULL && to_path(p->log_path, line, len)) {
        return true;
    }
    if (syslog && sink_to_syslog(line, len)) {
        return true;
    }
    return to_stderr(line, len) || (!syslog && sink_to_syslog(line, len));
}

/* The program's path; "" where /proc does not say (a chroot), cut with an ellipsis where buf is too
 * small. */
static void read_exe(char *buf, size_t size)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    ssize_t n = readlink("/proc/self/exe", buf, size);
    size_t end = n < 0 ? 0 : (size_t)n;

    if (end < size) {
        buf[end] = '\0';
        return;
    }
    end = size - sizeof ellipsis;
    while (end > 0 && ((unsigned char)buf[end] & 0xC0) == 0x80) {
        end--;
    }
    memcpy(buf + end, ellipsis, sizeof ellipsis);
}

/* Formats into line, which has room for EVENT_LINE_MAX bytes; returns the length. */
static size_t format(struct event *e, char *line)
{
    struct utsname names;
    struct timespec now = {0, 0};
    char exe[1024];
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    e->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    e->node = uname(&names) == 0 ? names.nodename : NULL;
    e->pid = (int)getpid();
    e->uid = (unsigned)getuid();
    read_exe(exe, sizeof exe);
    e->exe = exe;
    len = event_format(e, line, EVENT_LINE_MAX);
    e->node = e->exe = NULL; /* they end with this frame */
    return len;
}

bool sink_event(const struct policy *p, struct event *e)
{
    int saved = errno;
    char buf[1 + EVENT_LINE_MAX]; /* the first byte is for a newline, see sink_write.h */
    size_t len;
    bool done;

    if (p->log == LOG_TO_NONE) {
        return true;
    }
    sink_remember_stderr(); /* another library's constructor may connect before ours ran */
    e->lost = atomic_exchange(&lost, 0);
    len = format(e, buf + 1);
    done = deliver(p, buf + 1, len);
    if (!done) {
        atomic_fetch_add(&lost, e->lost + 1);
    }
    errno = saved;
    return done;
}

bool log_wanted(const struct policy *p, const char *event, bool audit)
{
    static const char *const always[] = {"downgrade", "refuse",    "exempt",
                                         "failed",    "violation", "plaintext_cancel"};

    if (p->log_all) {
        return true;
    }
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (strcmp(event, always[i]) == 0) {
            return true;
        }
    }
    return audit && strcmp(event, "seal") == 0;
}
