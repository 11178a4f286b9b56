/* trust_files: the real struct world (lib/core/verdict/verdict.h): root and CRL files,
 * environment. */
#ifndef PGSEAL_FILES_H
#define PGSEAL_FILES_H

#include "lib/core/verdict/verdict.h"
#include "lib/os/roots.h"

#include <sys/stat.h>

/* Fills *w with the real world as it is now. Where keep is not NULL (and *keep is NULL), the root
 * file that was judged last and had no fault is left there; the caller releases it. The functions
 * after it open each file anew (a rotated bundle needs no restart), allocate for its bytes, keep
 * errno and are thread-safe. */
void files_world(struct world *w, struct roots **keep);

enum crl_state {
    CRL_ABSENT,     /* not there (ENOENT, ENOTDIR) */
    CRL_UNREADABLE, /* there or hidden, and this process cannot open it */
    CRL_FAULTY,     /* no regular file, or it holds anything but CRLs */
    CRL_FINE,
};

/* Reads a CRL file once and judges the bytes. Only with CRL_FINE *blocks is filled (at is malloc'ed
 * and the caller's), with CRL_UNREADABLE and CRL_FAULTY the reason is in why. Keeps errno. */
enum crl_state crl_read(const char *path, struct pem_blocks *blocks, char *reason, size_t size);

/* Opens a regular file for reading: never waits for a FIFO. Returns -1 with the errno of open(2),
 * or ENXIO for anything but a regular file. The descriptor and *st are the caller's. */
int files_open_regular(const char *path, struct stat *st);

#endif
