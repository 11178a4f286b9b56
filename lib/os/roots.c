/* roots: a root file as it was judged, shared by all that stand on it. */
#include "lib/os/roots.h"

#include <errno.h>
#include <stdlib.h>

struct roots *roots_read(char *bytes, size_t len, const char **reason)
{
    int saved_errno = errno;
    struct roots *roots = malloc(sizeof *roots);
    void *blocks = malloc(len + 1);
    *reason = roots == NULL || blocks == NULL ? "out of memory" : NULL;
    if (*reason == NULL) {
        *roots = (struct roots){.bytes = bytes, .len = len};
        atomic_init(&roots->holders, 1);
        *reason = pem_read(bytes, len, PEM_CERTIFICATES, blocks, &roots->blocks);
    }
    if (*reason != NULL) {
        free(blocks);
        free(roots);
        free(bytes);
        roots = NULL;
    }
    errno = saved_errno;
    return roots;
}

struct roots *roots_keep(struct roots *roots)
{
    if (roots != NULL) {
        atomic_fetch_add(&roots->holders, 1);
    }
    return roots;
}

void roots_release(struct roots *roots)
{
    int saved_errno = errno;
    if (roots != NULL && atomic_fetch_sub(&roots->holders, 1) == 1) {
        free(roots->blocks.at);
        free(roots->bytes);
        free(roots);
    }
    errno = saved_errno;
}
