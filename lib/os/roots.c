/* roots: the contents of root files that were judged.
 *
 * The last results are kept for the next connections. The file is still read each time and
 * compared: its time stamp does not show reliably that it is unchanged (a write through a mapping
 * may leave none, two writes within a clock tick leave one). */
#include "lib/os/roots.h"

#include "lib/core/text/array.h"
#include "lib/os/sys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A cache by path; two paths may share a slot, and then replace each other. A slot holds what is in
 * it. It is emptied and filled by one atomic exchange each, so no thread waits: one that finds it
 * empty, or the child of a fork at that moment, judges the file itself. */
static _Atomic(struct roots *) slots[8];

static _Atomic(struct roots *) *slot_of(const char *path)
{
    unsigned hash = 5381;
    for (; *path != '\0'; path++) {
        hash = hash * 33 + (unsigned char)*path;
    }
    return &slots[hash % ARRAY_LEN(slots)];
}

/* Puts roots into the slot, with the caller's hold on it. */
static void put(_Atomic(struct roots *) *slot, struct roots *roots)
{
    roots_release(atomic_exchange(slot, roots));
}

/* Returns what is in the slot, with one more holder; NULL if it is empty. */
static struct roots *get(_Atomic(struct roots *) *slot)
{
    struct roots *roots = atomic_exchange(slot, NULL);
    if (roots != NULL) {
        put(slot, roots_keep(roots));
    }
    return roots;
}

/* Whether the rest of the file at fd is equal to the bytes of roots. */
static bool holds(int fd, const struct roots *roots)
{
    enum { PIECE = 32768 };
    char *piece = malloc(PIECE);
    size_t at = 0;
    ssize_t n = piece != NULL ? 1 : -1;
    while (n > 0) {
        n = read(fd, piece, PIECE);
        if (n < 0 && errno == EINTR) {
            n = 1;
        } else if (n > 0) {
            bool same =
                (size_t)n <= roots->len - at && memcmp(piece, roots->bytes + at, (size_t)n) == 0;
            at += (size_t)n;
            n = same ? n : -1;
        }
    }
    free(piece);
    return n == 0 && at == roots->len;
}

/* Reads and judges the file at fd. */
static struct roots *read_anew(int fd, size_t max, const char **reason)
{
    size_t len;
    char *bytes = sys_rewind(fd) ? sys_read_file(fd, max, false, &len) : NULL;
    if (bytes == NULL) {
        *reason = sys_error(errno);
        return NULL;
    }
    return roots_read(bytes, len, reason);
}

static bool equal(const struct roots *a, const struct roots *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

struct roots *roots_read_file(int fd, const char *path, size_t max, const char **reason)
{
    int saved_errno = errno;
    _Atomic(struct roots *) *slot = slot_of(path);
    struct roots *roots = get(slot);
    *reason = NULL;
    if (roots == NULL || !holds(fd, roots)) {
        roots_release(roots);
        roots = read_anew(fd, max, reason);
        struct roots *other = roots != NULL ? get(slot) : NULL;
        if (other != NULL && equal(other, roots)) { /* another thread has filled the slot */
            roots_release(roots);
            roots = other;
        } else if (roots != NULL) {
            roots_release(other);
            put(slot, roots_keep(roots));
        }
    }
    errno = saved_errno;
    return roots;
}

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
    } else { /* base64 is a third longer than the DER */
        unsigned char *fits = realloc(blocks, roots->blocks.len);
        if (fits != NULL) {
            roots->blocks.at = fits;
        }
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
