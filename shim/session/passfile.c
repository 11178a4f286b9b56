/* passfile: gives libpq the passwords for the program's host when it opens its password file. So no
 * password is in any option, and no descriptor stays open. */
#include "shim/session/passfile.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/sys.h"
#include "shim/session/current.h"
#include "shim/session/session.h"
#include "shim/session/slots.h"

#include <errno.h>
#include <string.h>

typedef __typeof__(fdopen) open_descriptor_fn;

static void *fdopen_of(const void *address)
{
    struct object o;
    return object_of(address, &o) ? object_symbol(&o, "fdopen") : NULL;
}

static bool is_c_library(const struct import *import, void *data)
{
    void **found = data;
    *found = fdopen_of(import_holds(import));
    return *found != NULL;
}

/* The fdopen of the C library that this libpq uses: a FILE of another one is of no use to it.
 * libpq's fopen may be another preload's, so its other imports count, too. */
static open_descriptor_fn *find_fdopen(__typeof__(fopen) *real, const void *libpq)
{
    struct object o;
    void *found = fdopen_of((const void *)real);
    if (found == NULL && object_of(libpq, &o)) {
        object_each_import(&o, is_c_library, &found);
    }
    return (open_descriptor_fn *)found;
}

/* An anonymous file with the lines, positioned at its start, because libpq 18 checks the mode of
 * the opened file. -1 with errno. */
static int anonymous_file(const struct passwords *passwords)
{
    int fd = (int)syscall(SYS_memfd_create, "pgseal", 1 /* MFD_CLOEXEC */);
    if (fd >= 0 &&
        (syscall(SYS_fchmod, fd, S_IRUSR | S_IWUSR) != 0 ||
         syscall(SYS_pwrite64, fd, passwords->lines, passwords->len, 0L) != (long)passwords->len)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* It has no name, and ends with the FILE that libpq closes. */
static FILE *open_lines(const struct passwords *passwords, __typeof__(fopen) *real,
                        const void *libpq)
{
    open_descriptor_fn *open_descriptor = find_fdopen(real, libpq);
    int fd = open_descriptor != NULL ? anonymous_file(passwords) : -1;
    FILE *file = fd >= 0 ? open_descriptor(fd, "r") : NULL;
    if (file == NULL && fd >= 0) {
        close(fd);
    }
    return file; /* on NULL libpq finds no entry, and the server refuses */
}

bool passfile_left_alone(const char *path)
{
    static const char name[] = PASSFILE_DEFAULT;
    const size_t tail = sizeof name - 1;
    size_t len = path != NULL ? strlen(path) : 0;
    bool left = current_get()->home && len >= tail && strcmp(path + len - tail, name) == 0;
    errno = left ? ENOENT : errno;
    return left;
}

/* During a probe, a file that is not regular is not opened, because libpq will read it again;
 * current.h notes it. While a connection with passwords starts, its password file is read from
 * memory. */
static FILE *answer(__typeof__(fopen) *real, const void *libpq, const char *path, const char *mode)
{
    struct stat st;
    struct current *now = current_get();
    struct conn_state *d = current_state();
    int saved_errno = errno;
    if (passfile_left_alone(path)) {
        return NULL;
    }
    if (now->probing && path != NULL && sys_stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        now->file = true;
        strbuf_copy(current_file(), CURRENT_FILE_MAX, path);
        errno = EACCES;
        return NULL;
    }
    errno = saved_errno;
    if (now->probing || d == NULL || d->passwords == NULL || path == NULL ||
        strcmp(path, d->passwords->path) != 0) {
        return real(path, mode);
    }
    return open_lines(d->passwords, real, libpq);
}

FILE *slot_fopen(struct linked *libpq, const char *path, const char *mode)
{
    return answer(libpq->real.fopen, libpq->base, path, mode);
}

FILE *slot_fopen64(struct linked *libpq, const char *path, const char *mode)
{
    return answer(libpq->real.fopen64, libpq->base, path, mode);
}
