/* rewrite: --rewrite-url, a connection string in a variable. */
#ifndef PGSEAL_LAUNCH_REWRITE_H
#define PGSEAL_LAUNCH_REWRITE_H

#include "launch/changes.h"

/* Rewrites the connection string in the variable so that it asks for verification against root
 * (NULL: none is named). Ends the launcher (125) where the variable is not set, or holds what
 * cannot be read without doubt. */
void rewrite_variable(const struct changes *c, const char *name, const char *root);

#endif
