/* check_static: whether a file is a static program. */
#ifndef PGSEAL_CLI_CHECK_STATIC_H
#define PGSEAL_CLI_CHECK_STATIC_H

#include <stdbool.h>

/* Whether the file at path is a program without a dynamic linker. What cannot be read is none. */
bool check_static(const char *path);

#endif
