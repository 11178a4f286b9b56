/* intern: every distinct string of the log once, counted by those that hold it, freed with the
 * last. */
#ifndef PGSEAL_CLI_REPORT_INTERN_H
#define PGSEAL_CLI_REPORT_INTERN_H

#include <stddef.h>
#include <stdint.h>

/* One string. It may hold NULs: a key is several texts, each with a NUL after it but the last. */
struct istr {
    struct istr *next; /* in its bucket */
    void *owner;       /* the group that this is the key of, or NULL */
    uint32_t hash;
    uint32_t refs;
    uint32_t len;
    char text[]; /* one NUL behind the last byte, not counted */
};

struct interner {
    struct istr **buckets;
    size_t nbuckets; /* a power of two, or 0 at the start */
    size_t n;
    uint64_t seed;
    size_t bytes; /* what all this takes on the heap */
};

/* The string of these n bytes with one reference more, which the caller owns. Never NULL. */
struct istr *intern(struct interner *in, const char *s, size_t n);

/* One reference more, for the caller. Returns s. */
struct istr *intern_keep(struct istr *s);

/* Gives a reference back; NULL is nothing. */
void intern_release(struct interner *in, struct istr *s);

/* Part i of a key, counted from 0; "" where it has fewer. */
const char *intern_part(const struct istr *s, unsigned i);

/* Frees all strings, even those still in use. */
void intern_free(struct interner *in);

#endif
