/* preload: LD_PRELOAD as the program will see it, and what else is preloaded. */
#ifndef PGSEAL_LAUNCH_PRELOAD_H
#define PGSEAL_LAUNCH_PRELOAD_H

#include "launch/object.h"

/* Puts the object first into LD_PRELOAD and keeps what stands there. Where the object stands there
 * already (by name, or as the same file) the variable stays as it is; a preload in front of it then
 * gets a warning. */
void preload_set(struct object *o);

/* Warns of each other preload that defines a symbol of libpq's. `list` is what the loader printed
 * (see proof.h): it tells which file a name without a slash became. */
void preload_judge_others(const struct object *o, const char *list);

#endif
