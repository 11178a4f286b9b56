/* find_object: where libpgseal.so and pgseal-run are: beside the program that asks, or
 * installed. */
#ifndef PGSEAL_FIND_OBJECT_H
#define PGSEAL_FIND_OBJECT_H

#include <stdbool.h>

/* Writes the path of the first libpgseal.so that there is into buf, of PATH_MAX bytes: beside the
 * program whose own path is given ("" for unknown), in the lib directory beside that, in libdir, or
 * in the usual places. False where there is none. */
bool find_object(const char *own, const char *libdir, char *buf);

#endif
