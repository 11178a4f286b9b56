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

/* Where libpq's own password file is, below its home directory. */
#define PASSFILE_DEFAULT "/.pgpass"

/* Called when libpq is about to look at path. True, with errno ENOENT: it must be told that nothing
 * is there, since it only tells its home directory and would warn of the file's permissions. Else
 * false, and errno is kept. */
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
