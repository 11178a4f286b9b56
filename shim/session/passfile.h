/* passfile: what libpq finds when it opens its passfile for a connection under verify_as. */
#ifndef PGSEAL_PASSFILE_H
#define PGSEAL_PASSFILE_H

#include "lib/core/text/strbuf.h"

#include <errno.h>
#include <stddef.h>
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

#endif
