/* groups: what the report counts, in tables of groups whose memory has a limit: when it is reached,
 * the least frequent groups go into one called "other". */
#ifndef PGSEAL_CLI_REPORT_GROUPS_H
#define PGSEAL_CLI_REPORT_GROUPS_H

#include "intern.h"

#include <stdbool.h>

enum {
    GROUPS_BYTES = 42 << 20, /* for all groups, with their strings */
    VALUE_BYTES = 1024,      /* of a value; what is longer is cut */
    KEY_PARTS = 5,           /* of a key, at most */
};

/* What is counted, with the parts of its key. */
enum table_id {
    PAIRS,        /* exe, host */
    CERTIFICATES, /* sha256, subject, issuer, names, not_after */
    EXEMPTIONS,   /* exe, host, rule, reason, until */
    CANCELS,      /* exe, host, action */
    LIBPQS,       /* path, version */
    MACHINES,     /* node */
    TABLES
};

enum counter {
    ATTEMPTS,
    DOWNGRADES,
    REFUSED, /* refused, or would be in audit mode */
    FAILED,
    VIOLATIONS,
    EXEMPT,
    SOCKETS,
    VERIFIED,
    DONE_SEALED,
    DONE_REFUSED,
    DONE_ALLOWED,
    DONE_WOULD_SEAL,
    DONE_WOULD_REFUSE,
    COUNTERS
};

/* Lists of distinct strings in a group. The second means something else in each table. */
enum list_id {
    NODES,
    ASKED,
    REASONS,
    JUDGED,
    LISTS,
    PROTOCOLS = ASKED,
    CIPHERS = REASONS,
    ROOTS = JUDGED,
    PROGRAMS = ASKED,
    OPENSSLS = REASONS
};

struct tally {
    struct istr *key;
    uint64_t count;
};

/* The last is "other" where there were more than its limit. */
struct tallies {
    uint32_t n;
    uint32_t room;
    struct tally at[];
};

struct group {
    struct istr *key;
    uint64_t count; /* lines */
    int64_t first;  /* milliseconds since the epoch */
    int64_t last;
    uint32_t counters[COUNTERS];  /* they stop at their greatest value */
    struct tallies *lists[LISTS]; /* NULL: empty */
};

struct group_table {
    struct group **at;
    size_t n;
    size_t room;
    struct group *other; /* NULL: nothing was merged */
    uint64_t merged;     /* how often a group went into it */
};

struct groups {
    struct interner strings;
    struct group_table tables[TABLES];
    size_t bytes; /* of groups and lists; the strings' stand in strings */
    size_t limit;
};

/* Starts empty, with a limit in bytes. */
void groups_init(struct groups *g, size_t limit);

/* The group of this key, made where there is none; the key's parts are cut to VALUE_BYTES. One line
 * of that time is added to it. The pointer holds until the next groups_add. */
struct group *groups_add(struct groups *g, enum table_id table, const char *const *parts,
                         int64_t time);

/* Part i of a group's key, as the table of tables has them. */
const char *group_part(const struct group *group, unsigned i);

/* One more in a counter of a group. */
void group_count(struct group *group, enum counter counter);

/* One more of a string in a list; the parts are one key. */
void group_tally(struct groups *g, struct group *group, enum list_id list, const char *const *parts,
                 unsigned n);

/* Sorts a table: the most frequent first, then by key; "other" last. */
void groups_sort(struct group_table *table);

/* Puts the list's most frequent first, "other" last. Returns its length. */
unsigned group_sort(struct group *group, enum list_id list);

void groups_free(struct groups *g);

#endif
