/* passfile: what libpq reads in place of its password file, for a connection under verify_as. */
#ifndef PGSEAL_PASSFILE_H
#define PGSEAL_PASSFILE_H

#include "lib/core/text/strbuf.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/* The lines that libpq gets in place of those in the file. They contain passwords, and are wiped
 * when freed. */
struct passwords {
    char path[1024]; /* of the password file, as libpq opens it */
    char lines[16384];
    size_t len;
};

/* libpq's default password file, below its home directory. */
#define PASSFILE_DEFAULT "/.pgpass"

/* Called when libpq is about to open or stat path. Returns true, with errno ENOENT, if libpq must
 * be told that the file does not exist: path is the default password file, and the probe only asks
 * for the home directory; libpq would warn about the file's permissions. Otherwise returns false
 * and keeps errno. */
bool passfile_left_alone(const char *path);

/* Wipes and frees; NULL is ignored. Keeps errno. */
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
