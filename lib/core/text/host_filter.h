/* host_filter: excludes quickly most section patterns that do not match a host. A policy may have a
 * thousand sections, and host_matches parses both its arguments each time. */
#ifndef PGSEAL_HOST_FILTER_H
#define PGSEAL_HOST_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a host must contain to match the pattern. Points into the pattern. */
struct host_filter {
    uint64_t hash;           /* of the whole canonical host; 0: the pattern has a star */
    const char *head, *tail; /* before the first star, behind the last */
    uint32_t head_len, tail_len;
};

/* A host as host_canonical writes it. */
struct filtered_host {
    const char *s;
    size_t len;
    uint64_t hash;
};

/* Reads a pattern that host_pattern_fault accepts. Patterns for which host_same_pattern is true
 * have the same hash. Pure. */
struct host_filter host_filter_of(const char *pattern);
struct filtered_host filtered_host_of(const char *canonical);

/* False only if host_matches(pattern, host, any port) is false. Pure. */
bool host_filter_passes(const struct host_filter *filter, const struct filtered_host *host);

#endif
