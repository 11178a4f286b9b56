/* object: finds libpgseal.so, and refuses one that ld.so would ignore. */
#include "launch/object.h"

#include "launch/say.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/elf_file.h"
#include "lib/os/find_object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

void make_absolute(char *buf, size_t size, const char *path, const char *what)
{
    char directory[PATH_MAX] = "";
    if (path[0] != '/' && (getcwd(directory, sizeof(directory)) == NULL || directory[0] != '/')) {
        refuse(STATUS_REFUSED, "%s %s: the path is relative, and there is no working directory",
               what, path);
    }
    const char *slash = path[0] == '/' || strcmp(directory, "/") == 0 ? "" : "/";
    int n = snprintf(buf, size, "%s%s%s", directory[0] != '\0' && *slash == '\0' ? "" : directory,
                     path[0] == '/' ? "" : "/", path);
    if (n < 0 || (size_t)n >= size) {
        refuse(STATUS_REFUSED, "%s %s: the path is too long", what, path);
    }
}

/* The launcher's own path: from /proc, else the path that the kernel executed. */
static bool own_path(char *buf)
{
    char link[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", link, sizeof(link) - 1);
    if (n > 0) {
        link[n] = '\0';
        if (link[0] == '/' && access(link, F_OK) == 0) {
            return strbuf_copy(buf, PATH_MAX, link);
        }
    }
    const char *executed = (const char *)getauxval(AT_EXECFN);
    return executed != NULL && realpath(executed, buf) != NULL;
}

/* Writes the path of the first libpgseal.so that is found into buf. */
static void search(char *buf)
{
    char own[PATH_MAX];
    if (!find_object(own_path(own) ? own : "", PGSEAL_LIBDIR, buf)) {
        refuse(STATUS_REFUSED, "libpgseal.so is missing beside it and in %s; see --lib",
               PGSEAL_LIBDIR);
    }
}

static void judge_elf(const struct object *o, int fd)
{
    struct elf e;
    switch (elf_open(&e, fd)) {
    case ELF_NOT_ELF:
    case ELF_BROKEN:
        refuse(STATUS_REFUSED, "%s is not pgseal: not an ELF object", o->path);
    case ELF_OTHER_CLASS:
        refuse(STATUS_REFUSED, "%s is of another ELF class (%d-bit) than pgseal-run", o->path,
               e.class_bits);
    case ELF_OTHER_MACHINE:
        refuse(STATUS_REFUSED, "%s is for another machine (ELF number %d) than pgseal-run", o->path,
               e.machine);
    case ELF_OK:
        break;
    }
    const char *version = elf_pgseal_version(&e);
    if (version == NULL) {
        refuse(STATUS_REFUSED, "%s is not pgseal: it lacks pgseal's ELF note", o->path);
    }
    if (strcmp(version, PGSEAL_VERSION) != 0) {
        refuse(STATUS_REFUSED, "%s is of another version (%.40s) than pgseal-run (%s)", o->path,
               version, PGSEAL_VERSION);
    }
    elf_close(&e);
}

void object_find(struct object *o, const char *named)
{
    *o = (struct object){0};
    if (named != NULL) {
        make_absolute(o->path, sizeof(o->path), named, "--lib");
    } else {
        search(o->path);
    }
    if (o->path[strcspn(o->path, ": \t\n\v\f\r$")] != '\0') {
        refuse(STATUS_REFUSED,
               "%s: LD_PRELOAD cannot contain a path with a colon, a blank or a dollar sign",
               o->path);
    }
    int fd = open(o->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        refuse(STATUS_REFUSED, "%s is %s: %s", o->path,
               errno == ENOENT || errno == ENOTDIR ? "missing" : "unreadable", strerror(errno));
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        refuse(STATUS_REFUSED, "%s is not pgseal: not a regular file", o->path);
    }
    o->device = st.st_dev;
    o->inode = st.st_ino;
    judge_elf(o, fd);
    close(fd);
}
