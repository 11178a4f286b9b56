/* preflight: a dry run of the target's dynamic linker.
 *
 * LD_PRELOAD fails open, so only the dynamic linker that will start the program can tell whether
 * the object is loaded. `INTERP --list PROGRAM` makes it map the program, every preload and every
 * library, check symbol versions (glibc) or relocate everything (musl), print what it mapped, and
 * exit, without running any of the program's code. That costs as much as the start of a small
 * program, about a millisecond. Errors after that are not silent: an object that is mapped and
 * cannot be relocated ends the program with ld.so's own message, and one that is relocated has its
 * constructor run.
 *
 * Rejected: executing the program itself with LD_TRACE_LOADED_OBJECTS=1, as ldd does. A dynamic
 * linker that does not know the variable (musl; some glibcs in secure-execution mode) would run the
 * program. With `INTERP --list` the program is an argument, so one that does not know --list only
 * fails. Also rejected: a message from the object's constructor on an inherited descriptor. It
 * would need a second start of the program, and more code in the constructor of every process. */
#include "launch/preflight.h"

#include "launch/say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PREFLIGHT_SECONDS = 10, LIST_MAX = 256 * 1024 };

/* Variables that only make the dynamic linker print more; its output must be the plain list. */
static bool is_noise(const char *variable)
{
    static const char *const noise[] = {"LD_DEBUG",     "LD_VERBOSE", "LD_WARN",
                                        "LD_SHOW_AUXV", "LD_TRACE_",  "LD_BIND_NOW"};
    for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
        if (strncmp(variable, noise[i], strlen(noise[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Starts the dynamic linker, with stdout and stderr to the pipe and stdin at its end.
 * posix_spawn(3), not fork(2): it does not copy the launcher's page tables, which saves a tenth of
 * the time. */
static pid_t start_loader(const struct target *t, const int ends[2])
{
    size_t n = 0;
    size_t kept = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **environment = calloc(n + 1, sizeof(*environment));
    char list[] = "--list";
    char interpreter[PATH_MAX];
    char program[PATH_MAX];
    memcpy(interpreter, t->interpreter, sizeof(interpreter));
    /* Links are resolved: if the kernel starts a program, its $ORIGIN is the directory of
     * /proc/self/exe (a JVM behind /usr/bin/java finds its libraries there); if it is started by
     * name, that of the name. */
    if (realpath(t->program, program) == NULL) {
        memcpy(program, t->program, sizeof(program));
    }
    char *arguments[TARGET_OPTIONS + 4] = {interpreter};
    size_t narguments = 1;
    for (size_t i = 0; i < t->noptions; i++) {
        arguments[narguments] = strdup(t->options[i]);
        narguments += arguments[narguments] != NULL;
    }
    arguments[narguments++] = list;
    arguments[narguments] = program;
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    int error = ENOMEM;
    if (environment != NULL && posix_spawn_file_actions_init(&actions) == 0) {
        for (size_t i = 0; i < n; i++) {
            if (!is_noise(environ[i])) {
                environment[kept++] = environ[i];
            }
        }
        if (posix_spawn_file_actions_adddup2(&actions, ends[0], 0) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, ends[1], 1) == 0 &&
            posix_spawn_file_actions_adddup2(&actions, ends[1], 2) == 0) {
            error = posix_spawn(&child, interpreter, &actions, NULL, arguments, environment);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    free(environment);
    if (error != 0) {
        refuse(STATUS_REFUSED, "libpgseal.so is not loaded into %s: its loader %s: %s", t->chain,
               interpreter, strerror(error));
    }
    return child;
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the writer closes, and drops what does not fit. Returns false if it takes too
 * long. */
static bool read_all(int fd, char *buf, size_t size)
{
    int64_t end = now_ms() + PREFLIGHT_SECONDS * 1000;
    size_t length = 0;
    for (;;) {
        int64_t left = end - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready == 0) {
            return false;
        }
        if (ready < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        char dropped[4096];
        bool full = length == size - 1;
        ssize_t n =
            read(fd, full ? dropped : buf + length, full ? sizeof(dropped) : size - 1 - length);
        if (n == 0) {
            buf[length] = '\0';
            return true;
        }
        if (n > 0 && !full) {
            length += (size_t)n;
        } else if (n < 0 && errno != EINTR) {
            return false;
        }
    }
}

/* Whether a line of the list says that this path was loaded: glibc "\tPATH (0x…)", musl "\tPATH =>
 * PATH (0x…)". */
static bool is_loaded(const char *line, const char *path)
{
    size_t length = strlen(path);
    return line[0] == '\t' && strncmp(line + 1, path, length) == 0 &&
           (strncmp(line + 1 + length, " (0x", 4) == 0 ||
            strncmp(line + 1 + length, " => ", 4) == 0);
}

/* Judges the output, line by line. */
static void judge(const struct target *t, const struct object *o, const char *list)
{
    bool loaded = false;
    char reason[1024] = "";
    char last[1024] = "";
    for (const char *line = list; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        char text[1024];
        snprintf(text, sizeof(text), "%.*s", (int)length, line);
        if (is_loaded(line, o->path)) {
            loaded = true;
        } else if (line[0] != '\t') {
            memcpy(strstr(text, o->path) != NULL && reason[0] == '\0' ? reason : last, text,
                   sizeof(text));
        }
        line += length;
        line += *line == '\n';
    }
    if (reason[0] != '\0') {
        refuse(STATUS_REFUSED, "libpgseal.so does not load in %s: %s", t->chain, reason);
    }
    if (!loaded) {
        refuse(STATUS_REFUSED, "libpgseal.so is not loaded into %s: its loader %s %s%s", t->chain,
               t->interpreter, last[0] != '\0' ? "says: " : "does not list it", last);
    }
}

/* Both ends are above 2, so that descriptors which the caller closed stay closed for the
 * program. */
static void high_pipe(int ends[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0) {
        refuse(STATUS_REFUSED, "the preflight check failed: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
        if (ends[i] < 0) {
            refuse(STATUS_REFUSED, "the preflight check failed: %s", strerror(errno));
        }
    }
    close(low[0]);
    close(low[1]);
}

static bool child_signal_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGCHLD) == 1;
}

/* Takes back the SIGCHLD of the dynamic linker's end, which stays pending if the caller blocks it:
 * execve(2) would hand it to the program. It stays if a child that the caller left has ended, too.
 */
static void drop_child_signal(void)
{
    siginfo_t other = {0};
    if (waitid(P_ALL, 0, &other, WEXITED | WNOHANG | WNOWAIT) == 0 && other.si_pid != 0) {
        return;
    }
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigtimedwait(&child, NULL, &(struct timespec){0});
}

const char *preflight_run(const struct target *t, const struct object *o)
{
    static char list[LIST_MAX];
    int ends[2];
    bool pending = child_signal_pending();
    high_pipe(ends);
    pid_t child = start_loader(t, ends);
    close(ends[1]);
    bool whole = read_all(ends[0], list, sizeof(list));
    close(ends[0]);
    if (!whole) {
        kill(child, SIGKILL);
    }
    /* ECHILD if the caller ignores SIGCHLD. The status does not matter: glibc exits with 0 even if
     * a preload is missing. */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    if (!pending && child_signal_pending()) {
        drop_child_signal();
    }
    if (!whole) {
        refuse(STATUS_REFUSED, "libpgseal.so is not loaded into %s: its loader %s does not respond",
               t->chain, t->interpreter);
    }
    judge(t, o, list);
    return list;
}
