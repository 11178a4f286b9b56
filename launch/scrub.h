/* scrub: commands that clear the environment of the command that they start, or that no preload
 * reaches: where to put pgseal-run instead. */
#ifndef PGSEAL_LAUNCH_SCRUB_H
#define PGSEAL_LAUNCH_SCRUB_H

#include <stdbool.h>

/* Advice for a command with this path, "" where its name is none that is known. *always is set
 * where it drops the environment whatever its file is. Static text. */
const char *scrub_advice(const char *path, bool *always);

#endif
