/* check_run: starts a command under the object, and watches it until it ends. */
#include "cli/check/check.h"
#include "cli/check/static.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char *run_object(const char *named)
{
    static const char *const places[] = {"libpgseal.so", "../lib/libpgseal.so",
                                         "../lib/pgseal/libpgseal.so"};
    static const char *const installed[] = {PGSEAL_LIBDIR "/libpgseal.so",
                                            "/usr/local/lib/libpgseal.so", "/usr/lib/libpgseal.so",
                                            "/usr/lib/pgseal/libpgseal.so"};
    char own[PATH_MAX] = "";
    if (named != NULL) {
        return realpath(named, NULL);
    }
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n > 0) {
        own[n] = '\0';
        *strrchr(own, '/') = '\0';
    }
    for (size_t i = 0; own[0] != '\0' && i < sizeof places / sizeof *places; i++) {
        char *candidate = xprintf("%s/%s", own, places[i]);
        char *found = realpath(candidate, NULL);
        free(candidate);
        if (found != NULL) {
            return found;
        }
    }
    for (size_t i = 0; i < sizeof installed / sizeof *installed; i++) {
        if (access(installed[i], R_OK) == 0) {
            return xstrdup(installed[i]);
        }
    }
    return NULL;
}

/* In the child; tells its errno through `report` where the command cannot be run. */
static _Noreturn void become(const struct run *run, char **argv, int end, int report)
{
    const char *before = getenv("LD_PRELOAD");
    char *preload = before != NULL && before[0] != '\0' ? xprintf("%s:%s", run->object, before)
                                                        : xstrdup(run->object);
    setenv("LD_PRELOAD", preload, 1);
    free(preload);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* our own output is what standard output is for */
    watch_child(&run->watch, end);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    execvp(argv[0], argv);
    int error = errno;
    ssize_t told = write(report, &error, sizeof error);
    (void)told;
    _exit(127);
}

/* Looks at the child as it is now. */
static void look(struct run *run, pid_t child)
{
    char exe[PATH_MAX];
    char *link = xprintf("/proc/%d/exe", (int)child);
    ssize_t n = readlink(link, exe, sizeof exe - 1);
    if (n > 0) {
        exe[n] = '\0';
        if (run->exe == NULL || strcmp(run->exe, exe) != 0) {
            free(run->exe);
            run->exe = xstrdup(exe);
            /* It may be gone by now: then its file tells. */
            run->is_static = check_static(link) || check_static(exe);
        }
    }
    free(link);
    if (run->loaded) {
        return;
    }
    char *name = xprintf("/proc/%d/maps", (int)child);
    FILE *maps = fopen(name, "re");
    char *line = NULL;
    size_t room = 0;
    while (maps != NULL && !run->loaded && getline(&line, &room, maps) > 0) {
        line[strcspn(line, "\n")] = '\0';
        const char *path = strchr(line, '/');
        run->loaded = path != NULL && strcmp(path, run->object) == 0;
    }
    free(line);
    if (maps != NULL) {
        fclose(maps);
    }
    free(name);
}

/* What a name means to execvp(3), for a program that was gone before it could be looked at. */
static void look_by_name(struct run *run, const char *name)
{
    const char *path = getenv("PATH");
    for (path = path != NULL ? path : "/bin:/usr/bin"; run->exe == NULL;) {
        size_t n = strcspn(path, ":");
        char *candidate =
            strchr(name, '/') != NULL ? xstrdup(name) : xprintf("%.*s/%s", (int)n, path, name);
        if (access(candidate, X_OK) == 0) {
            run->exe = xstrdup(candidate);
            run->is_static = check_static(candidate);
        }
        free(candidate);
        if (path[n] == '\0') {
            return;
        }
        path += n + 1;
    }
}

static void wait_for(struct run *run, pid_t child)
{
    long pause_ns = 1000000;
    look(run, child);
    while (waitpid(child, &run->status, WNOHANG) == 0) {
        look(run, child);
        watch_drain(&run->watch);
        nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
        pause_ns = pause_ns < 50000000 ? pause_ns * 5 / 4 : pause_ns;
    }
}

int run_start(struct run *run, char **argv)
{
    int report[2];
    int output[2] = {-1, -1};
    int error = 0;
    /* syslog that cannot be reached hands its lines to standard error. */
    bool reads_stderr =
        strcmp(run->watch.sink, "stderr") == 0 || strcmp(run->watch.sink, "syslog") == 0;
    if (pipe2(report, O_CLOEXEC) != 0 || (reads_stderr && pipe2(output, O_CLOEXEC) != 0)) {
        return errno;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become(run, argv, output[1], report[1]);
    }
    close(report[1]);
    if (output[1] >= 0) {
        close(output[1]);
        run->watch.pipe = output[0];
    }
    if (child < 0) {
        close(report[0]);
        return errno;
    }
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (read(report[0], &error, sizeof error) != sizeof error) {
        error = 0; /* it has become the command */
    }
    close(report[0]);
    wait_for(run, child);
    look_by_name(run, argv[0]);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    return error;
}
