/* names: compares names without the C library. A sanitizer's strcmp calls the real one, which it
 * may just be looking up with our dlsym. */
#ifndef PGSEAL_NAMES_H
#define PGSEAL_NAMES_H

#include <stdbool.h>

/* Whether a begins with the whole of b. Pure; async-signal-safe. */
static inline bool name_begins(const char *a, const char *b)
{
    while (*b != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *b == '\0';
}

/* Whether both are the same. Pure; async-signal-safe. */
static inline bool name_same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

#endif
