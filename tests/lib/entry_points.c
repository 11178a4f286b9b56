/* entry_points: connects through any entry point of libpq, and prints what came of it as JSON, one
 * line a connection.
 *
 *   entry_points NAME ENTRY [OPTION…] -- [ARGUMENT…]    one row
 *   entry_points -                                      rows from standard input, one a line, the
 *                                                       words separated by tabs
 *
 * ENTRY and its arguments:
 *   connectdb start ping                     one connection string
 *   params startparams pingparams            key=value ("key" alone: NULL), expand_dbname = 1
 *   params0 startparams0 pingparams0         the same with expand_dbname = 0; without an argument
 *                                            the values are NULL
 *   setdblogin                               host= port= options= tty= dbname= user= password=
 *
 * OPTION:
 *   env:NAME=VALUE      set for this row (rows of one process share what was loaded before)
 *   unset:NAME          the contrary
 *   query=SQL           instead of select ssl_is_used()
 *   reset=sync|start    PQreset, or PQresetStart and PQresetPoll; the outcome is a second line
 *   between=COMMAND     run by sh between the connection and the reset
 *   threads=N times=M   N threads, M connections each
 *   fork                connects in a child
 *   cancel              a second line: PQgetCancel and PQcancel, sent or unsent
 *   first=WHAT          before all else: close:FD, reopen:FD:PATH, chroot:DIR, uid:N,
 *                       unshare:mount|net|user, clobber, setenv:NAME=VALUE (setenv and clobber are
 *                       for settings that were read at load) */
#include "entry_points_report.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_MS = 10000 };

extern char **environ;

static void drive(PGconn *conn, PostgresPollingStatusType (*step)(PGconn *))
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (PQstatus(conn) != CONNECTION_BAD) {
        struct pollfd fd = {.fd = PQsocket(conn),
                            .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (poll(&fd, 1, POLL_MS) != 1) {
            break;
        }
        state = step(conn);
        if (state == PGRES_POLLING_OK || state == PGRES_POLLING_FAILED) {
            break;
        }
    }
}

static const char *login_value(const struct row *row, const char *key)
{
    size_t n = strlen(key);
    for (int i = 0; i < row->nargs; i++) {
        if (strncmp(row->args[i], key, n) == 0 && row->args[i][n] == '=') {
            return row->args[i] + n + 1;
        }
    }
    return NULL;
}

/* Connects through the row's entry point; NULL for pings, which have reported by then. */
static PGconn *connect_row(const struct row *row)
{
    const char *entry = row->entry;
    const char *text = row->nargs ? row->args[0] : "";
    char *copies[WORDS];
    const char *keys[WORDS + 1];
    const char *values[WORDS + 1];
    PGconn *conn = NULL;
    bool started = strncmp(entry, "start", 5) == 0;

    for (int i = 0; i < row->nargs; i++) {
        copies[i] = strdup(row->args[i]);
        char *equals = strchr(copies[i], '=');
        if (equals != NULL) {
            *equals = '\0';
        }
        keys[i] = copies[i];
        values[i] = equals != NULL ? equals + 1 : NULL;
    }
    keys[row->nargs] = values[row->nargs] = NULL;
    int expand = entry[strlen(entry) - 1] != '0';
    const char *const *given = row->nargs > 0 || expand ? values : NULL;
    if (strcmp(entry, "connectdb") == 0) {
        conn = PQconnectdb(text);
    } else if (strcmp(entry, "start") == 0) {
        conn = PQconnectStart(text);
    } else if (strcmp(entry, "ping") == 0) {
        report_ping(row, PQping(text));
    } else if (strcmp(entry, "params") == 0 || strcmp(entry, "params0") == 0) {
        conn = PQconnectdbParams(keys, given, expand);
    } else if (strcmp(entry, "startparams") == 0 || strcmp(entry, "startparams0") == 0) {
        conn = PQconnectStartParams(keys, given, expand);
    } else if (strcmp(entry, "pingparams") == 0 || strcmp(entry, "pingparams0") == 0) {
        report_ping(row, PQpingParams(keys, given, expand));
    } else if (strcmp(entry, "setdblogin") == 0) {
        conn = PQsetdbLogin(login_value(row, "host"), login_value(row, "port"),
                            login_value(row, "options"), login_value(row, "tty"),
                            login_value(row, "dbname"), login_value(row, "user"),
                            login_value(row, "password"));
    } else {
        die("no such entry point", entry);
    }
    if (started && conn != NULL) {
        drive(conn, PQconnectPoll);
    }
    for (int i = 0; i < row->nargs; i++) {
        free(copies[i]);
    }
    if (conn == NULL && strncmp(entry, "ping", 4) != 0) {
        die("libpq returned NULL", entry);
    }
    return conn;
}

/* A second line: what came of a cancel request. */
static void cancel(const struct row *row, PGconn *conn)
{
    char message[256] = "";
    PGcancel *request = PQgetCancel(conn);
    int sent = request != NULL && PQcancel(request, message, sizeof message);
    PQfreeCancel(request);
    printf("{\"row\":\"%s\",\"status\":\"%s\"", row->name, sent ? "sent" : "unsent");
    json_field(stdout, "error", message);
    fputs("}\n", stdout);
    fflush(stdout);
}

static void visit(const struct row *row)
{
    PGconn *conn = connect_row(row);
    if (conn == NULL) {
        return;
    }
    report(row, conn, "connect");
    if (row->cancel && PQstatus(conn) == CONNECTION_OK) {
        cancel(row, conn);
    }
    if (row->reset != NULL) {
        if (row->between != NULL && system(row->between) != 0) {
            die("command failed", row->between);
        }
        if (strcmp(row->reset, "sync") == 0) {
            PQreset(conn);
        } else if (PQresetStart(conn)) {
            drive(conn, PQresetPoll);
        }
        report(row, conn, "reset");
    }
    PQfinish(conn);
}

static void *visit_often(void *arg)
{
    const struct row *row = arg;
    for (int i = 0; i < row->times; i++) {
        visit(row);
    }
    return NULL;
}

static void crowd(struct row *row)
{
    pthread_t threads[64];
    if (row->threads > 64) {
        die("too many threads", row->name);
    }
    for (int i = 0; i < row->threads; i++) {
        if (pthread_create(&threads[i], NULL, visit_often, row) != 0) {
            die("pthread_create", strerror(errno));
        }
    }
    for (int i = 0; i < row->threads; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void prelude(char *what)
{
    char *rest = strchr(what, ':');
    if (rest != NULL) {
        *rest++ = '\0';
    }
    if (strcmp(what, "clobber") == 0) {
        for (char **e = environ; *e != NULL; e++) {
            if (strncmp(*e, "PGSEAL_", 7) == 0) {
                memset(*e, 'x', strlen(*e));
            }
        }
        return;
    }
    if (rest == NULL) {
        die("first= wants more", what);
    }
    char *more = strchr(rest, strcmp(what, "setenv") == 0 ? '=' : ':');
    int result = 0;
    if (strcmp(what, "close") == 0) {
        result = close(atoi(rest));
    } else if (strcmp(what, "unshare") == 0) {
        result = unshare(strcmp(rest, "mount") == 0 ? CLONE_NEWNS
                         : strcmp(rest, "net") == 0 ? CLONE_NEWNET
                                                    : CLONE_NEWUSER);
    } else if (strcmp(what, "chroot") == 0) {
        result = chroot(rest) || chdir("/");
    } else if (strcmp(what, "uid") == 0) {
        result = setgid((gid_t)atoi(rest)) || setuid((uid_t)atoi(rest));
    } else if (strcmp(what, "setenv") == 0 && more != NULL) {
        *more = '\0';
        result = setenv(rest, more + 1, 1);
    } else if (strcmp(what, "reopen") == 0 && more != NULL) {
        *more = '\0';
        int fd = open(more + 1, O_RDWR | O_CREAT | O_APPEND, 0600);
        result = fd < 0 || dup2(fd, atoi(rest)) < 0;
        close(fd);
    } else {
        die("unknown first=", what);
    }
    if (result != 0) {
        die(what, strerror(errno));
    }
}

static void set_env(char *assignment, char *saved[], int *nsaved)
{
    char *equals = strchr(assignment, '=');
    if (equals != NULL) {
        *equals = '\0';
    }
    const char *old = getenv(assignment);
    saved[(*nsaved)++] = strdup(assignment);
    saved[(*nsaved)++] = old != NULL ? strdup(old) : NULL;
    if (equals != NULL) {
        setenv(assignment, equals + 1, 1);
    } else {
        unsetenv(assignment);
    }
}

static void handle(char *words[], int n)
{
    struct row row = {.name = words[0], .entry = n > 1 ? words[1] : "", .threads = 0, .times = 1};
    char *saved[2 * WORDS];
    int nsaved = 0;
    int i;
    for (i = 2; i < n && strcmp(words[i], "--") != 0; i++) {
        char *w = words[i];
        if (strncmp(w, "env:", 4) == 0) {
            set_env(w + 4, saved, &nsaved);
        } else if (strncmp(w, "unset:", 6) == 0) {
            set_env(w + 6, saved, &nsaved);
        } else if (strncmp(w, "query=", 6) == 0) {
            row.query = w + 6;
        } else if (strncmp(w, "between=", 8) == 0) {
            row.between = w + 8;
        } else if (strncmp(w, "reset=", 6) == 0) {
            row.reset = w + 6;
        } else if (strncmp(w, "threads=", 8) == 0) {
            row.threads = atoi(w + 8);
        } else if (strncmp(w, "times=", 6) == 0) {
            row.times = atoi(w + 6);
        } else if (strcmp(w, "fork") == 0) {
            row.fork = true;
        } else if (strcmp(w, "cancel") == 0) {
            row.cancel = true;
        } else if (strncmp(w, "first=", 6) == 0) {
            prelude(w + 6);
        } else {
            die("unknown option", w);
        }
    }
    for (i++; i < n; i++) {
        row.args[row.nargs++] = words[i];
    }
    pid_t child = row.fork ? fork() : 0;
    if (child == 0) {
        if (row.threads) {
            crowd(&row);
        } else {
            visit_often(&row);
        }
        if (row.fork) {
            _exit(0);
        }
    } else {
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0) {
            die("the child died", row.name);
        }
    }
    for (i = nsaved - 2; i >= 0; i -= 2) { /* the last first: a name may come twice */
        if (saved[i + 1] != NULL) {
            setenv(saved[i], saved[i + 1], 1);
        } else {
            unsetenv(saved[i]);
        }
        free(saved[i]);
        free(saved[i + 1]);
    }
}

int main(int argc, char *argv[])
{
    if (argc == 2 && strcmp(argv[1], "-") == 0) {
        char *line = NULL;
        size_t size = 0;
        while (getline(&line, &size, stdin) > 0) {
            char *words[WORDS];
            char *rest = line;
            int n = 0;
            line[strcspn(line, "\n")] = '\0';
            while (n < WORDS && (words[n] = strsep(&rest, "\t")) != NULL) {
                n++;
            }
            if (n >= 2) {
                handle(words, n);
            }
        }
        free(line);
        return 0;
    }
    if (argc < 3 || argc > WORDS) {
        die("usage", "entry_points NAME ENTRY [OPTION...] -- [ARGUMENT...] | entry_points -");
    }
    handle(argv + 1, argc - 1);
    return 0;
}
