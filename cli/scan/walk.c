/* walk: walks a tree within a root; follows no symbolic link, opens nothing but regular files
 * and directories. */
#include "cli/scan/scan.h"
#include "lib/core/text/array.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { DEPTH_MAX = 256 };

/* What the kernel makes up: no program lies there, and reading has side effects. */
static bool is_made_up(int fd)
{
    static const unsigned long kinds[] = {
        PROC_SUPER_MAGIC,   SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
        DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,      SECURITYFS_MAGIC,
        BPF_FS_MAGIC,       PSTOREFS_MAGIC};
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((unsigned long)fs.f_type == kinds[i]) {
            return true;
        }
    }
    return false;
}

/* ENOENT and ELOOP: it went away, or became a link, since its name was read. */
static void note(struct scan *scan, const char *path, int error)
{
    if (error != ENOENT && error != ELOOP) {
        scan_error(scan, path, strerror(error));
    }
}

static void walk(struct scan *scan, const char *path, int fd, dev_t device, int depth);

static void visit(struct scan *scan, int dir, const char *parent, const struct dirent *entry,
                  dev_t device, int depth)
{
    char *path = xprintf("%s/%s", strcmp(parent, "/") == 0 ? "" : parent, entry->d_name);
    struct stat st = {0};
    mode_t type = DTTOIF(entry->d_type);
    if (entry->d_type == DT_UNKNOWN) {
        if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            note(scan, path, errno);
        }
        type = st.st_mode & S_IFMT;
    }
    bool is_dir = type == S_IFDIR;
    if (is_dir || type == S_IFREG) {
        int flags =
            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0);
        int fd = openat(dir, entry->d_name, flags);
        if (fd < 0 || fstat(fd, &st) != 0) {
            note(scan, path, errno);
            if (fd >= 0) {
                close(fd);
            }
        } else if (is_dir) {
            walk(scan, path, fd, device, depth + 1);
        } else if (S_ISREG(st.st_mode)) {
            scan_file(scan, path, fd, &st);
        } else {
            close(fd);
        }
    }
    free(path);
}

/* Walks the directory fd, and closes it. */
static void walk(struct scan *scan, const char *path, int fd, dev_t device, int depth)
{
    struct stat st;
    if (depth > DEPTH_MAX) {
        scan_error(scan, path, "directories are nested too deeply");
        close(fd);
        return;
    }
    if (fstat(fd, &st) != 0 || (st.st_dev != device && is_made_up(fd))) {
        close(fd);
        return;
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        note(scan, path, errno);
        close(fd);
        return;
    }
    struct dirent *entry;
    errno = 0;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            visit(scan, dirfd(dir), path, entry, st.st_dev, depth);
        }
        errno = 0;
    }
    if (errno != 0) {
        note(scan, path, errno);
    }
    closedir(dir);
}

/* Whether only unpacking shows what is in the file: an image's tar, a package, a zip that is not
 * Java's, anything compressed. */
static bool is_packed(int fd, const char *path)
{
    static const struct {
        uint16_t at;
        char magic[9];
    } kinds[] = {
        {257, "ustar"},
        {0, "\x1f\x8b"},
        {0, "\xfd"
            "7zXZ"},
        {0, "BZh"},
        {0, "\x28\xb5\x2f\xfd"},
        {0, "!<arch>\n"},
        {0, "hsqs"},
        {0, "PK\3\4"},
    };
    char head[512];
    size_t n = source_read(&(struct source){.fd = fd, .size = sizeof head}, 0, head, sizeof head);
    for (size_t i = 0; i < ARRAY_LEN(kinds) && !name_is_archive(path); i++) {
        size_t len = strlen(kinds[i].magic);
        if (n >= kinds[i].at + len && memcmp(head + kinds[i].at, kinds[i].magic, len) == 0) {
            return true;
        }
    }
    return false;
}

void scan_tree(struct scan *scan, const char *path)
{
    char *real = root_real(scan->root, path);
    struct stat st;
    /* Looked at before it is opened: to open a device or a FIFO can do something. */
    int fd = real != NULL ? root_open_path(scan->root, real, O_PATH) : -1;
    if (fd < 0 || fstat(fd, &st) != 0) {
        scan_error(scan, path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        free(real);
        return;
    }
    close(fd);
    fd = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? root_open_path(scan->root, real, 0) : -1;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        scan_error(scan, path, "neither a file nor a directory");
    } else if (fd < 0 || fstat(fd, &st) != 0) {
        scan_error(scan, path, strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        walk(scan, real, fd, (dev_t)-1, 0);
    } else if (is_packed(fd, real)) {
        scan_error(scan, path,
                   "an archive or a compressed file; unpack it, and scan the directory");
        close(fd);
    } else {
        scan_file(scan, real, fd, &st);
    }
    free(real);
}
