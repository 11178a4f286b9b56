/* driver_files: what a variable alone cannot tell a driver: roots combined in one file, and
 * pgjdbc's defaults. */
#ifndef PGSEAL_LAUNCH_DRIVER_FILES_H
#define PGSEAL_LAUNCH_DRIVER_FILES_H

#include "launch/changes.h"

/* Sets the variable, which adds roots, to root. If it names another file already, to a new file
 * that holds both; where that cannot be, root alone, with a line of the log that says why. */
void driver_extra_root(const struct changes *c, const char *name, const char *root,
                       const char *reason);

/* Writes pgjdbc's driverconfig.properties (sslmode, sslrootcert where root is not NULL, gssEncMode)
 * and adds its directory to the boot class path in the variable. If it cannot be written, a warning
 * on a machine that seems to have Java. */
void driver_java(const struct changes *c, const char *name, const char *root);

#endif
