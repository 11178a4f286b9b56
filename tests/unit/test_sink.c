/* test_sink: files, what /dev/stdout and /proc name, syslog, none. */
#include "sink_assert.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

/* ---- files ---- */

static void one_line(void)
{
    umask(0);
    emit_file(in_dir("log"), "r");
}

static void file_gets_the_line(void **state)
{
    char *s;
    char expected[512];
    char exe[256] = "";
    char stamp[32];
    struct utsname names;
    struct stat st;
    time_t now = time(NULL);
    const char *at;

    (void)state;
    run_unharmed(one_line);
    assert_sent("y");
    s = content("log");
    assert_int_equal(stat(in_dir("log"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(uname(&names), 0);
    assert_true(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
    at = strstr(s, "\"node\"");
    assert_non_null(at);
    snprintf(expected, sizeof expected,
             "\"node\":\"%s\",\"event\":\"refuse\",\"pid\":", names.nodename);
    assert_memory_equal(at, expected, strlen(expected));
    snprintf(expected, sizeof expected, ",\"uid\":%u,\"exe\":\"%s\",\"reason\":\"r\"}\n",
             (unsigned)getuid(), exe);
    assert_string_equal(strstr(s, ",\"uid\""), expected);
    strftime(stamp, sizeof stamp, "\"time\":\"%Y-%m-%dT%H:", gmtime(&now));
    assert_non_null(strstr(s, stamp));
    free(s);
}

static void *many_lines(void *arg)
{
    const struct policy p = {.log = LOG_TO_FILE, .log_path = in_dir("log")};
    char filler[1500];

    memset(filler, 'f', sizeof filler);
    for (int i = 0; i < 200; i++) {
        char reason[1600];
        struct event e = {.event = "refuse", .reason = reason};

        snprintf(reason, sizeof reason, "%.*s t%d i%d", i * 7 % 1500, filler, (int)(intptr_t)arg,
                 i);
        if (!sink_event(&p, &e)) {
            _exit(1);
        }
    }
    return NULL;
}

static void threads_and_processes(void)
{
    int status;

    for (int i = 0; i < 3; i++) {
        if (fork() == 0) {
            pthread_t threads[8];

            for (intptr_t t = 0; t < 8; t++) {
                need(pthread_create(&threads[t], NULL, many_lines, (void *)t) == 0,
                     "pthread_create");
            }
            for (int t = 0; t < 8; t++) {
                pthread_join(threads[t], NULL);
            }
            _exit(0);
        }
    }
    for (int i = 0; i < 3; i++) {
        need(wait(&status) > 0 && status == 0, "a writer");
    }
}

static void lines_stay_whole(void **state)
{
    char *s;
    size_t lines = 0;
    int seen_of[8] = {0};

    (void)state;
    run_unharmed(threads_and_processes);
    s = content("log");
    for (char *at = s, *end; (end = strchr(at, '\n')) != NULL; at = end + 1, lines++) {
        char *tail = end - 2;
        int t = -1;
        int i = -1;

        assert_memory_equal(at, "{\"schema\":\"pgseal/1\",", 21);
        assert_memory_equal(tail, "\"}", 2);
        while (*tail != 't') {
            tail--;
        }
        assert_int_equal(sscanf(tail, "t%d i%d", &t, &i), 2);
        assert_in_range(t, 0, 7);
        seen_of[t]++;
    }
    assert_int_equal(lines, 3 * 8 * 200);
    for (int t = 0; t < 8; t++) {
        assert_int_equal(seen_of[t], 600);
    }
    free(s);
}

static void refused_files(void)
{
    int real = open_file("real", 0);
    int fifo;

    use_stderr(open_file("err", O_APPEND));
    need(symlink(in_dir("real"), in_dir("link")) == 0, "symlink");
    emit_file(in_dir("link"), "symlink");
    need(link(in_dir("real"), in_dir("hard")) == 0, "link");
    emit_file(in_dir("real"), "hard link");
    unlink(in_dir("hard"));
    need(fchown(real, 4242, 0) == 0, "fchown");
    emit_file(in_dir("real"), "owner");
    need(mkfifo(in_dir("fifo"), 0600) == 0, "mkfifo");
    emit_file(in_dir("fifo"), "fifo without reader");
    fifo = open(in_dir("fifo"), O_RDONLY | O_NONBLOCK);
    emit_file(in_dir("fifo"), "fifo with reader");
    assert_content(content_of(fifo), "");
    need(mkdir(in_dir("dir"), 0700) == 0, "mkdir");
    emit_file(in_dir("dir"), "directory");
    emit_file(in_dir("none/log"), "no directory");
}

static void refused_files_go_to_stderr(void **state)
{
    static const char *const reasons[] = {
        "symlink",          "hard link", "owner",       "fifo without reader",
        "fifo with reader", "directory", "no directory"};
    char log[160];
    char *s;
    const char *at;

    (void)state;
    run_unharmed(refused_files);
    assert_sent("yyyyyyy");
    assert_content(content("real"), "");
    s = content("err");
    snprintf(log, sizeof log, "file:%s", in_dir("link"));
    at = assert_why(s, log, "a symbolic link");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        at = assert_line(at, reasons[i], 0);
    }
    assert_string_equal(at, "");
    free(s);
}

static void file_limit(void)
{
    struct rlimit limit = {100, RLIM_INFINITY};

    use_stderr(spare[1]);
    signal(SIGXFSZ, SIG_DFL);
    setrlimit(RLIMIT_FSIZE, &limit);
    emit_file(in_dir("log"), "cut");  /* 100 bytes of it */
    emit_file(in_dir("log"), "none"); /* EFBIG and SIGXFSZ */
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    emit_file(in_dir("log"), "whole");
    emit_file(in_dir("log"), "next");
}

static void file_size_limit_neither_kills_nor_glues(void **state)
{
    char *s;
    char *err;
    const char *at;

    (void)state;
    assert_int_equal(pipe(spare), 0);
    run_unharmed(file_limit);
    assert_sent("yyyy");
    s = content("log");
    assert_ptr_equal(strchr(s, '\n'), s + 100);
    at = assert_line(s + 101, "whole", 0);
    assert_string_equal(assert_line(at, "next", 0), "");
    free(s);
    err = content_of(spare[0]);
    at = strchr(err, '\n');
    assert_non_null(at);
    assert_non_null(strstr(err, ": the line could not be written; "));
    assert_string_equal(assert_line(assert_line(at + 1, "cut", 0), "none", 0), "");
    free(err);
    close(spare[0]);
    close(spare[1]);
}

/* ---- what /dev/stdout and /proc name; syslog; none ---- */

static void named_descriptors(void)
{
    char path[64];

    need(dup2(spare[1], STDOUT_FILENO) == STDOUT_FILENO && dup2(spare[1], 9) == 9, "dup2");
    close(STDERR_FILENO);
    sink_remember_stderr();
    sink_remember_descriptor(9);
    emit_file("/dev/stdout", "1");
    emit_file("/proc/self/fd/9", "2");
    emit_file("/proc/thread-self/fd/9", "3");
    snprintf(path, sizeof path, "/proc/%d/fd/9", (int)getpid());
    emit_file(path, "4");
    close(spare[1]); /* it is open in the parent only */
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), spare[1]);
    emit_file(path, "5");
    fill(9);
    emit_file(path, "full");
    free(content_of(spare[0]));
    emit_file("/proc/self/fd/9x", "no such form");
    emit_file("/proc/self/fd/33", "closed");
    need(open(in_dir("data"), O_RDWR | O_CREAT, 0600) == STDERR_FILENO, "fd 2");
    need(dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO, "dup2");
    emit_file("/dev/stdout", "reused");
    need(dup2(STDERR_FILENO, 9) == 9, "dup2");
    emit_file("/proc/self/fd/9", "not what it was");
    need(dup2(STDERR_FILENO, 10) == 10, "dup2");
    emit_file("/proc/self/fd/10", "not remembered");
}

static void descriptors_by_name(void **state)
{
    (void)state;
    assert_int_equal(pipe(spare), 0);
    unlink(in_dir("data"));
    run_unharmed(named_descriptors);
    assert_sent("yyyyynnnnnn");
    assert_content(content_of(spare[0]), "");
    assert_content(content("data"), "");
    close(spare[0]);
    close(spare[1]);
}

static void to_syslog(void)
{
    int fd = listen_syslog();
    char got[EVENT_LINE_MAX + 64];
    char expected[64];
    char *end;
    ssize_t n;

    use_stderr(spare[1]);
    emit_to(LOG_TO_SYSLOG, NULL, "first");
    n = recv(fd, got, sizeof got - 1, 0);
    need(n > 0, "a datagram");
    got[n] = '\0';
    snprintf(expected, sizeof expected, "<84>pgseal[%d]: {\"schema\":\"pgseal/1\",", (int)getpid());
    need(strncmp(got, expected, strlen(expected)) == 0, "prefix");
    end = strstr(got, ",\"reason\":\"first\"}");
    need(end != NULL && strlen(end) == 18, "end without a newline");
    close(STDERR_FILENO);
    emit("from stderr");
    n = recv(fd, got, sizeof got - 1, 0);
    need(n > 0, "a datagram for stderr");
    emit_file(in_dir("none/log"), "from a file");
    n = recv(fd, got, sizeof got - 1, 0);
    need(n > 0, "a datagram for a file");
    need(dup2(spare[1], STDERR_FILENO) == STDERR_FILENO, "dup2");
    for (int i = 0; i < 2000; i++) {
        struct policy p = {.log = LOG_TO_SYSLOG};
        struct event e = {.reason = "flood"};

        need(sink_event(&p, &e), "flood");
        if (i > 1900) {
            free(content_of(spare[0]));
        }
    }
    unlink("/dev/log");
    emit_to(LOG_TO_SYSLOG, NULL, "last");
}

static void syslog_gets_a_datagram(void **state)
{
    (void)state;
    assert_int_equal(pipe(spare), 0);
    assert_int_equal(fcntl(spare[1], F_SETPIPE_SZ, 1 << 20) > 0, 1);
    run_unharmed(to_syslog);
    assert_sent("yyyy");
    assert_only_line(content_of(spare[0]), "last", 0);
    close(spare[0]);
    close(spare[1]);
}

static void to_none(void)
{
    use_stderr(spare[1]);
    emit_to(LOG_TO_NONE, in_dir("log"), "none");
}

static void none_writes_nothing(void **state)
{
    (void)state;
    assert_int_equal(pipe(spare), 0);
    unlink(in_dir("log"));
    run_unharmed(to_none);
    assert_sent("y");
    assert_content(content_of(spare[0]), "");
    assert_int_equal(access(in_dir("log"), F_OK), 0 - 1);
    close(spare[0]);
    close(spare[1]);
}

static void levels(void **state)
{
    static const char *const always[] = {"downgrade", "refuse",    "exempt",
                                         "failed",    "violation", "plaintext_cancel"};
    static const char *const all_only[] = {"socket", "witness", "process"};
    const struct policy few = {.log_all = false};
    const struct policy all = {.log_all = true};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        assert_true(log_wanted(&few, always[i], false) && log_wanted(&few, always[i], true) &&
                    log_wanted(&all, always[i], false));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_false(log_wanted(&few, all_only[i], false) || log_wanted(&few, all_only[i], true));
        assert_true(log_wanted(&all, all_only[i], false));
    }
    assert_false(log_wanted(&few, "seal", false));
    assert_true(log_wanted(&few, "seal", true));
    assert_true(log_wanted(&all, "seal", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_setup, env_teardown)
        T(file_gets_the_line),         T(lines_stay_whole),
        T(refused_files_go_to_stderr), T(file_size_limit_neither_kills_nor_glues),
        T(descriptors_by_name),        T(syslog_gets_a_datagram),
        T(none_writes_nothing),        T(levels),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sink", tests, NULL, NULL);
}
