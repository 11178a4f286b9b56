/* commands: the one table of pgseal's subcommands. */
#ifndef PGSEAL_CLI_COMMANDS_H
#define PGSEAL_CLI_COMMANDS_H

struct command {
    const char *name;
    const char *summary;
    /* argv[0] is "pgseal NAME". Returns the exit status of util.h; argp exits by itself on --help
     * and wrong usage. */
    int (*run)(int argc, char **argv);
};

/* Ends with a row whose name is NULL. */
extern const struct command commands[];

int command_ca(int argc, char **argv);
int command_check(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_impostor(int argc, char **argv);
int command_report(int argc, char **argv);
int command_scan(int argc, char **argv);

#endif
