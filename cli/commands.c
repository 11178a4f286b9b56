/* commands: the one table of pgseal's subcommands. */
#include "cli/commands.h"

#include <stddef.h>

const struct command commands[] = {
    {"ca", "inspect a file of root certificates or CRLs, and fetch one", command_ca},
    {"check", "check what a server supports, or whether the hooks fire", command_check},
    {"explain", "show what a connection string asks for and what is enforced", command_explain},
    {"impostor", "show what a client tells servers that it must not trust", command_impostor},
    {"report", "summarise the log: who asks for less, what would break", command_report},
    {"scan", "show how programs reach PostgreSQL, and if pgseal covers them", command_scan},
    {NULL, NULL, NULL},
};
