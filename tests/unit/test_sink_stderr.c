/* test_sink_stderr: standard error as real files, pipes, sockets and terminals, in the states in
 * which programs leave it. */
#include "sink_assert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <time.h>

static void full_device(void)
{
    use_stderr(spare[1]);
    emit("one");
    emit("two");
    emit_file(in_dir("log"), "three");
    emit_file(in_dir("log"), "four");
}

static void lost_lines_are_counted_once(void **state)
{
    char *s;

    (void)state;
    spare[1] = open("/dev/full", O_WRONLY);
    run_unharmed(full_device);
    assert_sent("nnyy");
    s = content("log");
    assert_string_equal(assert_line(assert_line(s, "three", 2), "four", 0), "");
    free(s);
    close(spare[1]);
}

static void full_pipe(void)
{
    use_stderr(spare[1]);
    fill(STDERR_FILENO);
    emit("lost");
    free(content_of(spare[0]));
    emit("found");
}

static void without_proc(void)
{
    need(mount("none", "/proc", "tmpfs", 0, NULL) == 0, "mount /proc");
    full_pipe();
}

/* A /proc that leads elsewhere. */
static void false_proc(void)
{
    char path[32];

    need(mount("none", "/proc", "tmpfs", 0, NULL) == 0, "mount /proc");
    need(mkdir("/proc/self", 0755) == 0 && mkdir("/proc/self/fd", 0755) == 0, "mkdir");
    for (int fd = 3; fd < 20; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        need(mknod(path, S_IFREG | 0600, 0) == 0, "mknod");
    }
    full_pipe();
}

static void foreign_pipe(void)
{
    need(setgid(65534) == 0 && setuid(65534) == 0, "setuid");
    need(dup2(spare[1], 9) == 9 && open("/proc/self/fd/9", O_WRONLY) < 0, "a pipe of root's");
    full_pipe();
}

static void full_pipe_does_not_block(void **state)
{
    void (*const bodies[])(void) = {full_pipe, without_proc, false_proc, foreign_pipe};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(pipe(spare), 0);
        run_unharmed(bodies[i]);
        assert_sent("ny");
        assert_only_line(content_of(spare[0]), "found", 1);
        close(spare[0]);
        close(spare[1]);
    }
}

static void no_reader(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_DFL);
    use_stderr(spare[1]);
    emit("default");
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    emit("blocked");
    need(seen->pending == 0, "nothing pending");
    raise(SIGPIPE);
    emit("pending");
    need(seen->pending == 1, "what was pending stays");
    seen->pending = 0;
    signal(SIGPIPE, SIG_IGN);
    emit("ignored");
}

static void no_reader_without_proc(void)
{
    need(mount("none", "/proc", "tmpfs", 0, NULL) == 0, "mount /proc");
    no_reader();
}

static void dead_pipe_raises_no_signal(void **state)
{
    (void)state;
    assert_int_equal(pipe(spare), 0);
    close(spare[0]);
    run_unharmed(no_reader);
    assert_sent("nnnn");
    run_unharmed(no_reader_without_proc);
    assert_sent("nnnn");
    close(spare[1]);
}

static void closed_then_reused(void)
{
    close(STDERR_FILENO);
    sink_remember_stderr();
    emit("closed");
    need(open(in_dir("data"), O_RDWR | O_CREAT, 0600) == STDERR_FILENO, "fd 2");
    emit("reused");
    emit_file("/dev/stderr", "reused");
    emit_file("/proc/self/fd/2", "reused");
}

static void pipe_then_reused(void)
{
    use_stderr(spare[1]);
    close(STDERR_FILENO);
    need(open(in_dir("data"), O_RDWR | O_CREAT, 0600) == STDERR_FILENO, "fd 2");
    emit("reused");
}

static void reused_stderr_is_not_written(void **state)
{
    (void)state;
    run_unharmed(closed_then_reused);
    assert_sent("nnnn");
    assert_content(content("data"), "");
    assert_int_equal(pipe(spare), 0);
    run_unharmed(pipe_then_reused);
    assert_sent("n");
    assert_content(content("data"), "");
    assert_content(content_of(spare[0]), "");
    close(spare[0]);
    close(spare[1]);
}

static void offset_and_append(void)
{
    use_stderr(open_file("err", 0));
    need(write(STDERR_FILENO, "before\n", 7) == 7, "write");
    emit("line");
    need(write(STDERR_FILENO, "after\n", 6) == 6, "write");
    need(lseek(STDERR_FILENO, 0, SEEK_CUR) == lseek(STDERR_FILENO, 0, SEEK_END), "offset");
}

static void regular_stderr_is_not_overwritten(void **state)
{
    char *s;

    (void)state;
    unlink(in_dir("err"));
    run_unharmed(offset_and_append);
    assert_sent("y");
    s = content("err");
    assert_memory_equal(s, "before\n", 7);
    assert_string_equal(assert_line(s + 7, "line", 0), "after\n");
    free(s);
}

static void inet_socket(void)
{
    use_stderr(spare[1]);
    emit("stderr");
    emit_file("/dev/stderr", "own");
    need(dup2(spare[1], 9) == 9, "dup2");
    sink_remember_descriptor(9);
    emit_file("/proc/self/fd/9", "own");
}

static void inet_socket_gets_nothing(void **state)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&name, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &size), 0);
    spare[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(spare[1], (struct sockaddr *)&name, size), 0);
    spare[0] = accept(listener, NULL, NULL);
    run_unharmed(inet_socket);
    assert_sent("nnn");
    assert_content(content_of(spare[0]), "");
    close(spare[0]);
    close(spare[1]);
    close(listener);
}

static void unix_socket(void)
{
    use_stderr(spare[1]);
    emit("stderr");
    need(dup2(spare[1], 9) == 9, "dup2");
    sink_remember_descriptor(9);
    emit_file("/proc/self/fd/9", "own");
    fill(STDERR_FILENO);
    emit("full");
    close(spare[0]);
}

static void unix_socket_is_sent_to(void **state)
{
    char *s;
    const char *at;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, spare), 0);
    run_unharmed(unix_socket);
    assert_sent("yyn");
    s = content_of(spare[0]);
    at = assert_line(assert_line(s, "stderr", 0), "own", 0);
    assert_string_equal(at, ""); /* the filling is NULs */
    free(s);
    close(spare[0]);
    close(spare[1]);
}

static void read_only(void)
{
    use_stderr(spare[0]);
    emit("into the reading end");
}

static void read_only_stderr_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(pipe(spare), 0);
    run_unharmed(read_only);
    assert_sent("n");
    assert_content(content_of(spare[0]), "");
    close(spare[0]);
    close(spare[1]);
}

static void no_descriptor_left(void)
{
    struct rlimit limit = {3, 3};

    use_stderr(spare[1]);
    setrlimit(RLIMIT_NOFILE, &limit);
    emit_file(in_dir("log"), "line");
}

static void without_descriptors_stderr_still_works(void **state)
{
    char log[160];
    char *s;

    (void)state;
    assert_int_equal(pipe(spare), 0);
    unlink(in_dir("log"));
    run_unharmed(no_descriptor_left);
    assert_sent("y");
    s = content_of(spare[0]);
    snprintf(log, sizeof log, "file:%s", in_dir("log"));
    assert_string_equal(assert_line(assert_why(s, log, "too many open files"), "line", 0), "");
    free(s);
    assert_int_equal(access(in_dir("log"), F_OK), 0 - 1);
    close(spare[0]);
    close(spare[1]);
}

/* ---- terminals ---- */

static void stopped_terminal(void)
{
    use_stderr(spare[1]);
    need(tcflow(STDERR_FILENO, TCOOFF) == 0, "tcflow");
    emit("stopped");
    need(mount("none", "/proc", "tmpfs", 0, NULL) == 0, "mount /proc");
    emit("stopped, no /proc");
    need(tcflow(STDERR_FILENO, TCOON) == 0, "tcflow");
    emit("goes on");
}

static void background(void)
{
    struct termios t;
    int status = -1;
    pid_t pid;

    need(setsid() > 0 && dup2(spare[1], STDERR_FILENO) == STDERR_FILENO, "setsid");
    need(ioctl(STDERR_FILENO, TIOCSCTTY, 0) == 0, "TIOCSCTTY");
    need(tcgetattr(STDERR_FILENO, &t) == 0, "tcgetattr");
    t.c_lflag |= TOSTOP;
    need(tcsetattr(STDERR_FILENO, TCSANOW, &t) == 0, "tcsetattr");
    pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        sink_remember_stderr();
        _exit(emit("background") ? 0 : 1);
    }
    need(waitpid(pid, &status, WUNTRACED) == pid, "waitpid");
    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
    }
    need(WIFEXITED(status) && WEXITSTATUS(status) == 0, "not stopped");
}

static void terminals_neither_block_nor_stop(void **state)
{
    struct termios raw;

    (void)state;
    spare[0] = posix_openpt(O_RDWR | O_NOCTTY);
    assert_int_equal(grantpt(spare[0]), 0);
    assert_int_equal(unlockpt(spare[0]), 0);
    spare[1] = open(ptsname(spare[0]), O_RDWR | O_NOCTTY);
    assert_int_equal(tcgetattr(spare[1], &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(spare[1], TCSANOW, &raw), 0);
    run_unharmed(stopped_terminal);
    assert_sent("nny");
    assert_only_line(content_of(spare[0]), "goes on", 2);
    run_unharmed(background);
    assert_sent("y");
    assert_only_line(content_of(spare[0]), "background", 0);
    close(spare[0]);
    close(spare[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_setup, env_teardown)
        T(lost_lines_are_counted_once),
        T(full_pipe_does_not_block),
        T(dead_pipe_raises_no_signal),
        T(reused_stderr_is_not_written),
        T(regular_stderr_is_not_overwritten),
        T(inet_socket_gets_nothing),
        T(unix_socket_is_sent_to),
        T(read_only_stderr_is_left_alone),
        T(without_descriptors_stderr_still_works),
        T(terminals_neither_block_nor_stop),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sink_stderr", tests, NULL, NULL);
}
