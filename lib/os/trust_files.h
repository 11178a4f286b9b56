/* files: the real world behind core/seal.h's struct world: root, CRL and client certificate files,
 * home, environment. */
#ifndef PGSEAL_FILES_H
#define PGSEAL_FILES_H

#include "lib/core/verdict/verdict.h"
#include "lib/os/roots.h"

#include <sys/stat.h>

/* Fills *w with the real world as it is now. Where keep is not NULL (and *keep is NULL), the root
 * file that was judged last and had no fault is left there; the caller releases it. The functions behind it
 * open each file anew (a rotated bundle needs no restart), allocate for its bytes, keep errno and
 * are thread-safe. They rest on: fe-secure-openssl.c initialize_SSL (which files libpq reads, what
 * its stat() forgives), fe-connect.c pqGetHomeDirectory ($HOME from libpq 15 on, the passwd entry
 * before). */
void files_world(struct world *w, struct roots **keep);

/* The home directory as the libpq of this version sees it; false: none. */
bool files_home(int version, char *path, size_t size);

/* Opens a regular file for reading: never waits for a FIFO. Returns -1 with the errno of open(2), or
 * ENXIO for anything but a regular file. The descriptor and *st are the caller's. */
int files_open_regular(const char *path, struct stat *st);

#endif
