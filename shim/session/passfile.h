/* passfile: what libpq finds when it opens its passfile for a connection under verify_as, and which
 * files it may open while pgseal probes. */
#ifndef PGSEAL_PASSFILE_H
#define PGSEAL_PASSFILE_H

#include "lib/core/text/strbuf.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* What libpq is to find in the passfile of one connection instead of what is written there. Holds
 * passwords: wiped when freed. */
struct passwords {
    char path[1024]; /* as libpq opens it */
    char lines[16384];
    size_t len;
};

/* NULL is nothing. Keeps errno. */
static inline void passwords_free(struct passwords *passwords)
{
    int saved_errno = errno;
    if (passwords != NULL) {
        strbuf_wipe(passwords->lines, sizeof passwords->lines);
        free(passwords);
    }
    errno = saved_errno;
}

/* fopen(3) as the libpq with this dynamic section calls it through its own linkage table; real is
 * what stood there. While pgseal probes: a file that is not a regular one is not opened (libpq will
 * read it again); so noted in current.h. While a connection with passwords starts: its passfile is
 * read from memory. Else real. Sets errno. */
FILE *passfile_fopen(__typeof__(fopen) *real, const void *libpq, const char *path,
                     const char *mode);

#endif
