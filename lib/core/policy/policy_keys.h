/* policy_keys: the settings one by one: their names, where they may stand, what values they take.
 * Internal to policy*.c; included by no other file. */
#ifndef PGSEAL_POLICY_KEYS_H
#define PGSEAL_POLICY_KEYS_H

#include "lib/core/policy/policy.h"

enum { POLICY_RULES = 4096, POLICY_NAME_MAX = 255 }; /* most sections; longest verify_as */

/* In the order of their variables, whose place in it (from 1) is the "line" that a value came
 * from. */
enum key {
    KEY_MODE,
    KEY_ROOT,
    KEY_CRL,
    KEY_SOCKETS,
    KEY_CANCEL,
    KEY_LOG,
    KEY_LEVEL,
    KEY_UNLISTED,
    KEY_VERIFY_AS,
    KEY_EXEMPT,
    KEY_UNTIL,
    KEYS,
    NO_KEY
};

struct parsing {
    struct policy *p;
    struct rule *rule; /* the section's, or &p->global */
    int line;
    bool environment;
    unsigned seen;  /* bit per key: it stood in this section already */
    int until_line; /* of exempt_until in this section, or 0 */
};

/* Which key has this name, in a file or as a variable; NO_KEY. */
enum key key_named(const char *name);
enum key key_of_variable(const char *name);

/* The variable of the n-th key (from 1), or NULL. */
const char *key_variable(int n);

/* Sets the policy's fault, unless it has one: "file:line: key" or "environment: PGSEAL_KEY" (key
 * NULL: no key), message, reason (NULL: none) and the value in quotes (NULL: none). What follows a
 * "; " in reason is advice and comes after the value. A key or value that may hold a secret is
 * shown as (hidden); control bytes become '?', and a long value is cut. Returns whether the fault
 * was set: then parsing_advise may add to it. */
bool parsing_fault(struct parsing *x, const char *key, const char *message, const char *reason,
                   const char *value);

/* Appends to the fault that parsing_fault has just set: what to write instead. */
void parsing_advise(struct parsing *x, const char *advice);

/* Appends the keys that are valid here, or the variables. */
void parsing_advise_names(struct parsing *x);

/* Sets key in x->rule and x->p from value, which must outlive the policy; or a fault: it is not
 * valid here, was set here before, is empty or wrong. */
void key_set(struct parsing *x, enum key key, const char *value);

/* The same for a pin: option is what option_known() returned. */
void key_pin(struct parsing *x, const char *option, const char *value);

/* What can be said only at a section's end. */
void key_section_end(struct parsing *x);

/* Empties p and gives it the defaults. */
void policy_defaults(struct policy *p, const char *name);

#endif
