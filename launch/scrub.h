/* scrub: commands that clear the environment of the program that they start, or that no preload
 * reaches, and where to put pgseal-run instead. */
#ifndef PGSEAL_LAUNCH_SCRUB_H
#define PGSEAL_LAUNCH_SCRUB_H

#include <stdbool.h>

/* Advice for the command with this path; "" if its name is not a known one. Sets *always if it
 * clears the environment whatever kind of file it is. Static text. */
const char *scrub_advice(const char *path, bool *always);

#endif
