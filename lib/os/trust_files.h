/* trust_files: the real struct world (lib/core/verdict/verdict.h): root and CRL files,
 * environment. */
#ifndef PGSEAL_TRUST_FILES_H
#define PGSEAL_TRUST_FILES_H

#include "lib/core/verdict/verdict.h"
#include "lib/os/roots.h"

/* Fills *w with the real world as it is now. If keep is not NULL (and *keep is NULL), the root
 * file that was judged last and had no fault is left there; the caller releases it. The functions
 * after it open each file anew (a rotated bundle needs no restart), allocate for its bytes, keep
 * errno and are thread-safe. */
void files_world(struct world *w, struct roots **keep);

/* Reads a CRL file once and judges the bytes. Only with CRL_FINE *blocks is filled (at is malloc'ed
 * and the caller's), else the reason. Keeps errno. */
enum crl_state crl_read(const char *path, struct pem_blocks *blocks, char *reason, size_t size);

/* Reads and judges a root file. One holder more; NULL with the reason. Keeps errno. */
struct roots *files_root(const char *path, char *reason, size_t size);

#endif
