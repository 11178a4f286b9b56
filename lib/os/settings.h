/* settings: the policy file or the variables: copied when the object is loaded, parsed at the first
 * connection, and never changed afterwards. */
#ifndef PGSEAL_SETTINGS_H
#define PGSEAL_SETTINGS_H

#include "lib/core/policy/policy.h"

#include <stdbool.h>

enum { SETTINGS_VARIABLES = 16, SETTINGS_POLICY_MAX = 1 << 20, SETTINGS_BYTES = 16384 };

/* What was found. Strings are in the struct, or in memory that is never freed. */
struct settings {
    const char *name;               /* the policy file's path; NULL: the variables apply */
    char path[POLICY_PATH_MAX + 1]; /* of a file that PGSEAL_POLICY names */
    char fault[POLICY_FAULT_MAX];   /* the file cannot be opened or trusted */
    char *bytes;                    /* the file's */
    size_t len;
    struct setting variables[SETTINGS_VARIABLES];
    size_t nvariables;
    size_t used; /* of words */
    char words[SETTINGS_BYTES];
};

/* Finds the settings; the caller has zeroed *s. If POLICY_FILE exists, it is used. Otherwise the
 * file that PGSEAL_POLICY names, else the PGSEAL_ variables; none in secure-execution mode
 * (AT_SECURE). The opened file must be a regular file of root or the effective user, not writable
 * by group or others. Returns whether there are settings. Does not parse. Calls neither malloc nor
 * stdio. Keeps errno. */
bool settings_read(struct settings *s);

/* Uses this file and nothing else; the caller has zeroed *s, and path must outlive it. The same
 * checks as in settings_read; a missing file is a fault. Keeps errno. */
void settings_read_file(struct settings *s, const char *path);

/* Parses what was read into *p, which points into *s and changes it. Keeps errno. */
void settings_parse(struct settings *s, struct policy *p);

/* Reads the process's own settings, once: in the constructor, or in a hook that is called earlier.
 * Keeps errno; not async-signal-safe. */
void settings_load(void);

/* Writes the numbers of the descriptors above 2 that these settings mention ("/fd/3"), at most max.
 * Returns how many. Keeps errno. */
size_t settings_descriptors(int *fds, size_t max);

/* The process's policy, parsed at the first call. Never NULL, never changed, never freed. Without
 * memory, it is one that refuses all connections. Lock-free: two threads may both parse, and one
 * result is kept. Keeps errno. */
const struct policy *settings_policy(void);

#endif
