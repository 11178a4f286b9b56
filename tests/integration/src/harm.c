/* harm.c: what a preloaded object must not disturb, a verb each:
 *
 *   locale-connect CONNINFO  setlocale, and a connection under it
 *   spawn|vfork COMMAND…     the command in a process made so, with its exit status
 *
 *   processes            fork, vfork, posix_spawn, clone, exec, each child's answer
 *   locale               setlocale, strtod, strcoll, iconv
 *   closed FILE          closes all descriptors, opens FILE as the first ones, 2 included, connects
 * nowhere connect-closed FILE CONNINFO   the same, and connects: FILE must hold the program's own
 * bytes only fork-connect CONNINFO          connects in the parent, in a child of fork, and in the
 * parent again thread BYTES CONNINFO          connects in a thread with a stack of that size; says
 * how much of it was touched
 *   cancel-aside CONNINFO    PQcancel in a signal handler on an alternate stack of some 8 KiB */
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int wait_for(pid_t pid)
{
    int status = -1;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int in_clone(void *data)
{
    return *(int *)data + 1;
}

static void processes(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(3);
    }
    printf("fork %d\n", wait_for(pid));
    fflush(stdout);
    pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork): programs do, and it must go
                   // on working
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)NULL);
        _exit(99);
    }
    printf("vfork %d\n", wait_for(pid));
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 5"}, NULL};
    int error = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
    printf("posix_spawn %d %d\n", error, wait_for(pid));
    static char stack[65536] __attribute__((aligned(16)));
    int start = 6;
    pid = clone(in_clone, stack + sizeof stack, SIGCHLD, &start);
    printf("clone %d\n", wait_for(pid));
    printf("system %d\n", WEXITSTATUS(system("exit 8")));
    FILE *pipe = popen("echo from a pipe", "r");
    char line[100] = "";
    printf("popen %s", fgets(line, sizeof line, pipe) != NULL ? line : "?\n");
    printf("pclose %d\n", pclose(pipe));
}

static void locale(void)
{
    const char *name = setlocale(LC_ALL, "");
    printf("%s %d\n", name != NULL ? name : "(none)", strcoll("a", "B") < 0);
    printf("%s %g\n", setlocale(LC_ALL, "C"), strtod("1.5", NULL));
    errno = 0;
    printf("%s %d\n", setlocale(LC_ALL, "nosuch_LOCALE") != NULL ? "?" : "no such locale", errno);
}

static const char *try(const char *conninfo);

static void locale_connect(const char *conninfo)
{
    const char *name = setlocale(LC_ALL, "");
    printf("%s %.1f ", name != NULL ? name : "(none)", 1.5);
    printf("%s\n", try(conninfo));
}

static int start(bool by_vfork, char **command)
{
    pid_t pid;
    if (!by_vfork) {
        return posix_spawnp(&pid, command[0], NULL, NULL, command, environ) ? 99 : wait_for(pid);
    }
    pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork): as above
    if (pid == 0) {
        execvp(command[0], command);
        _exit(99);
    }
    return wait_for(pid);
}

/* Closes everything and opens file as descriptors 0 to 9. */
static void close_all(const char *file)
{
    for (int fd = 0; fd < 1024; fd++) {
        close(fd);
    }
    for (int fd = 0; fd < 10; fd++) {
        if (open(file, O_WRONLY | O_CREAT | O_APPEND, 0600) != fd) {
            _exit(3);
        }
    }
}

static int close_and_connect(const char *file, const char *conninfo)
{
    close_all(file);
    dprintf(5, "first\n");
    if (conninfo != NULL) {
        PGconn *conn = PQconnectdb(conninfo);
        dprintf(6, "%s\n", PQstatus(conn) == CONNECTION_OK ? "connected" : PQerrorMessage(conn));
        PQfinish(conn);
    }
    dprintf(2, "last\n");
    return 0;
}

static const char *try(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    const char *result = PQstatus(conn) == CONNECTION_OK ? "ok" : "bad";
    PQfinish(conn);
    return result;
}

static void fork_connect(const char *conninfo)
{
    printf("parent %s\n", try(conninfo));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        printf("child %s\n", try(conninfo));
        fflush(stdout);
        _exit(0);
    }
    wait_for(pid);
    printf("parent again %s\n", try(conninfo));
}

static void *thread(void *data)
{
    return (void *)(size_t)try(data);
}

static int in_thread(size_t size, char *conninfo)
{
    pthread_attr_t attr;
    pthread_t id;
    void *result;
    unsigned char *stack =
        mmap(NULL, size + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED) {
        return 2;
    }
    mprotect(stack, 65536, PROT_NONE);
    stack += 65536;
    memset(stack, 0xA5, size);
    pthread_attr_init(&attr);
    if (pthread_attr_setstack(&attr, stack, size) != 0 ||
        pthread_create(&id, &attr, thread, conninfo) != 0) {
        return 3;
    }
    pthread_join(id, &result);
    size_t untouched = 0;
    while (untouched < size && stack[untouched] == 0xA5) {
        untouched++;
    }
    printf("%s %zu\n", (const char *)result, size - untouched);
    return 0;
}

static PGcancel *cancel;
static volatile sig_atomic_t cancelled;

static void on_signal(int signal)
{
    char message[256];
    (void)signal;
    cancelled = PQcancel(cancel, message, sizeof message);
}

/* What the kernel itself saves there differs between processors; 5 KiB are left to the handler. */
static int cancel_aside(const char *conninfo)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t size = (size_t)sysconf(_SC_MINSIGSTKSZ) + 5120;
    size_t whole = (size + (size_t)page - 1) / (size_t)page * (size_t)page;
    char *stack =
        mmap(NULL, whole + 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PGconn *conn = PQconnectdb(conninfo);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    if (stack == MAP_FAILED || PQstatus(conn) != CONNECTION_OK) {
        return 2;
    }
    mprotect(stack, 65536, PROT_NONE);
    stack_t aside = {.ss_sp = stack + 65536 + whole - size, .ss_size = size};
    cancel = PQgetCancel(conn);
    if (sigaltstack(&aside, NULL) != 0 || sigaction(SIGUSR1, &action, NULL) != 0) {
        return 3;
    }
    raise(SIGUSR1);
    printf("%s\n", cancelled == 1 ? "sent" : "unsent");
    PQfreeCancel(cancel);
    PQfinish(conn);
    return 0;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(verb, "processes") == 0) {
        processes();
    } else if (strcmp(verb, "locale") == 0) {
        locale();
    } else if (strcmp(verb, "locale-connect") == 0 && argc > 2) {
        locale_connect(argv[2]);
    } else if ((strcmp(verb, "spawn") == 0 || strcmp(verb, "vfork") == 0) && argc > 2) {
        return start(verb[0] == 'v', argv + 2);
    } else if (strcmp(verb, "closed") == 0 && argc > 2) {
        return close_and_connect(argv[2], NULL);
    } else if (strcmp(verb, "connect-closed") == 0 && argc > 3) {
        return close_and_connect(argv[2], argv[3]);
    } else if (strcmp(verb, "cancel-aside") == 0 && argc > 2) {
        return cancel_aside(argv[2]);
    } else if (strcmp(verb, "fork-connect") == 0 && argc > 2) {
        fork_connect(argv[2]);
    } else if (strcmp(verb, "thread") == 0 && argc > 3) {
        return in_thread(strtoul(argv[2], NULL, 10), argv[3]);
    } else {
        return 2;
    }
    return 0;
}
