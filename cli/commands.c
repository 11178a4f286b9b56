/* commands: the one table of pgseal's subcommands. */
#include "cli/commands.h"

#include <stddef.h>

const struct command commands[] = {
    {"ca", "what is in a file of roots or CRLs, and what is wrong with it", command_ca},
    {"check", "whether a server can be sealed, or whether the hooks fire", command_check},
    {"explain", "what a connection string asks for, what is enforced, and why", command_explain},
    {"impostor", "what a client tells servers that it must not trust", command_impostor},
    {"report", "what the logs say: who asks for less, what would break", command_report},
    {"scan", "how programs reach PostgreSQL, and whether pgseal covers them", command_scan},
    {NULL, NULL, NULL},
};
