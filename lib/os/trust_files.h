/* trust_files: root and CRL files and the environment, as struct world (lib/core/verdict/verdict.h)
 * wants them. */
#ifndef PGSEAL_TRUST_FILES_H
#define PGSEAL_TRUST_FILES_H

#include "lib/core/verdict/verdict.h"
#include "lib/os/roots.h"

/* Fills *w with functions that read the real files and environment. If keep is not NULL (*keep must
 * be NULL), *keep gets the last root file that was judged and had no fault; the caller releases it
 * (roots_release). Each file is opened anew each time, so a rotated bundle needs no restart. All
 * functions of this file and of *w allocate, keep errno, and are thread-safe. */
void files_world(struct world *w, struct roots **keep);

/* Reads a CRL file once and judges its bytes. With CRL_FINE, fills *blocks, whose `at` is malloc'ed
 * and the caller's; otherwise writes the reason. */
enum crl_state crl_read(const char *path, struct pem_blocks *blocks, char *reason, size_t size);

/* Reads and judges a root file. The caller holds the result. NULL with the reason. */
struct roots *files_root(const char *path, char *reason, size_t size);

#endif
