/* policy_check: finds the settings as the shim will, and reports at once what the shim would
 * refuse. */
#ifndef PGSEAL_LAUNCH_POLICY_CHECK_H
#define PGSEAL_LAUNCH_POLICY_CHECK_H

#include "lib/core/policy/policy.h"

#include <stdbool.h>

struct checked {
    const struct policy *policy; /* as it was parsed */
    bool installed;              /* /etc/pgseal/policy.conf is in force, and no variable counts */
    bool from_file;              /* a policy file is in force, that one or PGSEAL_POLICY's */
    const char *root; /* the root file outside all sections; NULL where the program names its own,
                         or there is none */
};

/* Reads the settings from the same places, by the same code, as libpgseal.so does at load: the
 * environment must be as the program will have it. Does not judge yet. */
void policy_find(struct checked *c);

/* Parses what was found and judges every root and CRL file that it names. Does not return (status
 * 125, with the shim's own text) where the shim would refuse connections for it. What it would only
 * log, in audit mode, is a warning; so is a default root (nothing named one) that this system does
 * not have: the program may never connect, and each connection is refused by the shim. Fills in
 * policy and root. */
void policy_judge(struct checked *c);

#endif
