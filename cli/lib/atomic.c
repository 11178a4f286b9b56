/* atomic: a file is replaced as a whole or not at all. */
#include "cli/lib/atomic.h"

#include "cli/lib/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct block {
    const char *bytes;
    size_t n;
};

static int put_block(int fd, void *data)
{
    const struct block *block = data;
    const char *bytes = block->bytes;
    size_t n = block->n;
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return -1;
        }
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

/* Creates a file of a new name in dir; returns its descriptor, or -1 with errno. */
static int create_beside(int dir, const char *name, char **temporary)
{
    for (int tries = 0; tries < 100; tries++) {
        unsigned long long random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
            return -1;
        }
        *temporary = xprintf(".%.200s.%016llx", name, random);
        int fd =
            openat(dir, *temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0) {
            return fd;
        }
        free(*temporary);
        *temporary = NULL;
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

/* Gives fd the mode and owner that the file at its place has or should have. */
static int take_after(int fd, const struct stat *old)
{
    mode_t mask = umask(022);
    umask(mask);
    if (old == NULL) {
        return fchmod(fd, 0644 & ~mask);
    }
    struct stat now;
    if (fstat(fd, &now) != 0) {
        return -1;
    }
    /* If this user may not change the owner, the new file belongs to this user: no reason not to
     * replace a file in the user's own directory. */
    if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
        fchown(fd, old->st_uid, old->st_gid) != 0 && errno != EPERM) {
        return -1;
    }
    return fchmod(fd, old->st_mode & 0777 & ~(mode_t)022);
}

static char *replace(int dir, const char *path, const char *name, int (*put)(int fd, void *data),
                     void *data)
{
    struct stat old;
    bool there = fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT) {
        return xprintf("%s: %s", path, strerror(errno));
    }
    if (there && S_ISLNK(old.st_mode)) {
        return xprintf("%s: is a symbolic link; give the file itself", path);
    }
    if (there && !S_ISREG(old.st_mode)) {
        return xprintf("%s: not a regular file", path);
    }
    char *temporary = NULL;
    int fd = create_beside(dir, name, &temporary);
    if (fd < 0) {
        return xprintf("%s: cannot create a file beside it: %s", path, strerror(errno));
    }
    bool good = put(fd, data) == 0 && take_after(fd, there ? &old : NULL) == 0 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good && renameat(dir, temporary, dir, name) != 0) {
        good = false;
        error = errno;
    }
    if (!good) {
        unlinkat(dir, temporary, 0);
    }
    free(temporary);
    if (!good) {
        return xprintf("%s: cannot replace it: %s", path, strerror(error));
    }
    fsync(dir);
    return NULL;
}

char *atomic_put(const char *path, int (*put)(int fd, void *data), void *data)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return xprintf("\"%s\" is not a file name", path);
    }
    char *parent =
        slash == NULL ? xstrdup(".") : xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *reason =
        dir < 0 ? xprintf("%s: %s", parent, strerror(errno)) : replace(dir, path, name, put, data);
    if (dir >= 0) {
        close(dir);
    }
    free(parent);
    return reason;
}

char *atomic_write(const char *path, const void *bytes, size_t n)
{
    struct block block = {bytes, n};
    return atomic_put(path, put_block, &block);
}
