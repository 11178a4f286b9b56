/* policy_check: finds the settings as the shim will, and reports at once what would make the shim
 * refuse connections. */
#ifndef PGSEAL_LAUNCH_POLICY_CHECK_H
#define PGSEAL_LAUNCH_POLICY_CHECK_H

#include "lib/core/policy/policy.h"

#include <stdbool.h>

struct checked {
    const struct policy *policy; /* as it was parsed */
    bool installed;              /* /etc/pgseal/policy.conf is in force; variables are ignored */
    bool from_file;              /* a policy file is in force: that one, or PGSEAL_POLICY's */
    const char *root; /* the root file outside all sections; NULL for sslrootcert = program, or if
                         there is none */
};

/* Reads the settings with the code that libpgseal.so uses when it is loaded. The environment must
 * be as the program will have it. Does not judge them. */
void policy_find(struct checked *c);

/* Parses the settings and judges every root and CRL file in them. Fills in policy and root. Ends
 * the launcher (125), with the shim's own text, if the shim would refuse connections. What the shim
 * only logs, in audit mode, is a warning. So is a missing system bundle if no root is named: the
 * program may never connect, and the shim refuses each connection. */
void policy_judge(struct checked *c);

#endif
