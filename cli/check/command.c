/* command: runs a command under the object, and shows which hooks fired in it, how libpq was
 * reached, and which libpq it was. */
#include "cli/check/check.h"
#include "cli/lib/safe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *text_of(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

static bool is_verdict(json_t *line)
{
    static const char *const events[] = {"refuse", "exempt", "downgrade", "socket", "seal"};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(text_of(line, "event"), events[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool fired(json_t *lines, json_t *of, const char *hook)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);
        json_t *hooks = json_object_get(line, "hooks");
        bool same = json_integer_value(json_object_get(line, "pid")) ==
                    json_integer_value(json_object_get(of, "pid"));
        for (size_t j = 0; same && j < json_array_size(hooks); j++) {
            if (strcmp(json_string_value(json_array_get(hooks, j)), hook) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Whether a line only says why log lines are not in the log. */
static bool is_of_log(json_t *line)
{
    const char *reason = json_string_value(json_object_get(line, "reason"));
    return strcmp(text_of(line, "event"), "process") == 0 && reason != NULL &&
           strncmp(reason, "log = ", 6) == 0;
}

/* Whether a line says that pgseal does not see all calls: a linkage table could not be rewritten,
 * or a namespace could not be read. */
static bool is_unseen(json_t *line)
{
    const char *entry = text_of(line, "entry");
    return strcmp(text_of(line, "event"), "process") == 0 &&
           (strcmp(entry, "linkage") == 0 || strcmp(entry, "dlmopen") == 0);
}

static bool any_fired(json_t *lines)
{
    for (size_t i = 0; i < json_array_size(lines); i++) {
        json_t *line = json_array_get(lines, i);
        if (!is_unseen(line) && !is_of_log(line)) {
            return true;
        }
    }
    return false;
}

/* How the caller reached libpq. */
static const char *client_library_of(const struct run *run, json_t *line)
{
    const char *object = text_of(line, "object");
    const char *slash = strrchr(object, '/');
    const char *name = slash != NULL ? slash + 1 : object;
    bool asked = fired(run->lines, line, "dlsym") || fired(run->lines, line, "dlvsym");
    if (strcmp(object, text_of(line, "exe")) == 0) {
        return asked ? "the program, dlsym" : "linked to the program";
    }
    if (asked && (strstr(name, "ffi") != NULL || strstr(name, "ctypes") != NULL)) {
        return "foreign functions, dlsym";
    }
    if (fired(run->lines, line, "dlopen")) {
        return "module, RTLD_DEEPBIND";
    }
    return strncmp(name, "lib", 3) == 0 ? "library" : "module";
}

static bool is_java(const char *exe)
{
    const char *slash = exe != NULL ? strrchr(exe, '/') : NULL;
    return slash != NULL && strcmp(slash, "/java") == 0;
}

/* pgseal-run did not start it, and says why. */
static void find_refusal(struct run *run)
{
    char *words = watch_launcher(&run->watch);
    run->what = "not-loaded";
    if (words != NULL && strstr(words, "is static") != NULL) {
        run->what = "static";
    }
    run->text = words != NULL ? xprintf("pgseal-run does not start it: %s.", words)
                              : xstrdup("pgseal-run does not start it.");
    free(words);
}

/* Finds the reason if no hook fired. */
static void find_reason(struct run *run)
{
    const char *exe = run->exe != NULL ? run->exe : "the command";
    bool hidden = run->watch.installed &&
                  (strcmp(run->watch.sink, "syslog") == 0 || strcmp(run->watch.sink, "none") == 0 ||
                   !run->watch.policy.log_all);
    if (hidden) {
        run->what = "log-hidden";
        run->text = xprintf(
            "%s is in force, and its log (%s, log_level = %s) does not show whether the hooks "
            "fired. Set log = file:… and log_level = all in it, or check without it.",
            run->watch.settings.name, run->watch.sink,
            run->watch.policy.log_all ? "all" : "downgrade");
    } else if (!run_log_reached(run)) {
        run->what = "log-hidden";
        run->text =
            run->other_root
                ? xstrdup(
                      "A process ran in another root directory (chroot), which does not contain "
                      "the log, so a missing line proves nothing. Try with log = stderr.")
                : xprintf(
                      "A process ran as user %u, which cannot write the log (%s), so a missing "
                      "line proves nothing. Let that user append to it, or try with log = stderr.",
                      (unsigned)run->uid, run->watch.policy.log_path);
    } else if (is_java(run->exe)) {
        run->what = "no-door";
        run->text = xstrdup("Java called no libpq function: JDBC drivers implement the protocol "
                            "themselves, and no preload reaches them. Set sslmode=verify-full and "
                            "sslrootcert in the JDBC URL.");
    } else {
        run->what = "no-door";
        run->text =
            xprintf("The object was loaded, but %s called no libpq function: it made no "
                    "connection, started a program without its environment, has libpq built in, or "
                    "implements the protocol itself; pgseal scan may tell which.",
                    exe);
    }
}

/* Finds out why log lines came by standard error, as the object reports it. */
static void find_log_fault(struct run *run)
{
    for (size_t i = 0; i < json_array_size(run->lines); i++) {
        json_t *line = json_array_get(run->lines, i);
        if (is_of_log(line)) {
            free(run->log_fault);
            run->log_fault = xprintf("%s (user %d).", text_of(line, "reason"),
                                     (int)json_integer_value(json_object_get(line, "uid")));
        }
    }
}

/* The hooks fired, but do not see all calls. */
static void find_unseen(struct run *run)
{
    for (size_t i = 0; i < json_array_size(run->lines) && run->what == NULL; i++) {
        json_t *line = json_array_get(run->lines, i);
        if (is_unseen(line)) {
            run->what = "unseen";
            run->text = xprintf("%s.", text_of(line, "reason"));
        }
    }
}

static void set_status(json_t *root, int status)
{
    if (WIFEXITED(status)) {
        json_object_set_new(root, "exit_status", json_integer(WEXITSTATUS(status)));
    } else if (WIFSIGNALED(status)) {
        json_object_set_new(root, "signal", json_integer(WTERMSIG(status)));
    }
}

static json_t *pick(json_t *line, const char *const *keys)
{
    json_t *picked = json_object();
    for (size_t i = 0; keys[i] != NULL; i++) {
        json_t *value = json_object_get(line, keys[i]);
        if (value != NULL) {
            json_object_set(picked, keys[i], value);
        }
    }
    return picked;
}

static json_t *to_json(const struct run *run)
{
    static const char *const of_process[] = {"pid",   "exe",          "entry",    "settings",
                                             "hooks", "libpq_copies", "preloads", NULL};
    static const char *const of_attempt[] = {"pid",   "exe",           "entry", "object",
                                             "libpq", "libpq_version", "event", "action",
                                             "host",  "reason",        NULL};
    json_t *root = json_object();
    json_t *processes = json_array();
    json_t *attempts = json_array();
    for (size_t i = 0; i < json_array_size(run->lines); i++) {
        json_t *line = json_array_get(run->lines, i);
        if (strcmp(text_of(line, "event"), "process") == 0) {
            json_array_append_new(processes, pick(line, of_process));
        } else if (is_verdict(line)) {
            json_t *attempt = pick(line, of_attempt);
            json_object_set_new(attempt, "way", json_string(client_library_of(run, line)));
            json_array_append_new(attempts, attempt);
        }
    }
    json_object_set_new(root, "schema", json_string("pgseal-check-command/1"));
    json_object_set_new(root, "object", term_json_text(run->object));
    term_json_set(root, "settings", run->watch.policy.name);
    term_json_set(root, "sink", run->watch.sink);
    term_json_set(root, "exe", run->exe);
    json_object_set_new(root, "loaded", json_boolean(run->loaded && !run->refused));
    json_object_set_new(root, "fired",
                        json_boolean(run->what == NULL || strcmp(run->what, "unseen") == 0));
    set_status(root, run->status);
    json_object_set_new(root, "processes", processes);
    json_object_set_new(root, "attempts", attempts);
    term_json_set(root, "log_fault", run->log_fault);
    term_json_set(root, "finding", run->what);
    term_json_set(root, "text", run->text);
    return root;
}

static void field(const struct out *out, const char *label, enum paint paint, char *text)
{
    term_field(out, 0, label, 11, paint, text);
    free(text);
}

static void show_process(const struct out *out, json_t *process)
{
    field(out, "Process", PAINT_BOLD,
          xprintf("%s (%d)", text_of(process, "exe"),
                  (int)json_integer_value(json_object_get(process, "pid"))));
    json_t *copies = json_object_get(process, "libpq_copies");
    for (size_t i = 0; i < json_array_size(copies); i++) {
        json_t *copy = json_array_get(copies, i);
        field(out, "libpq", PAINT_NONE,
              xprintf("%s (%d)", text_of(copy, "path"),
                      (int)json_integer_value(json_object_get(copy, "version"))));
    }
    json_t *hooks = json_object_get(process, "hooks");
    char *list = xstrdup("");
    for (size_t i = 0; i < json_array_size(hooks); i++) {
        char *more =
            xprintf("%s%s%s", list, i > 0 ? ", " : "", json_string_value(json_array_get(hooks, i)));
        free(list);
        list = more;
    }
    field(out, "Hooks", PAINT_NONE, list);
}

static void show(const struct run *run)
{
    struct out out = term_start(stdout);
    json_t *all = to_json(run);
    json_t *processes = json_object_get(all, "processes");
    json_t *attempts = json_object_get(all, "attempts");
    struct table table = {.columns = 5,
                          .head = {"Verdict", "Entry point", "Way in", "Called by", "libpq"}};
    field(&out, "Object", PAINT_NONE, xstrdup(run->object));
    field(&out, "Settings", PAINT_NONE, xstrdup(text_of(all, "settings")));
    if (run->log_fault != NULL) {
        field(&out, "Log", PAINT_YELLOW, xstrdup(run->log_fault));
    }
    for (size_t i = 0; i < json_array_size(processes); i++) {
        show_process(&out, json_array_get(processes, i));
    }
    for (size_t i = 0; i < json_array_size(attempts); i++) {
        json_t *a = json_array_get(attempts, i);
        const char *cells[] = {text_of(a, "action"), text_of(a, "entry"), text_of(a, "way"),
                               text_of(a, "object"), text_of(a, "libpq")};
        table_row(&table, PAINT_NONE, cells);
    }
    if (table.rows > 0) {
        fputc('\n', stdout);
        table_print(&out, &table);
    }
    fputc('\n', stdout);
    if (run->what == NULL) {
        term_field(&out, 0, "", 0, PAINT_GREEN, "The hooks fired.");
    } else {
        term_field(&out, 0, "", 0, PAINT_RED, run->what);
        term_field(&out, 2, "", 2, PAINT_NONE, run->text);
    }
    json_decref(all);
}

int check_command(char **argv, const char *lib, const char *policy, bool json)
{
    struct run run = {.object = run_object(lib)};
    if (run.object == NULL || run.object[strcspn(run.object, ": \t\n")] != '\0') {
        if (run.object == NULL && lib != NULL) {
            complain("--lib %s: %s", lib, strerror(errno));
        } else {
            complain(run.object == NULL
                         ? "libpgseal.so was not found; give its path with --lib"
                         : "LD_PRELOAD cannot contain a path with a colon or a blank");
        }
        free(run.object);
        return STATUS_USAGE;
    }
    char *reason = watch_start(&run.watch, policy);
    if (reason != NULL) {
        complain("%s", reason);
        free(reason);
        free(run.object);
        return STATUS_USAGE;
    }
    int error = run_start(&run, argv);
    if (run.refused && WEXITSTATUS(run.status) == 125) {
        find_refusal(&run);
    }
    char *words = run.refused ? watch_launcher(&run.watch) : NULL;
    run.lines = watch_end(&run.watch);
    bool not_run = error != 0 || (run.refused && run.what == NULL);
    if (not_run) {
        if (error != 0) {
            complain("pgseal-run: %s", strerror(error));
        } else {
            complain("%s", words != NULL ? words : "the command cannot be executed");
        }
    } else {
        find_log_fault(&run);
        if (run.what == NULL && !any_fired(run.lines)) {
            find_reason(&run);
        }
        find_unseen(&run);
        if (json) {
            term_json(to_json(&run));
        } else {
            show(&run);
        }
    }
    free(words);
    policy_free(&run.watch.policy);
    free(run.log_fault);
    int status = not_run ? STATUS_USAGE : run.what != NULL ? STATUS_FOUND : STATUS_OK;
    json_decref(run.lines);
    free(run.object);
    free(run.exe);
    free(run.text);
    return status;
}
