/* root: a directory that is used as a root: paths are found within it, and never outside. */
#include "cli/scan/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINKS_MAX = 40,
    PATH_LIMIT = 16384,
    CONF_MAX = 64 * 1024,
    CONF_DEPTH = 4,
    DIRECTORIES_MAX = 256
};

struct root *root_open(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    struct root *root = xcalloc(1, sizeof *root);
    root->fd = fd;
    root->name = xstrdup(dir);
    return root;
}

const char *root_name(const struct root *root)
{
    return root->name;
}

int root_open_path(struct root *root, const char *path, int flags)
{
    int at = fcntl(root->fd, F_DUPFD_CLOEXEC, 3);
    while (at >= 0) {
        path += strspn(path, "/");
        size_t n = strcspn(path, "/");
        bool last = path[n + strspn(path + n, "/")] == '\0';
        char name[NAME_MAX + 1];
        if (n > NAME_MAX || (n == 2 && path[0] == '.' && path[1] == '.')) {
            close(at);
            errno = n > NAME_MAX ? ENAMETOOLONG : EINVAL;
            return -1;
        }
        memcpy(name, n != 0 ? path : ".", n != 0 ? n : 2);
        if (n != 0) {
            name[n] = '\0';
        }
        int how = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY | flags : O_PATH | O_DIRECTORY;
        int next = openat(at, name, how | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        close(at);
        errno = error;
        if (last || next < 0) {
            return next;
        }
        at = next;
        path += n;
    }
    return -1;
}

/* Appends "/name" to a path within the root, or takes the last component off for "..". */
static void step(char **path, const char *name, size_t n)
{
    if (n == 0 || (n == 1 && name[0] == '.')) {
        return;
    }
    if (n == 2 && name[0] == '.' && name[1] == '.') {
        char *slash = strrchr(*path, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        return;
    }
    char *longer = xprintf("%s/%.*s", *path, (int)n, name);
    free(*path);
    *path = longer;
}

/* What the symbolic link at `path` says, or NULL (with errno 0 if it is there and no link). */
static char *read_link(struct root *root, const char *path)
{
    char target[PATH_MAX];
    int fd = root_open_path(root, path, O_PATH);
    if (fd < 0) {
        return NULL;
    }
    struct stat st;
    ssize_t n = -1;
    int error = fstat(fd, &st) == 0 ? 0 : errno;
    if (error == 0 && S_ISLNK(st.st_mode)) {
        n = readlinkat(fd, "", target, sizeof target - 1);
        error = n < 0 ? errno : n == 0 ? ENOENT : 0;
    }
    close(fd);
    errno = error;
    return n > 0 ? xstrndup(target, (size_t)n) : NULL;
}

char *root_real(struct root *root, const char *path)
{
    char *done = xstrdup("");
    char *rest = xstrdup(path);
    int links = 0;
    while (rest[strspn(rest, "/")] != '\0') {
        char *at = rest + strspn(rest, "/");
        size_t n = strcspn(at, "/");
        step(&done, at, n);
        char *link = done[0] != '\0' ? read_link(root, done) : NULL;
        int error = done[0] != '\0' && link == NULL ? errno : 0;
        if (link != NULL && ++links > LINKS_MAX) {
            error = ELOOP;
        }
        if (strlen(done) + strlen(at) > PATH_LIMIT) {
            error = ENAMETOOLONG;
        }
        if (error != 0) {
            free(link);
            free(done);
            free(rest);
            errno = error;
            return NULL;
        }
        char *left = link != NULL ? xprintf("%s/%s", link, at + n) : xstrdup(at + n);
        if (link != NULL && link[0] == '/') {
            done[0] = '\0';
        } else if (link != NULL) {
            step(&done, "..", 2);
        }
        free(link);
        free(rest);
        rest = left;
    }
    free(rest);
    if (done[0] == '\0') {
        free(done);
        done = xstrdup("/");
    }
    return done;
}

static void add_directory(struct root *root, const char *dir)
{
    if (dir[0] == '/' && root->directories.n < DIRECTORIES_MAX) {
        strings_add_once(&root->directories, dir);
    }
}

static void read_conf(struct root *root, const char *path, int depth);

/* An "include" line: a pattern in the last component only, as distributions have it. */
static void include(struct root *root, const char *pattern, int depth)
{
    const char *slash = strrchr(pattern, '/');
    if (pattern[0] != '/' || slash == NULL || depth >= CONF_DEPTH) {
        return;
    }
    char *parent = xstrndup(pattern, (size_t)(slash - pattern));
    char *real = root_real(root, parent);
    int fd = real != NULL ? root_open_path(root, real, O_DIRECTORY) : -1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct strings names = {0};
    struct dirent *entry;
    while (dir != NULL && names.n < DIRECTORIES_MAX && (entry = readdir(dir)) != NULL) {
        if (fnmatch(slash + 1, entry->d_name, FNM_PERIOD) == 0) {
            strings_take(&names, xprintf("%s/%s", real, entry->d_name));
        }
    }
    if (dir != NULL) {
        closedir(dir);
    } else if (fd >= 0) {
        close(fd);
    }
    for (size_t i = 0; i < names.n; i++) {
        read_conf(root, names.at[i], depth + 1);
    }
    strings_free(&names);
    free(real);
    free(parent);
}

static void read_conf(struct root *root, const char *path, int depth)
{
    char *real = root_real(root, path);
    int fd = real != NULL ? root_open_path(root, real, 0) : -1;
    struct bytes bytes = {0};
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        bytes_read(fd, CONF_MAX, &bytes) == 0) {
        char *save = NULL;
        for (char *line = strtok_r(bytes.at, "\n", &save); line != NULL;
             line = strtok_r(NULL, "\n", &save)) {
            line[strcspn(line, "#")] = '\0';
            char *rest = NULL;
            bool includes = false;
            for (char *word = strtok_r(line, " \t\r,:", &rest); word != NULL;
                 word = strtok_r(NULL, " \t\r,:", &rest)) {
                if (strcmp(word, "include") == 0) {
                    includes = true;
                } else if (includes) {
                    include(root, word, depth);
                } else {
                    add_directory(root, word);
                }
            }
        }
    }
    free(bytes.at);
    if (fd >= 0) {
        close(fd);
    }
    free(real);
}

const struct strings *root_directories(struct root *root)
{
    static const char *const usual[] = {
        "/lib/x86_64-linux-gnu",
        "/usr/lib/x86_64-linux-gnu",
        "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/lib64",
        "/usr/lib64",
        "/lib",
        "/usr/lib",
        "/usr/local/lib",
    };
    if (!root->directories_known) {
        root->directories_known = true;
        read_conf(root, "/etc/ld.so.conf", 0);
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
            add_directory(root, usual[i]);
        }
    }
    return &root->directories;
}
