/* scan: how a program, a module or a process reaches PostgreSQL, and whether pgseal covers it:
 * shared by scan*.c. */
#ifndef PGSEAL_CLI_SCAN_H
#define PGSEAL_CLI_SCAN_H

#include "cli/lib/term.h"
#include "cli/lib/util.h"
#include "cli/scan/elf.h"
#include "cli/scan/root.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

enum verdict { COVERED, COVERED_BY_LOADER_HOOKS, NOT_COVERED };

/* One library, or part of a program, by which it reaches PostgreSQL. */
struct client_library {
    const char *name;  /* "linked", "linked-through", "dlopen", "ctypes", "static-libpq", "go",
                         "rust", "jdbc", "node", … */
    char *evidence;    /* owned: what was seen */
    int libpq_version; /* of this copy, or 0 */
    int libpq_least;   /* where that is 0: the major version that it has at least, or 0 */
    char *openssl;     /* likewise, or NULL; owned */
    enum verdict verdict;
    const char *reason; /* why this one, by itself, is judged so */
};

/* One program, module, library, driver or process that has at least one client library. */
struct item {
    const char *kind; /* "program", "module", "library", "libpq", "driver", "process" */
    char *path;       /* of a process: of its program */
    pid_t pid;        /* 0 for a file */
    uid_t uid;
    struct client_library *libraries;
    size_t n;
    bool is_static, setuid, setgid, file_caps, preloaded;
    bool listed; /* /etc/ld.so.preload of its root names the object, and its loader reads that */
    const char *machine; /* "x86_64", … or NULL */
    enum verdict verdict;
    char *reason; /* owned */
};

/* What a run of scan gathers. */
struct scan {
    struct root *root;
    struct item *items;
    size_t n, room;
    struct strings errors; /* "path: what could not be looked at" */
    size_t files;          /* looked at */
    size_t processes;
    bool progress; /* standard error is a terminal */
};

/* What a name alone tells of a file, or NULL; see names.c. */
struct name_rule {
    const char *suffix; /* of the path, from a slash on */
    const char *client_library;
    const char *text;
    enum verdict verdict;
    const char *package; /* what "name" in this package.json must be, or NULL */
};
const struct name_rule *name_rule(const char *path);

/* Whether the path ends like a Java archive, and whether like a .NET assembly of Npgsql. */
bool name_is_archive(const char *path);
bool name_is_npgsql(const char *path);
bool name_is_javascript(const char *path);

/* Looks for drivers that were bundled into a file of JavaScript. */
void script_look(struct item *item, const struct source *source);

/* Adds a client library; evidence is owned from then on. */
void item_client_library(struct item *item, const char *name, char *evidence, enum verdict verdict,
                         const char *reason);

/* Adds the client libraries that the facts of an ELF object show; path is where it lies in root,
 * for what it is linked to. */
void item_client_libraries_of_elf(struct item *item, struct root *root, const char *path,
                                  const struct elf_facts *facts);

/* Sets verdict and reason from the client libraries and flags. */
void item_judge(struct item *item);

/* Hands a judged item with at least one client library to the scan; one without is freed. The
 * struct is empty afterwards. */
void scan_take(struct scan *scan, struct item *item);
void item_free(struct item *item);

/* Notes what could not be looked at. */
void scan_error(struct scan *scan, const char *path, const char *what);

/* Looks at the opened file, whose path within the root is given. Closes fd. */
void scan_file(struct scan *scan, const char *path, int fd, const struct stat *st);

/* Looks at path within scan->root: a file, or a tree of which no symbolic link is followed. */
void scan_tree(struct scan *scan, const char *path);

/* Looks at the processes of this PID namespace. */
void scan_running(struct scan *scan);

/* Shows how far it is, on a terminal only; scan_progress_end wipes it. */
void scan_progress(struct scan *scan);
void scan_progress_end(struct scan *scan);

/* Prints all for people, or as JSON. */
void scan_show(const struct out *out, const struct scan *scan);
json_t *scan_json(const struct scan *scan);

#endif
