/* sink: fills in what only the process knows, chooses the sink, uses the next one if it fails, and
 * counts lines that no sink took. sink_write.c writes them. */
#include "lib/os/sink.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/log_target.h"
#include "lib/os/sink_write.h"
#include "lib/os/startup.h"
#include "lib/os/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Each is written once, then only read; the counters are atomic. So there is no lock, also not for
 * the child of a fork. */
START_DATA static struct sink_identity remembered_stdout, remembered_stderr;
static struct {
    int fd;
    struct sink_identity identity;
} named[SINK_NAMED];
static atomic_bool torn_stdout, torn_stderr, torn_file;
static _Atomic uint64_t lost;

AT_START void sink_remember_stderr(void)
{
    int saved_errno = errno;

    sink_identify(&remembered_stdout, STDOUT_FILENO);
    sink_identify(&remembered_stderr, STDERR_FILENO);
    errno = saved_errno;
}

AT_START void sink_remember_descriptor(int fd)
{
    int saved_errno = errno;

    for (size_t i = 0; i < SINK_NAMED; i++) {
        if (atomic_load(&named[i].identity.state) == 0) {
            named[i].fd = fd;
            sink_identify(&named[i].identity, fd);
            break;
        }
        if (named[i].fd == fd) {
            break;
        }
    }
    errno = saved_errno;
}

static bool to_stderr(char *line, size_t len)
{
    return sink_to_descriptor(STDERR_FILENO, &remembered_stderr, line, len, &torn_stderr);
}

/* A descriptor that the log names must be what it was at load: the program may have closed it since
 * and opened another file under its number. */
static bool to_named(int fd, char *line, size_t len)
{
    for (size_t i = 0; i < SINK_NAMED; i++) {
        if (atomic_load(&named[i].identity.state) != 0 && named[i].fd == fd) {
            return sink_to_descriptor(fd, &named[i].identity, line, len, &torn_file);
        }
    }
    return false;
}

static bool to_path(const char *path, char *line, size_t len)
{
    int fd = -1;

    switch (log_target(path, &fd)) {
    case LOG_TARGET_OWN:
        if (fd == STDERR_FILENO) {
            return to_stderr(line, len);
        }
        if (fd == STDOUT_FILENO) {
            return sink_to_descriptor(fd, &remembered_stdout, line, len, &torn_stdout);
        }
        return to_named(fd, line, len);
    case LOG_TARGET_FOREIGN:
        return sink_to_link(path, line, len, &torn_file);
    case LOG_TARGET_FILE:
    default:
        return sink_to_file(path, line, len, &torn_file);
    }
}

static bool to_sink(const struct policy *p, char *line, size_t len)
{
    switch (p->log) {
    case LOG_TO_FILE:
        return to_path(p->log_path, line, len);
    case LOG_TO_SYSLOG:
        return sink_to_syslog(line, len);
    case LOG_TO_STDERR:
    case LOG_TO_NONE:
        break;
    }
    return to_stderr(line, len);
}

/* Memory for a line. It is mapped, since the stack may be a signal handler's of a few kilobytes,
 * and a handler must not call malloc. */
struct scratch {
    char line[1 + EVENT_LINE_MAX];  /* the first byte is for a newline, see sink_write.h */
    char first[1 + EVENT_LINE_MAX]; /* the line before it, likewise */
    struct utsname names;
    char target[POLICY_PATH_MAX + 8];
    char reason[POLICY_PATH_MAX + 256];
    char exe[PATH_MAX];
};

/* Formats into line, which has room for EVENT_LINE_MAX bytes; returns the length. */
static size_t format(struct event *e, struct scratch *s, char *line)
{
    struct timespec now = {0, 0};
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    e->time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    e->node = syscall(SYS_uname, &s->names) == 0 ? s->names.nodename : NULL;
    e->pid = sys_pid();
    e->uid = (unsigned)syscall(SYS_getuid);
    if (e->exe == NULL) {
        sys_exe(s->exe, sizeof s->exe);
        e->exe = s->exe;
    }
    len = event_format(e, line);
    e->node = e->exe = NULL; /* they end with the scratch */
    return len;
}

/* For a line that the policy's sink did not take: writes it to stderr, else to /dev/log. */
static bool hand_over(const struct policy *p, char *line, size_t len)
{
    return (p->log != LOG_TO_STDERR && to_stderr(line, len)) ||
           (p->log != LOG_TO_SYSLOG && sink_to_syslog(line, len));
}

/* Once in each process: before the first line that goes elsewhere, writes one that says why. */
static void say_why(const struct policy *p, struct scratch *s)
{
    static _Atomic(int) said; /* the process that has said it */
    char fault[128];
    struct event e = {.event = "process", .settings = p->name, .reason = s->reason};

    if (atomic_exchange(&said, sys_pid()) == sys_pid()) {
        return;
    }
    if (log_writable(p, true, fault, sizeof fault)) {
        strbuf_copy(fault, sizeof fault, "the line could not be written");
    }
    strbuf_join(s->reason, sizeof s->reason,
                "log = ", log_target_name(p, s->target, sizeof s->target), ": ", fault,
                "; log lines go to ", log_fallback(p));
    hand_over(p, s->first + 1, format(&e, s, s->first + 1));
}

/* Writes e to p's sink, or to the next one. */
static bool deliver(const struct policy *p, struct event *e, struct scratch *s)
{
    size_t len = format(e, s, s->line + 1);
    if (to_sink(p, s->line + 1, len)) {
        return true;
    }
    if (p->log != LOG_TO_STDERR) {
        say_why(p, s);
    }
    return hand_over(p, s->line + 1, len);
}

bool sink_event(const struct policy *p, struct event *e)
{
    int saved_errno = errno;

    if (p->log == LOG_TO_NONE) {
        return true;
    }
    sink_remember_stderr(); /* another constructor may connect before pgseal's runs */
    e->lost = atomic_exchange(&lost, 0);
    struct scratch *s = sys_map(sizeof *s);
    bool done = s != NULL && deliver(p, e, s);
    if (s != NULL) {
        sys_unmap(s, sizeof *s);
    }
    if (!done) {
        atomic_fetch_add(&lost, e->lost + 1);
    }
    errno = saved_errno;
    return done;
}

bool log_wanted(const struct policy *p, const char *event, bool audit)
{
    static const char *const always[] = {"downgrade", "refuse",    "exempt",
                                         "failed",    "violation", "plaintext_cancel"};

    if (p->log_all) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (strcmp(event, always[i]) == 0) {
            return true;
        }
    }
    return audit && strcmp(event, "seal") == 0;
}
