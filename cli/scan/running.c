/* running: how each running process reaches PostgreSQL, and whether pgseal's object is loaded
 * in it. */
#include "cli/scan/scan.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAPS_MAX = 16 * 1024 * 1024, ENVIRON_MAX = 4 * 1024 * 1024, FDS_MAX = 8192 };

static const char why_not_loaded[] = "libpgseal.so is not loaded in it: start it under pgseal-run";
static const char why_failed[] = "LD_PRELOAD names libpgseal.so, but it is not loaded: check the "
                                 "messages from the program's start";
static const char why_secure[] =
    "it runs in secure-execution mode (setuid, setgid or capabilities): LD_PRELOAD is ignored";
static const char why_driver[] = "implements the protocol itself, without libpq";

/* One process while it is looked at. */
struct process {
    int dir; /* /proc/PID */
    pid_t pid;
    struct root *root;
    struct strings mapped; /* paths of mapped files */
    char *exe;
    bool secure;
    bool named_in_environment;
};

/* Facts by device and inode, since processes share most of their files. */
struct seen {
    dev_t device;
    ino_t inode;
    struct elf_facts facts;
};

static int by_file(const void *a, const void *b)
{
    const struct seen *left = a;
    const struct seen *right = b;
    if (left->device != right->device) {
        return left->device < right->device ? -1 : 1;
    }
    return left->inode < right->inode ? -1 : left->inode > right->inode;
}

static void free_seen(void *p)
{
    struct seen *seen = p;
    elf_facts_free(&seen->facts);
    free(seen);
}

/* The facts of an open file; they belong to the tree. Closes fd. NULL if it is no ELF object. */
static const struct elf_facts *facts_of(void **tree, int fd)
{
    struct stat st;
    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return NULL;
    }
    struct seen *seen = xcalloc(1, sizeof *seen);
    seen->device = st.st_dev;
    seen->inode = st.st_ino;
    struct seen **slot = tsearch(seen, tree, by_file);
    if (slot != NULL && *slot == seen) {
        struct source source = {.fd = fd, .size = (uint64_t)st.st_size};
        elf_look(&source, true, &seen->facts);
    } else {
        free(seen);
        seen = slot != NULL ? *slot : NULL;
    }
    close(fd);
    return seen != NULL && seen->facts.is_elf ? &seen->facts : NULL;
}

static int read_of(const struct process *p, const char *name, size_t max, struct bytes *out)
{
    int fd = openat(p->dir, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int status = bytes_read(fd, max, out);
    int error = errno;
    close(fd);
    errno = error;
    return status;
}

static char *link_of(int dir, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(dir, name, target, sizeof target - 1);
    return n >= 0 ? xstrndup(target, (size_t)n) : NULL;
}

/* Takes " (deleted)" off a path: the file was replaced since. */
static void undelete(char *path)
{
    static const char deleted[] = " (deleted)";
    size_t n = strlen(path);
    if (n > sizeof deleted - 1 && strcmp(path + n - (sizeof deleted - 1), deleted) == 0) {
        path[n - (sizeof deleted - 1)] = '\0';
    }
}

static void read_maps(struct process *p, char *text)
{
    char *save = NULL;
    const char *last = "";
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        /* "FROM-TO PERM OFFSET DEVICE INODE   PATH" */
        for (int field = 0; field < 5; field++) {
            line += strcspn(line, " ");
            line += strspn(line, " ");
        }
        if (line[0] != '/' || strcmp(line, last) == 0) {
            continue;
        }
        last = line;
        char *path = xstrdup(line);
        undelete(path);
        strings_add_once(&p->mapped, path);
        free(path);
    }
}

/* Only LD_PRELOAD is looked at: an environment holds secrets. */
static void read_environment(struct process *p)
{
    static const char name[] = "LD_PRELOAD=";
    struct bytes bytes;
    if (read_of(p, "environ", ENVIRON_MAX, &bytes) != 0) {
        return;
    }
    for (size_t at = 0; at < bytes.n; at += strlen(bytes.at + at) + 1) {
        if (strncmp(bytes.at + at, name, sizeof name - 1) == 0) {
            p->named_in_environment = strstr(bytes.at + at, "libpgseal") != NULL;
        }
    }
    explicit_bzero(bytes.at, bytes.n);
    free(bytes.at);
}

static void read_auxv(struct process *p)
{
    struct bytes bytes;
    if (read_of(p, "auxv", 64 * 1024, &bytes) != 0) {
        return;
    }
    unsigned long pair[2];
    for (size_t at = 0; at + sizeof pair <= bytes.n; at += sizeof pair) {
        memcpy(pair, bytes.at + at, sizeof pair);
        if (pair[0] == AT_SECURE) {
            p->secure = pair[1] != 0;
        }
    }
    free(bytes.at);
}

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool has_client_library(const struct item *item, const char *name)
{
    for (size_t i = 0; i < item->n; i++) {
        if (strcmp(item->libraries[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int open_in_root(const struct process *p, const char *path)
{
    char *real = root_real(p->root, path);
    int fd = real != NULL ? root_open_path(p->root, real, 0) : -1;
    free(real);
    return fd;
}

/* A mapped object other than the program: a libpq, a module with one inside, pgseal. */
static void look_at_mapped(const struct process *p, void **tree, struct item *item,
                           const char *path)
{
    if (fnmatch("libpgseal*.so*", base(path), 0) == 0) {
        item->preloaded = true;
        return;
    }
    if (name_is_npgsql(path)) {
        item_client_library(item, "npgsql", xstrdup(path), NOT_COVERED, why_driver);
    }
    if (strstr(path, "/asyncpg/protocol/") != NULL) {
        item_client_library(item, "asyncpg", xstrdup(path), NOT_COVERED, why_driver);
    }
    const struct elf_facts *facts = facts_of(tree, open_in_root(p, path));
    bool named = is_libpq_name(path);
    if (named || (facts != NULL && facts->defines_entry && facts->defines_exec)) {
        if (!has_client_library(item, "linked") && !has_client_library(item, "linked-through")) {
            item_client_library(item, "loaded", xstrdup(path), COVERED_BY_LOADER_HOOKS,
                                "libpq was loaded at run time: pgseal's loader hooks see it");
        }
        return;
    }
    if (facts == NULL) {
        return;
    }
    if (facts->libpq_inside) {
        item_client_library(
            item, "static-libpq", xstrdup(path), facts->replaceable ? COVERED : NOT_COVERED,
            facts->replaceable
                ? "its libpq's functions are called through the linkage table"
                : "libpq is built into one of its modules: a preload cannot replace it");
    }
    for (size_t i = 0; i < facts->rust.n; i++) {
        item_client_library(item, "rust", xprintf("%s in %s", facts->rust.at[i], path), NOT_COVERED,
                            why_driver);
    }
}

/* Archives that are open: the Java runtime reads its classes from there. */
static void look_at_descriptors(const struct process *p, struct item *item)
{
    int fd = openat(p->dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    for (int n = 0; dir != NULL && n < FDS_MAX && (entry = readdir(dir)) != NULL; n++) {
        char *path = link_of(dirfd(dir), entry->d_name);
        struct stat st;
        int archive =
            path != NULL && path[0] == '/' && name_is_archive(path) ? open_in_root(p, path) : -1;
        if (archive >= 0 && fstat(archive, &st) == 0 && S_ISREG(st.st_mode)) {
            struct source source = {.fd = archive, .size = (uint64_t)st.st_size};
            struct strings drivers = {0};
            zip_look(&source, &drivers);
            for (size_t i = 0; i < drivers.n; i++) {
                item_client_library(item, "jdbc", xprintf("%s in %s", drivers.at[i], path),
                                    NOT_COVERED, why_driver);
            }
            strings_free(&drivers);
        }
        if (archive >= 0) {
            close(archive);
        }
        free(path);
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

/* A JavaScript runtime maps no module; what lies beside its working directory is the best hint. */
static void look_at_node(const struct process *p, struct item *item)
{
    const char *name = base(p->exe);
    if (strcmp(name, "node") != 0 && strcmp(name, "nodejs") != 0 && strcmp(name, "bun") != 0) {
        return;
    }
    char *cwd = link_of(p->dir, "cwd");
    char *path = cwd != NULL ? xprintf("%s/node_modules/pg/package.json", cwd) : NULL;
    int fd = path != NULL ? open_in_root(p, path) : -1;
    if (fd >= 0) {
        item_client_library(item, "node", xprintf("%s, beside its working directory", path),
                            NOT_COVERED, why_driver);
        close(fd);
    }
    free(path);
    free(cwd);
}

/* Without the object nothing is covered now, whatever could be. */
static void judge_preload(const struct process *p, struct item *item)
{
    if (item->preloaded) {
        return;
    }
    for (size_t i = 0; i < item->n; i++) {
        if (item->libraries[i].verdict == NOT_COVERED) {
            continue;
        }
        item->libraries[i].verdict = NOT_COVERED;
        item->libraries[i].reason = p->secure                 ? why_secure
                                    : p->named_in_environment ? why_failed
                                                              : why_not_loaded;
    }
}

/* Returns 0, or -1 with errno where it may not be looked at. */
static int look_at_process(struct scan *scan, struct process *p, void **tree)
{
    struct bytes maps;
    struct stat st;
    p->exe = link_of(p->dir, "exe");
    if (p->exe == NULL) {
        return errno == ENOENT || errno == ESRCH ? 0 : -1;
    }
    undelete(p->exe);
    char *root = xprintf("/proc/%d/root", (int)p->pid);
    p->root = root_open(root);
    free(root);
    if (p->root == NULL || fstat(p->dir, &st) != 0 || read_of(p, "maps", MAPS_MAX, &maps) != 0) {
        return errno == ENOENT || errno == ESRCH ? 0 : -1;
    }
    read_maps(p, maps.at);
    free(maps.at);
    read_environment(p);
    read_auxv(p);
    scan->processes++;
    struct item item = {
        .kind = "process", .path = xstrdup(p->exe), .pid = p->pid, .uid = st.st_uid};
    const struct elf_facts *facts = facts_of(tree, openat(p->dir, "exe", O_RDONLY | O_CLOEXEC));
    if (facts != NULL) {
        item_client_libraries_of_elf(&item, p->root, p->exe, facts);
    }
    for (size_t i = 0; i < p->mapped.n; i++) {
        if (strcmp(p->mapped.at[i], p->exe) != 0) {
            look_at_mapped(p, tree, &item, p->mapped.at[i]);
        }
    }
    look_at_descriptors(p, &item);
    look_at_node(p, &item);
    judge_preload(p, &item);
    scan_take(scan, &item);
    return 0;
}

void scan_running(struct scan *scan)
{
    void *tree = NULL;
    DIR *proc = opendir("/proc");
    if (proc == NULL) {
        scan_error(scan, "/proc", strerror(errno));
        return;
    }
    struct dirent *entry;
    bool itself = false;
    while ((entry = readdir(proc)) != NULL) {
        struct process p = {.pid = atoi(entry->d_name)};
        itself = itself || p.pid == getpid();
        if (!isdigit((unsigned char)entry->d_name[0]) || p.pid == getpid()) {
            continue;
        }
        p.dir = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p.dir < 0) {
            continue;
        }
        if (look_at_process(scan, &p, &tree) != 0) {
            char *name = xprintf("process %d", (int)p.pid);
            scan_error(scan, name, strerror(errno));
            free(name);
        }
        root_close(p.root);
        strings_free(&p.mapped);
        free(p.exe);
        close(p.dir);
        scan_progress(scan);
    }
    closedir(proc);
    tdestroy(tree, free_seen);
    if (!itself) {
        scan_error(scan, "/proc", "does not show this process: mount it for this PID namespace");
    }
}
