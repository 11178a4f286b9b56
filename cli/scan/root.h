/* root: a directory that is used as a root: paths and libraries are found within it, and never
 * outside. */
#ifndef PGSEAL_CLI_SCAN_ROOT_H
#define PGSEAL_CLI_SCAN_ROOT_H

#include "cli/lib/util.h"
#include "cli/scan/elf.h"

#include <stdbool.h>

struct root;

/* Opens dir as a root; NULL with errno. Free with root_close. */
struct root *root_open(const char *dir);
void root_close(struct root *root);

/* The name that root_open was given. */
const char *root_name(const struct root *root);

/* The path (within the root, absolute, without "." or ".." or symbolic links) that `path` leads to,
 * links followed as if the root were "/"; or NULL with errno. The caller frees. */
char *root_real(struct root *root, const char *path);

/* Opens a path for reading without following any symbolic link, nor any ".."; flags are added to
 * O_RDONLY. -1 with errno. */
int root_open_path(struct root *root, const char *path, int flags);

/* Whether the object at `path` with these facts is linked to a libpq, directly or through others,
 * the way the dynamic linker would look for them (RPATH, RUNPATH, $ORIGIN, ld.so.conf, the usual
 * directories; not LD_LIBRARY_PATH). Then *libpq is the libpq's path, or the name needed where the
 * file is not there, and *through the library that needs it, or NULL when it is this object itself;
 * the caller frees both. */
bool root_reaches(struct root *root, const char *path, const struct elf_facts *facts, char **libpq,
                  char **through);

/* The version of the OpenSSL that the object at `path` is linked to, or NULL. The caller frees. */
char *root_openssl(struct root *root, const char *path, const struct elf_facts *facts);

/* Whether a file name is a libpq's: libpq.so.5, libpq.so.5.15, or a wheel's
 * libpq-9b38f5e3.so.5.17. */
bool is_libpq_name(const char *name);

/* Whether a libpq's path is one of a wheel or of another private place: no directory of
 * libraries. */
bool is_private_copy(struct root *root, const char *path);

/* The directories where the dynamic linker looks without being told. Filled once. */
const struct strings *root_directories(struct root *root);

/* Whether /etc/ld.so.preload names pgseal's object. Looked up once. */
bool root_preloads(struct root *root);

/* For the files of scan_root only. */
struct root {
    int fd;
    char *name;
    struct strings directories;
    bool directories_known;
    bool preloads, preloads_known;
    void *found;     /* a tree (tsearch): path asked for → real path */
    void *libraries; /* a tree: real path → facts */
    size_t cached;
};

#endif
