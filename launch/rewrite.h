/* rewrite: --rewrite-url, a connection string in a variable. */
#ifndef PGSEAL_LAUNCH_REWRITE_H
#define PGSEAL_LAUNCH_REWRITE_H

#include "launch/changes.h"

/* Rewrites the connection string in the variable so that it asks for verification against root
 * (NULL: no root is set). Ends the launcher (125) if the variable is not set, or if its value is
 * ambiguous. */
void rewrite_variable(const struct changes *c, const char *name, const char *root);

#endif
