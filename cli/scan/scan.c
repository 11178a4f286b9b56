/* pgseal scan: how programs and processes reach PostgreSQL, and whether pgseal covers it. */
#include "cli/scan/scan.h"
#include "cli/commands.h"
#include "cli/lib/safe.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPT_JSON = 256, OPT_ROOT, OPT_RUNNING, ERRORS_SHOWN = 20 };

struct options {
    bool json;
    bool running;
    const char *root;
    struct strings paths;
};

static const struct argp_option option_table[] = {
    {"root", OPT_ROOT, "DIR", 0,
     "Use DIR, such as the tree of a container image, as the root in which PATHs and libraries are "
     "looked up",
     0},
    {"running", OPT_RUNNING, NULL, 0, "Scan the running processes", 0},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 0},
    {0},
};

static const char doc[] =
    "Shows how each program, module or process reaches PostgreSQL, and whether pgseal covers it.\v"
    "Symbolic links within a tree are not followed. With --root, PATHs are relative to DIR; "
    "without a PATH, all of DIR is scanned. Without --root, a directory that contains an "
    "etc/os-release is treated as a root.\n"
    "Exit status: 0 everything found is covered; 1 something is not covered; 2 wrong usage, or "
    "something could not be read and all else is covered.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_RUNNING:
        options->running = true;
        return 0;
    case OPT_ROOT:
        options->root = arg;
        return 0;
    case ARGP_KEY_ARG:
        strings_take(&options->paths, xstrdup(arg));
        return 0;
    case ARGP_KEY_END:
        if (options->running && (options->paths.n != 0 || options->root != NULL)) {
            argp_error(state, "--running takes neither a PATH nor --root");
        }
        if (!options->running && options->paths.n == 0 && options->root == NULL) {
            argp_error(state, "give a PATH, or use --running");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A directory that holds a system of its own: a container image unpacked. */
static bool is_a_root(const char *path)
{
    char *file = xprintf("%s/etc/os-release", path);
    char *real = realpath(path, NULL);
    bool is = real != NULL && strcmp(real, "/") != 0 &&
              faccessat(AT_FDCWD, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    free(real);
    free(file);
    return is;
}

static int by_path(const void *a, const void *b)
{
    const struct item *left = a;
    const struct item *right = b;
    int order = strcmp(left->path, right->path);
    return order != 0 ? order : (left->pid > right->pid) - (left->pid < right->pid);
}

static bool open_root(struct scan *scan, const char *dir)
{
    root_close(scan->root);
    scan->root = root_open(dir);
    if (scan->root == NULL) {
        scan_error(scan, dir, strerror(errno));
    }
    return scan->root != NULL;
}

static void scan_path(struct scan *scan, const char *path, const struct options *options)
{
    if (options->root != NULL) {
        scan_tree(scan, path);
    } else if (is_a_root(path)) {
        if (open_root(scan, path)) {
            scan_tree(scan, "/");
        }
    } else if (path[0] == '/') {
        if (open_root(scan, "/")) {
            scan_tree(scan, path);
        }
    } else {
        errno = ENOENT;
        char *cwd = path[0] != '\0' ? getcwd(NULL, 0) : NULL;
        char *absolute = cwd != NULL ? xprintf("%s/%s", cwd, path) : NULL;
        if (absolute == NULL) {
            scan_error(scan, path, strerror(errno));
        } else if (open_root(scan, "/")) {
            scan_tree(scan, absolute);
        }
        free(absolute);
        free(cwd);
    }
}

static void run(struct scan *scan, const struct options *options)
{
    if (options->running) {
        scan_running(scan);
        return;
    }
    if (options->root != NULL && !open_root(scan, options->root)) {
        return;
    }
    if (options->paths.n == 0) {
        scan_tree(scan, "/");
    }
    for (size_t i = 0; i < options->paths.n; i++) {
        scan_path(scan, options->paths.at[i], options);
    }
}

static int status_of(const struct scan *scan)
{
    for (size_t i = 0; i < scan->n; i++) {
        if (scan->items[i].verdict == NOT_COVERED) {
            return STATUS_FOUND;
        }
    }
    return scan->errors.n != 0 ? STATUS_USAGE : STATUS_OK;
}

static void complain_of_errors(const struct scan *scan)
{
    size_t shown = scan->errors.n > ERRORS_SHOWN + 1 ? ERRORS_SHOWN : scan->errors.n;
    for (size_t i = 0; i < shown; i++) {
        complain("%s", scan->errors.at[i]);
    }
    if (shown < scan->errors.n) {
        complain("%zu more could not be read; --json names them", scan->errors.n - shown);
    }
}

int command_scan(int argc, char **argv)
{
    static const struct argp argp = {
        option_table, parse, "PATH...\n--root DIR [PATH...]\n--running", doc, NULL, NULL, NULL};
    struct options options = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct scan scan = {.progress = isatty(STDERR_FILENO) == 1};
    run(&scan, &options);
    scan_progress_end(&scan);
    if (scan.n > 1) {
        qsort(scan.items, scan.n, sizeof *scan.items, by_path);
    }
    int status = status_of(&scan);
    struct out out = term_start(stdout);
    if (options.json) {
        term_json(scan_json(&scan));
    } else {
        scan_show(&out, &scan);
    }
    fflush(stdout);
    complain_of_errors(&scan);
    for (size_t i = 0; i < scan.n; i++) {
        item_free(&scan.items[i]);
    }
    free(scan.items);
    strings_free(&scan.errors);
    root_close(scan.root);
    strings_free(&options.paths);
    return term_finish(status);
}
