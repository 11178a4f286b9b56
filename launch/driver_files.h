/* driver_files: files that drivers need besides variables: several roots in one file, and pgjdbc's
 * defaults. */
#ifndef PGSEAL_LAUNCH_DRIVER_FILES_H
#define PGSEAL_LAUNCH_DRIVER_FILES_H

#include "launch/changes.h"

/* Sets the variable, which adds roots to a driver's own, to root. If it names another file, sets it
 * to a new file with the certificates of both; if they cannot be combined, to root alone, and logs
 * why. */
void driver_extra_root(const struct changes *c, const char *name, const char *root,
                       const char *reason);

/* Writes pgjdbc's driverconfig.properties (sslmode, gssEncMode and, if root is not NULL,
 * sslrootcert) and adds its directory to the boot class path in the variable. If it cannot be
 * written and the machine seems to have Java, prints a warning. */
void driver_java(const struct changes *c, const char *name, const char *root);

#endif
