/* preload: LD_PRELOAD as the program will see it, and what else is preloaded. */
#ifndef PGSEAL_LAUNCH_PRELOAD_H
#define PGSEAL_LAUNCH_PRELOAD_H

#include "launch/object.h"

#include <stdbool.h>

/* Puts the object first into LD_PRELOAD, but behind AddressSanitizer's runtime, and keeps what
 * stands there. If the object stands there already (by name, or as the same file) it stays where it
 * is, as an absolute path; another preload in front of it then gets a warning. */
void preload_set(struct object *o);

/* Whether /etc/ld.so.preload names a libpgseal.so of this version: o becomes that one then. */
bool preload_listed(struct object *o);

/* Refuses (125) where the program needs AddressSanitizer's runtime, which ends a program in which
 * it is not the first library, and nothing puts it first. `list` is what the loader printed. */
void preload_judge_sanitizer(const char *list);

/* Warns of each other preload that defines a symbol of libpq's. `list` is what the loader printed
 * (see proof.h): it tells which file a name without a slash became. */
void preload_judge_others(const struct object *o, const char *list);

#endif
