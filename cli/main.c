/* pgseal, the operator's tool: finds the subcommand and runs it. */
#include "cli/commands.h"
#include "cli/lib/safe.h"
#include "cli/lib/term.h"
#include "cli/lib/util.h"

#include <argp.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *argp_program_version = "pgseal " PGSEAL_VERSION;

static const struct command *find(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0) {
            return c;
        }
    }
    return NULL;
}

static void usage(FILE *file)
{
    fputs("Usage: pgseal COMMAND [OPTION...]\n"
          "Inspects and tests what pgseal enforces on libpq connections.\n\n",
          file);
    for (const struct command *c = commands; c->name != NULL; c++) {
        fprintf(file, "  %-10s %s\n", c->name, c->summary);
    }
    fputs("  help       show this, or the help of a command\n\n"
          "  -?, --help     show this\n"
          "  -V, --version  show the version\n\n"
          "`pgseal COMMAND --help` and pgseal(1) say more. Every command has --json.\n"
          "Exit status: 0 fine, 1 found something, 2 wrong usage or an error.\n",
          file);
}

static int run(const struct command *command, int argc, char **argv)
{
    char *name = xprintf("pgseal %s", command->name);
    argv[0] = name;
    int status = command->run(argc, argv);
    free(name);
    return status;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    argp_err_exit_status = STATUS_USAGE;
    term_watch_exit();
    const char *word = argc > 1 ? argv[1] : NULL;
    if (word == NULL) {
        usage(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts(argp_program_version);
        return STATUS_OK;
    }
    bool help = strcmp(word, "help") == 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 || strcmp(word, "-h") == 0 ||
        (help && argc == 2)) {
        usage(stdout);
        return STATUS_OK;
    }
    const struct command *command = find(help ? argv[2] : word);
    if (command == NULL) {
        complain("unknown command \"%s\"; `pgseal help` lists the commands", help ? argv[2] : word);
        return STATUS_USAGE;
    }
    if (help) {
        char option[] = "--help";
        char *help_argv[] = {argv[0], option, NULL};
        return run(command, 2, help_argv);
    }
    return run(command, argc - 1, argv + 1);
}
