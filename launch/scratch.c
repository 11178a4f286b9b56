/* scratch: finds or creates the directory, and writes files into it by rename(2). */
#include "launch/scratch.h"

#include "lib/os/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static char reason[PATH_MAX + 128];

/* Returns false, and keeps the reason for the caller. */
static bool failed(const char *path, const char *what)
{
    snprintf(reason, sizeof reason, "%s: %s", path, what);
    return false;
}

/* Opens or creates the directory name in the one open at parent; -1 if it does not belong to this
 * user alone. */
static int open_own(int parent, const char *name)
{
    struct stat st;
    bool made = mkdirat(parent, name, 0755) == 0;
    if (!made && errno != EEXIST && errno != EROFS) {
        return -1;
    }
    int fd = openat(parent, name, OPEN_DIRECTORY);
    if (fd >= 0 && made) {
        fchmod(fd, 0755); /* whatever the umask */
    }
    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 022) != 0)) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

/* Whether only root and this user can rename this user's entries of the directory. */
static bool is_safe_parent(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
           ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

/* Opens parent/name; -1, with the reason kept. A path with a character that separates paths or
 * words in a list is not used. */
static int open_scratch(const char *parent, const char *name)
{
    char path[PATH_MAX];
    int fd = -1;
    snprintf(path, sizeof path, "%s/%s", parent, name);
    if (parent[0] != '/' || parent[strcspn(parent, ": \t\n\"'\\")] != '\0') {
        failed(parent, "not a plain absolute path");
        return -1;
    }
    int up = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (up < 0) {
        failed(parent, sys_error(errno));
    } else if (!is_safe_parent(up)) {
        failed(parent, "others may write there");
    } else if ((fd = open_own(up, name)) < 0) {
        failed(path, sys_error(errno));
    }
    if (up >= 0) {
        close(up);
    }
    return fd;
}

/* Opens the first usable directory, and writes its path to buf. */
static int open_any(char *buf, size_t size)
{
    char own[32];
    snprintf(own, sizeof own, "pgseal-%u", (unsigned)geteuid());
    const struct {
        const char *parent;
        const char *name;
    } places[] = {
        {geteuid() == 0 ? "/run" : NULL, "pgseal"},
        {getenv("XDG_RUNTIME_DIR"), "pgseal"},
        {"/tmp", own},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *parent = places[i].parent;
        int fd = parent != NULL && parent[0] != '\0' ? open_scratch(parent, places[i].name) : -1;
        if (fd >= 0) {
            snprintf(buf, size, "%s/%s", parent, places[i].name);
            return fd;
        }
    }
    return -1;
}

static bool holds(int directory, const char *name, const char *bytes, size_t len)
{
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t found = 0;
    char *text = fd >= 0 ? sys_read_file(fd, len, false, &found) : NULL;
    bool same = text != NULL && found == len && memcmp(text, bytes, len) == 0;
    free(text);
    if (fd >= 0) {
        close(fd);
    }
    return same;
}

/* Writes a new file and renames it, so that no reader sees a part of it. */
static bool replace(int directory, const char *name, const char *bytes, size_t len)
{
    char temporary[64];
    snprintf(temporary, sizeof temporary, ".new-%ld", (long)getpid());
    unlinkat(directory, temporary, 0);
    int fd =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return false;
    }
    bool done = true;
    for (size_t at = 0; done && at < len;) {
        ssize_t n = write(fd, bytes + at, len - at);
        done = n > 0;
        at += done ? (size_t)n : 0;
    }
    done = done && fchmod(fd, 0644) == 0;
    done = close(fd) == 0 && done && renameat(directory, temporary, directory, name) == 0;
    if (!done) {
        int saved_errno = errno;
        unlinkat(directory, temporary, 0);
        errno = saved_errno;
    }
    return done;
}

/* Creates the directories of path, and writes its last component. Closes directory. */
static bool write_below(int directory, char *path, const char *bytes, size_t len)
{
    char *slash;
    while (directory >= 0 && (slash = strchr(path, '/')) != NULL) {
        *slash = '\0';
        int next = open_own(directory, path);
        *slash = '/';
        int saved_errno = errno;
        close(directory);
        errno = saved_errno;
        directory = next;
        path = slash + 1;
    }
    if (directory < 0) {
        return false;
    }
    bool done = holds(directory, path, bytes, len) || replace(directory, path, bytes, len);
    int saved_errno = errno;
    close(directory);
    errno = saved_errno;
    return done;
}

/* FNV-1a: it distinguishes files, and protects nothing. */
static uint64_t hash(const char *bytes, size_t len)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3;
    }
    return h;
}

const char *scratch_write(const char *kind, const char *file, const char *bytes, size_t len,
                          char *buf, size_t size)
{
    char directory[PATH_MAX];
    char path[256];
    int fd = open_any(directory, sizeof directory);
    if (fd < 0) {
        return reason;
    }
    snprintf(path, sizeof path, "%s-%016llx/%s", kind, (unsigned long long)hash(bytes, len), file);
    int n = snprintf(buf, size, "%s/%s", directory, path);
    if (n < 0 || (size_t)n >= size) {
        close(fd);
        failed(directory, "the path is too long");
        return reason;
    }
    if (!write_below(fd, path, bytes, len)) {
        failed(buf, sys_error(errno));
        return reason;
    }
    return NULL;
}
