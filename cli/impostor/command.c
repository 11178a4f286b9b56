/* command: runs COMMAND as a child, and ends it and everything that it started. */
#include "cli/impostor/impostor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static _Noreturn void become(const struct impostor *im, int output, int report, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    setsid(); /* no terminal: what asks for a password there fails instead of waiting */
    char *port = xprintf("%u", im->port);
    setenv("PGHOST", im->host, 1);
    setenv("PGPORT", port, 1);
    setenv("PGUSER", im->user, 1);
    setenv("PGPASSWORD", im->password, 1);
    setenv("PGDATABASE", im->dbname, 1);
    setenv("PGSSLROOTCERT", im->root, 1);
    unsetenv("PGHOSTADDR"); /* it would lead elsewhere */
    for (size_t i = 0; i < im->env.n; i++) {
        putenv(im->env.at[i]);
    }
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(im->command[0], im->command);
    int error = errno;
    ssize_t sent = write(report, &error, sizeof error);
    (void)sent;
    _exit(127);
}

pid_t command_start(const struct impostor *im, int output)
{
    int report[2];
    int error = 0;
    if (pipe2(report, O_CLOEXEC) != 0) {
        return -1;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    fflush(NULL);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        become(im, output, report[1], parent);
    }
    close(report[1]);
    if (child > 0 && read(report[0], &error, sizeof error) == sizeof error) {
        child = -1; /* reaped as any other child */
        errno = error;
    }
    int saved_errno = errno;
    close(report[0]);
    errno = saved_errno;
    return child;
}

size_t command_signal(pid_t leader, int signal, const pid_t *sessions, size_t n)
{
    size_t found = 0;
    char *path = xprintf("/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    free(path);
    for (int child; list != NULL && fscanf(list, "%d", &child) == 1;) {
        bool is_session = false;
        for (size_t i = 0; i < n; i++) {
            is_session = is_session || sessions[i] == child;
        }
        if (!is_session) {
            found++;
            kill(child, signal);
        }
    }
    if (list != NULL) {
        fclose(list);
    }
    if (signal != 0 && leader > 0) {
        kill(-leader, signal);
    }
    return found;
}
