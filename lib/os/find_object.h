/* find_object: where libpgseal.so and pgseal-run are: beside the program that asks, or
 * installed. */
#ifndef PGSEAL_FIND_OBJECT_H
#define PGSEAL_FIND_OBJECT_H

#include <stdbool.h>

/* Writes the path of the first libpgseal.so that is found into buf, of PATH_MAX bytes: in the
 * directory of the program whose path is given ("" for unknown), in the lib directory next to that,
 * in libdir, or in the usual places. False: not found. */
bool find_object(const char *own, const char *libdir, char *buf);

#endif
