/* trial: one server, one run of COMMAND, and all that the server is told. */
#include "cli/impostor/impostor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 100, LISTENERS_MAX = 16 };

/* COMMAND runs; it has ended, and what it started may still end by itself; all are asked to end;
 * all are killed; what came last is still read. */
enum phase { RUNNING, LINGERING, ENDING, KILLING, DRAINING };

/* Seconds that each phase may take; killed_max is for what cannot be killed. */
static const double lingering_max = 2;
static const double ending_max = 2;
static const double killed_max = 5;
static const double draining_max = 2;

struct run {
    struct impostor *im;
    const struct trial *trial;
    struct result *result;
    SSL_CTX *context;
    int signals;
    int events[2];
    int output[2];
    FILE *file; /* where --output puts it, or NULL */
    size_t written;
    pid_t command;
    pid_t sessions[SESSIONS_MAX];
    size_t nsessions;
    enum phase phase;
    double began, deadline;
    bool scram;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void enter(struct run *run, enum phase phase, double seconds)
{
    run->phase = phase;
    run->deadline = now() + seconds;
}

/* --- sessions */

static _Noreturn void session_process(const struct run *run, int fd, pid_t parent)
{
    struct session session = {
        .fd = fd,
        .events = run->events[1],
        .trial = run->trial,
        .context = run->context,
        .password = run->im->password,
        .scram = run->scram,
    };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < run->im->nlisteners; i++) {
        close(run->im->listeners[i]);
    }
    if (getppid() == parent) {
        session_run(&session);
    }
    _exit(0);
}

/* Returns whether a client was there. */
static bool session_accept(struct run *run, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    run->result->connections++;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        session_process(run, fd, parent);
    }
    if (child > 0) {
        run->sessions[run->nsessions++] = child;
    }
    close(fd);
    return true;
}

static void sessions_end(struct run *run)
{
    for (size_t i = 0; i < run->nsessions; i++) {
        kill(run->sessions[i], SIGKILL);
    }
}

/* --- what arrives */

static void take_event(struct run *run, struct event *event)
{
    struct result *r = run->result;
    event->text[sizeof event->text - 1] = '\0';
    if (event->what == EVENT_REASON) {
        free(r->reason);
        r->reason = xstrdup(event->text);
    } else if (event->what == EVENT_IN) {
        r->in = true;
        r->in_scram = event->scram;
    } else if (event->what == EVENT_LEFT_AT_PASSWORD) {
        r->left_at_password = true;
        run->scram = true; /* it may take that, if it comes again */
    } else {
        r->told[event->tls] |= 1U << event->what;
        if (r->nvalues < VALUES_MAX) {
            r->values = xrealloc(r->values, (r->nvalues + 1) * sizeof *r->values);
            r->values[r->nvalues++] = *event;
        }
    }
}

static void take_events(struct run *run)
{
    struct event event;
    while (recv(run->events[0], &event, sizeof event, MSG_DONTWAIT) == (ssize_t)sizeof event) {
        take_event(run, &event);
    }
}

/* Keeps the end of what COMMAND prints, and the beginning in the file. Returns whether there was
 * any. */
static bool take_output(struct run *run)
{
    char bytes[16384];
    struct result *r = run->result;
    ssize_t got = read(run->output[0], bytes, sizeof bytes);
    if (got <= 0) {
        if (got == 0) {
            close(run->output[0]);
            run->output[0] = -1;
        }
        return false;
    }
    size_t n = (size_t)got;
    if (run->file != NULL && run->written < OUTPUT_FILE_MAX) {
        run->written += fwrite(bytes, 1, n, run->file);
    }
    if (r->tail == NULL) {
        r->tail = xmalloc(OUTPUT_TAIL);
    }
    if (r->tail_n + n > OUTPUT_TAIL) {
        size_t drop = r->tail_n + n - OUTPUT_TAIL;
        r->tail_n -= drop;
        memmove(r->tail, r->tail + drop, r->tail_n);
    }
    memcpy(r->tail + r->tail_n, bytes, n);
    r->tail_n += n;
    return true;
}

static void child_ended(struct run *run, pid_t child, int status)
{
    for (size_t i = 0; i < run->nsessions; i++) {
        if (run->sessions[i] == child) {
            run->sessions[i] = run->sessions[--run->nsessions];
            return;
        }
    }
    if (child == run->command) {
        run->result->exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        run->result->seconds = now() - run->began;
        if (run->phase == RUNNING) {
            enter(run, LINGERING, lingering_max);
        }
    }
}

static void take_signals(struct run *run)
{
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGCHLD) {
            run->result->interrupted = (int)info.ssi_signo;
        }
    }
    int status = 0;
    for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
        child_ended(run, child, status);
    }
}

/* --- the course of it */

static size_t descendants(struct run *run, int signal)
{
    return command_signal(run->command, signal, run->sessions, run->nsessions);
}

/* Goes on to the next phase where it is time. Returns false at the end. */
static bool advance(struct run *run, bool arrived)
{
    bool late = now() >= run->deadline;
    if (run->result->interrupted != 0 && run->phase < KILLING) {
        enter(run, KILLING, killed_max);
    } else if (run->phase == RUNNING) {
        if (late) {
            run->result->timed_out = true;
            descendants(run, SIGTERM);
            enter(run, ENDING, ending_max);
        }
    } else if (run->phase == DRAINING) {
        return !late && (arrived || run->nsessions != 0);
    } else if (descendants(run, run->phase == KILLING ? SIGKILL : 0) == 0) {
        /* KILLING is repeated: the children of what was killed are ours only now. */
        enter(run, DRAINING, run->result->interrupted != 0 ? 0 : draining_max);
    } else if (late && run->phase == LINGERING) {
        descendants(run, SIGTERM);
        enter(run, ENDING, ending_max);
    } else if (late) {
        enter(run, run->phase == ENDING ? KILLING : DRAINING, killed_max);
    }
    return true;
}

/* Waits for something and takes it. Returns whether a client came. */
static bool wait_once(struct run *run)
{
    struct pollfd fds[3 + LISTENERS_MAX] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->events[0], .events = POLLIN},
        {.fd = run->output[0], .events = POLLIN},
    };
    size_t n = 3;
    /* Those that cannot be taken yet stay in the backlog. */
    for (size_t i = 0; i < run->im->nlisteners && n < 3 + LISTENERS_MAX; i++) {
        bool room = run->nsessions + run->im->nlisteners <= SESSIONS_MAX;
        fds[n++] = (struct pollfd){.fd = room ? run->im->listeners[i] : -1, .events = POLLIN};
    }
    double left = run->deadline - now();
    int pause = run->phase != RUNNING ? 20
                : left <= 0           ? 0
                : left < 1000         ? (int)(left * 1000) + 1
                                      : 1000000;
    poll(fds, n, pause);
    take_signals(run);
    take_events(run);
    if ((fds[2].revents & (POLLIN | POLLHUP)) != 0) {
        take_output(run);
    }
    bool arrived = false;
    for (size_t i = 3; i < n; i++) {
        if ((fds[i].revents & POLLIN) != 0) {
            arrived = session_accept(run, fds[i].fd) || arrived;
        }
    }
    return arrived;
}

static int signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Opens what a run needs; NULL, or the reason. */
static char *prepare(struct run *run)
{
    run->signals = signals_open();
    if (run->signals < 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, run->events) != 0 ||
        pipe2(run->output, O_CLOEXEC) != 0) {
        return xprintf("cannot run: %s", strerror(errno));
    }
    fcntl(run->output[0], F_SETFL, O_NONBLOCK);
    if (run->im->output != NULL) {
        char *path = xprintf("%s/%s.out", run->im->output, run->trial->name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        run->file = fd >= 0 ? fdopen(fd, "w") : NULL;
        char *reason = run->file == NULL ? xprintf("%s: %s", path, strerror(errno)) : NULL;
        free(path);
        return reason;
    }
    return NULL;
}

/* Ends all that is left. What still waits at the port belongs to this trial, not to the next. */
static void finish(struct run *run)
{
    sessions_end(run);
    while (run->nsessions > 0) {
        pid_t child = waitpid(run->sessions[0], NULL, 0);
        child_ended(run, child > 0 ? child : run->sessions[0], 0);
    }
    take_events(run);
    for (size_t i = 0; i < run->im->nlisteners; i++) {
        for (int fd; (fd = accept4(run->im->listeners[i], NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
            close(fd);
        }
    }
    int fds[] = {run->signals, run->events[0], run->events[1], run->output[0], run->output[1]};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (run->file != NULL) {
        fclose(run->file);
    }
    SSL_CTX_free(run->context);
}

char *trial_run(struct impostor *im, const struct trial *trial, struct result *result)
{
    struct run run = {
        .im = im,
        .trial = trial,
        .result = result,
        .signals = -1,
        .events = {-1, -1},
        .output = {-1, -1},
        .scram = im->scram,
        .began = now(),
    };
    run.context = pki_context(im->pki, trial);
    char *reason = prepare(&run);
    if (reason == NULL) {
        run.command = command_start(im, run.output[1]);
        if (run.command < 0) {
            reason = xprintf("%s: %s", im->command[0], strerror(errno));
        }
    }
    if (reason == NULL) {
        close(run.output[1]);
        run.output[1] = -1;
        enter(&run, RUNNING, im->timeout);
        while (advance(&run, wait_once(&run))) {
        }
        while (run.output[0] >= 0 && take_output(&run)) {
        }
    }
    finish(&run);
    return reason;
}
