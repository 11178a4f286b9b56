/* intern: every distinct string of the log once, counted by those that hold it, freed with the
 * last. */
#include "intern.h"

#include "cli/lib/util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_BUCKETS = 1024, MALLOC_OWN = 16 };

static size_t size_of(const struct istr *s)
{
    return sizeof *s + s->len + 1 + MALLOC_OWN;
}

/* FNV-1a from a random start: a log cannot be written to make all its strings meet. */
static uint32_t hash_of(uint64_t seed, const char *s, size_t n)
{
    uint64_t hash = seed;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ (unsigned char)s[i]) * 1099511628211u;
    }
    hash ^= hash >> 32;
    return (uint32_t)hash;
}

static void grow(struct interner *in)
{
    size_t n = in->nbuckets != 0 ? 2 * in->nbuckets : FIRST_BUCKETS;
    struct istr **buckets = xcalloc(n, sizeof(struct istr *));
    for (size_t i = 0; i < in->nbuckets; i++) {
        struct istr *s = in->buckets[i];
        while (s != NULL) {
            struct istr *next = s->next;
            s->next = buckets[s->hash & (n - 1)];
            buckets[s->hash & (n - 1)] = s;
            s = next;
        }
    }
    in->bytes += (n - in->nbuckets) * sizeof(struct istr *);
    free(in->buckets);
    in->buckets = buckets;
    in->nbuckets = n;
}

struct istr *intern(struct interner *in, const char *s, size_t n)
{
    if (in->nbuckets == 0 && getrandom(&in->seed, sizeof in->seed, 0) < 0) {
        in->seed = (uint64_t)(uintptr_t)in;
    }
    if (in->n >= in->nbuckets) {
        grow(in);
    }
    uint32_t hash = hash_of(in->seed, s, n);
    struct istr **bucket = &in->buckets[hash & (in->nbuckets - 1)];
    for (struct istr *found = *bucket; found != NULL; found = found->next) {
        if (found->hash == hash && found->len == n && memcmp(found->text, s, n) == 0) {
            found->refs++;
            return found;
        }
    }
    struct istr *made = xmalloc(sizeof *made + n + 1);
    *made = (struct istr){.next = *bucket, .hash = hash, .refs = 1, .len = (uint32_t)n};
    memcpy(made->text, s, n);
    made->text[n] = '\0';
    *bucket = made;
    in->n++;
    in->bytes += size_of(made);
    return made;
}

struct istr *intern_keep(struct istr *s)
{
    s->refs++;
    return s;
}

void intern_release(struct interner *in, struct istr *s)
{
    if (s == NULL || --s->refs > 0) {
        return;
    }
    struct istr **at = &in->buckets[s->hash & (in->nbuckets - 1)];
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    in->n--;
    in->bytes -= size_of(s);
    free(s);
}

const char *intern_part(const struct istr *s, unsigned i)
{
    const char *at = s->text;
    const char *end = s->text + s->len;
    for (; i > 0; i--) {
        at += strlen(at);
        if (at >= end) {
            return "";
        }
        at++;
    }
    return at;
}

void intern_free(struct interner *in)
{
    for (size_t i = 0; i < in->nbuckets; i++) {
        struct istr *s = in->buckets[i];
        while (s != NULL) {
            struct istr *next = s->next;
            free(s);
            s = next;
        }
    }
    free(in->buckets);
    *in = (struct interner){0};
}
