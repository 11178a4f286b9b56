/* roots: a root file as it was judged, shared by all that use it. */
#ifndef PGSEAL_ROOTS_H
#define PGSEAL_ROOTS_H

#include "lib/core/text/pem.h"

#include <stdatomic.h>

/* Immutable but for the count. */
struct roots {
    atomic_size_t holders;
    char *bytes; /* the file, malloc'ed */
    size_t len;
    struct pem_blocks blocks; /* its certificates, malloc'ed */
};

/* Reads the root file at fd, at most max bytes, and judges it; path is its name, and tells the file
 * from others of this process. If it holds exactly the bytes that it held when it was judged last,
 * the result is that one, shared by all connections that stand on it. Returns it with one holder
 * more, or NULL with why in *reason (a static text). Keeps errno, thread-safe, leaves fd open. */
struct roots *roots_read_file(int fd, const char *path, size_t max, const char **reason);

/* Judges the len bytes, which become the result's. Returns them with one holder, or NULL with why
 * in *reason (a static text); the bytes are freed then. Keeps errno. */
struct roots *roots_read(char *bytes, size_t len, const char **reason);

/* One more holder, and one less: the last frees it. NULL is nothing. Both keep errno and are
 * thread-safe; only roots_keep is async-signal-safe. */
struct roots *roots_keep(struct roots *roots);
void roots_release(struct roots *roots);

#endif
