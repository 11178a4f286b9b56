/* roots: the contents of a root file that was judged, shared by all connections that use it. */
#ifndef PGSEAL_ROOTS_H
#define PGSEAL_ROOTS_H

#include "lib/core/text/pem.h"

#include <stdatomic.h>

/* Immutable, except for the count. */
struct roots {
    atomic_size_t holders;
    char *bytes; /* the file, malloc'ed */
    size_t len;
    struct pem_blocks blocks; /* its certificates, malloc'ed */
};

/* Reads the root file open at fd, at most max bytes, and judges it. path identifies it: if its
 * bytes are the same as when it was last judged, that result is returned and shared. The caller
 * holds the result (roots_release). Returns NULL with a static text in *reason if the file has a
 * fault. Leaves fd open. Keeps errno; thread-safe; not async-signal-safe. */
struct roots *roots_read_file(int fd, const char *path, size_t max, const char **reason);

/* Judges these len bytes (malloc'ed), and takes them over. The caller holds the result. Returns
 * NULL with a static text in *reason if they have a fault, and frees them. Keeps errno. */
struct roots *roots_read(char *bytes, size_t len, const char **reason);

/* Add and remove a holder; removing the last one frees it. NULL is ignored. roots_keep returns its
 * argument. Both keep errno and are thread-safe; only roots_keep is async-signal-safe. */
struct roots *roots_keep(struct roots *roots);
void roots_release(struct roots *roots);

#endif
