/* files: the real world behind core/seal.h's struct world: root, CRL and client certificate files,
 * home, environment. */
#ifndef PGSEAL_FILES_H
#define PGSEAL_FILES_H

#include "lib/core/verdict/verdict.h"

/* The bytes of a root file as they were judged; malloc'ed. */
struct root_copy {
    char *bytes;
    size_t len;
};

/* Fills *w with the real world as it is now. Where keep is not NULL (zeroed before), the bytes of
 * the root file that was found fine are left there and are the caller's. The functions behind it
 * open each file anew (a rotated bundle needs no restart), allocate for its bytes, keep errno and
 * are thread-safe. They rest on: fe-secure-openssl.c initialize_SSL (which files libpq reads, what
 * its stat() forgives), fe-connect.c pqGetHomeDirectory ($HOME from libpq 15 on, the passwd entry
 * before). */
void files_world(struct world *w, struct root_copy *keep);

/* The home directory as the libpq of this version sees it; false: none. */
bool files_home(int version, char *path, size_t size);

#endif
