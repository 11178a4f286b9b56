/* find_object: finds libpgseal.so beside the calling program, or where it was installed. */
#ifndef PGSEAL_FIND_OBJECT_H
#define PGSEAL_FIND_OBJECT_H

#include <stdbool.h>

/* Writes the path of the first libpgseal.so into buf, of PATH_MAX bytes. Searched are the directory
 * of own (the calling program's path, "" if unknown), ../lib and ../lib/pgseal from there, libdir,
 * and the usual places. Returns false if there is none. */
bool find_object(const char *own, const char *libdir, char *buf);

#endif
