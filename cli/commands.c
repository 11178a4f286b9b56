/* commands: the one table of pgseal's subcommands. */
#include "commands.h"

#include <stddef.h>

const struct command commands[] = {
    {"ca", "what is in a file of roots or CRLs, and what is wrong with it", command_ca},
    {"scan", "how programs reach PostgreSQL, and whether pgseal covers them", command_scan},
    {NULL, NULL, NULL},
};
