/* settings: copied when the object is loaded, parsed at the first connection, never changed
 * afterwards. */
#ifndef PGSEAL_SETTINGS_H
#define PGSEAL_SETTINGS_H

#include "lib/core/policy/policy.h"

#include <stdbool.h>

enum { SETTINGS_VARIABLES = 16, SETTINGS_POLICY_MAX = 1 << 20, SETTINGS_BYTES = 16384 };

/* What was found at load. Strings live in the struct or in memory that is never freed. */
struct settings {
    const char *name;               /* the policy file's path, or NULL: the variables count */
    char path[POLICY_PATH_MAX + 1]; /* of a file that PGSEAL_POLICY names */
    char fault[POLICY_FAULT_MAX];   /* the file cannot be opened or trusted */
    char *bytes;                    /* the file's */
    size_t len;
    struct setting variables[SETTINGS_VARIABLES];
    size_t nvariables;
    size_t used; /* of words */
    char words[SETTINGS_BYTES];
};

/* Finds the settings (*s is zeroed by the caller): POLICY_FILE; only where that does not exist
 * PGSEAL_POLICY; else the PGSEAL_ variables (none in secure-execution mode, AT_SECURE). Judges the
 * opened descriptor: a regular file of root's or the effective user's, not writable by group or
 * others. Returns whether there are any. Does not parse. Enters neither malloc nor stdio. Keeps
 * errno. */
bool settings_read(struct settings *s);

/* Takes the policy from this file and nowhere else (*s is zeroed by the caller, path must outlive
 * it), judged as settings_read judges; that it does not exist is a fault. Keeps errno. */
void settings_read_file(struct settings *s, const char *path);

/* Parses what was read. s must outlive p and is changed by it. Keeps errno. */
void settings_parse(struct settings *s, struct policy *p);

/* The shim's own: copies once (the constructor calls it; an earlier hook may have). Keeps errno;
 * not async-signal-safe. */
void settings_load(void);

/* The numbers of descriptors that the settings name ("/fd/3"), whatever for, as copied by
 * settings_load; at most max. Returns how many. Keeps errno. */
size_t settings_descriptors(int *fds, size_t max);

/* The process's policy, parsed at the first call, never NULL, never changed. Without memory for it:
 * one that refuses all. Lock-free: two threads may both parse, one result is kept. Keeps errno. */
const struct policy *settings_policy(void);

#endif
