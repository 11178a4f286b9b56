/* run: starts a command under pgseal-run, which checks it and verifies that the object is loaded,
 * and watches it until it ends. */
#include "cli/check/check.h"
#include "lib/os/find_object.h"
#include "lib/os/log_target.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, LAUNCHER_REFUSED = 125, LAUNCHER_LAST = 127 };

static bool own_path(char *buf)
{
    ssize_t n = readlink("/proc/self/exe", buf, PATH_MAX - 1);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0;
}

char *run_object(const char *named)
{
    char own[PATH_MAX];
    char found[PATH_MAX];
    if (named != NULL) {
        return realpath(named, NULL);
    }
    own_path(own);
    return find_object(own, PGSEAL_LIBDIR, found) ? realpath(found, NULL) : NULL;
}

/* pgseal-run beside this tool, else along PATH. The caller frees. */
static char *find_launcher(void)
{
    char own[PATH_MAX];
    char *slash = own_path(own) ? strrchr(own, '/') : NULL;
    if (slash != NULL) {
        *slash = '\0';
        char *beside = xprintf("%s/pgseal-run", own);
        if (access(beside, X_OK) == 0) {
            return beside;
        }
        free(beside);
    }
    return xstrdup("pgseal-run");
}

/* In the child: becomes pgseal-run, or writes the errno to `report`. */
static _Noreturn void become(const struct run *run, char **argv, int end, int report)
{
    size_t n = 0;
    while (argv[n] != NULL) {
        n++;
    }
    char lib[] = "--lib";
    char dashes[] = "--";
    char **arguments = xcalloc(n + 5, sizeof *arguments);
    arguments[0] = find_launcher();
    arguments[1] = lib;
    arguments[2] = run->object;
    arguments[3] = dashes;
    memcpy(arguments + 4, argv, n * sizeof *argv);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output is for pgseal's own output */
    watch_child(&run->watch, end);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    execvp(arguments[0], arguments);
    int error = errno;
    ssize_t told = write(report, &error, sizeof error);
    (void)told;
    _exit(LAUNCHER_LAST);
}

/* The text of /proc/PID/NAME, or NULL. The caller frees. */
static char *read_proc(pid_t pid, const char *name)
{
    struct bytes bytes;
    char *path = xprintf("/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && bytes_read(fd, 1 << 20, &bytes) == 0;
    free(path);
    if (fd >= 0) {
        close(fd);
    }
    return good ? bytes.at : NULL;
}

static char *read_proc_link(pid_t pid, const char *name)
{
    char target[PATH_MAX];
    char *path = xprintf("/proc/%d/%s", (int)pid, name);
    ssize_t n = readlink(path, target, sizeof target - 1);
    free(path);
    return n > 0 ? xstrndup(target, (size_t)n) : NULL;
}

/* Notes a process of another user or in another root: it may not be able to write the log. */
static void look_at_user(struct run *run, pid_t pid)
{
    char *status = read_proc(pid, "status");
    const char *uid = status != NULL ? strstr(status, "\nUid:") : NULL;
    const char *gid = status != NULL ? strstr(status, "\nGid:") : NULL;
    unsigned u[2];
    unsigned g[2];
    if (uid != NULL && gid != NULL && sscanf(uid + 5, "%u %u", &u[0], &u[1]) == 2 &&
        sscanf(gid + 5, "%u %u", &g[0], &g[1]) == 2 && u[1] != geteuid()) {
        run->other_user = true;
        run->uid = u[1];
        run->gid = g[1];
    }
    free(status);
    char *root = read_proc_link(pid, "root");
    run->other_root = run->other_root || (root != NULL && strcmp(root, "/") != 0);
    free(root);
}

/* A process, and those that it has started. */
static void inspect_process(struct run *run, pid_t pid, bool child, int depth)
{
    char *exe = read_proc_link(pid, "exe");
    if (exe != NULL && child) {
        free(run->exe);
        run->exe = exe;
        exe = NULL;
    }
    free(exe);
    look_at_user(run, pid);
    char *maps = run->loaded ? NULL : read_proc(pid, "maps");
    run->loaded = run->loaded || (maps != NULL && strstr(maps, run->object) != NULL);
    free(maps);
    char *name = xprintf("task/%d/children", (int)pid);
    char *children = depth < DEPTH_MAX ? read_proc(pid, name) : NULL;
    free(name);
    char *rest = NULL;
    for (char *word = children != NULL ? strtok_r(children, " \n", &rest) : NULL; word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        inspect_process(run, atoi(word), false, depth + 1);
    }
    free(children);
}

/* Whether the process, which has ended and was not reaped, never became the command. */
static bool is_launcher(pid_t pid)
{
    char *name = read_proc(pid, "comm");
    bool is = name != NULL && strcmp(name, "pgseal-run\n") == 0;
    free(name);
    return is;
}

static void wait_for(struct run *run, pid_t child)
{
    long pause_ns = 1000000;
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0) {
        inspect_process(run, child, true, 0);
        watch_drain(&run->watch);
        nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
        pause_ns = pause_ns < 50000000 ? pause_ns * 5 / 4 : pause_ns;
    }
    bool launcher = is_launcher(child);
    waitpid(child, &run->status, 0);
    run->refused = launcher && WIFEXITED(run->status) &&
                   WEXITSTATUS(run->status) >= LAUNCHER_REFUSED &&
                   WEXITSTATUS(run->status) <= LAUNCHER_LAST;
    run->loaded = run->loaded || !launcher; /* that was verified before the command was started */
}

bool run_log_reached(const struct run *run)
{
    if (run->other_root && run->watch.installed) {
        return false;
    }
    if (!run->other_user || geteuid() != 0) {
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        char reason[256];
        bool is_user = setgroups(0, NULL) == 0 && setresgid(run->gid, run->gid, run->gid) == 0 &&
                       setresuid(run->uid, run->uid, run->uid) == 0;
        _exit(is_user && log_writable(&run->watch.policy, false, reason, sizeof reason) ? 0 : 1);
    }
    int status = 0;
    return child < 0 || waitpid(child, &status, 0) != child || status == 0;
}

int run_start(struct run *run, char **argv)
{
    int report[2];
    int output[2] = {-1, -1};
    int error = 0;
    if (pipe2(report, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0) {
        return errno;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become(run, argv, output[1], report[1]);
    }
    close(report[1]);
    close(output[1]);
    run->watch.pipe = output[0];
    if (child < 0) {
        close(report[0]);
        return errno;
    }
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (read(report[0], &error, sizeof error) != sizeof error) {
        error = 0; /* it has become pgseal-run */
    }
    close(report[0]);
    wait_for(run, child);
    watch_drain(&run->watch);
    const char *slash = run->exe != NULL ? strrchr(run->exe, '/') : NULL;
    if (!run->refused && (slash == NULL || strcmp(slash, "/pgseal-run") == 0)) {
        free(run->exe);
        run->exe = xstrdup(argv[0]); /* it ended before it could be inspected */
    }
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    return error;
}
