/* options: the command line of `pgseal impostor`. */
#include "cli/impostor/impostor.h"
#include "cli/lib/arguments.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_NAME = 256,
    OPT_PORT,
    OPT_TRIAL,
    OPT_KEEP_GOING,
    OPT_SHOW,
    OPT_OUTPUT,
    OPT_JSON,
    OPT_JUNIT,
    OPT_CRL,
    OPT_ENV,
    OPT_TIMEOUT
};

static const struct argp_option option_table[] = {
    {"env", OPT_ENV, "NAME=VALUE", 0, "Set a variable for COMMAND; may be repeated", 0},
    {"name", OPT_NAME, "NAME", 0,
     "The server's name (localhost); it must resolve to loopback addresses", 0},
    {"port", OPT_PORT, "N", 0, "The port (a free one)", 0},
    {"crl", OPT_CRL, NULL, 0,
     "Also run the trial \"revoked\": COMMAND is given the CRL as {crl}, or in PGSSLCRL if {crl} "
     "is not used",
     0},
    {"trial", OPT_TRIAL, "NAME[,...]", 0,
     "Run only these trials: genuine (always), no-tls, self-signed, foreign-ca, wrong-name, "
     "expired, "
     "not-yet-valid, revoked, old-tls, stripped",
     1},
    {"timeout", OPT_TIMEOUT, "SECONDS", 0, "Stop COMMAND after this time in each trial (30)", 1},
    {"keep-going", OPT_KEEP_GOING, NULL, 0, "Run the other trials even if the control fails", 1},
    {"show", OPT_SHOW, NULL, 0, "Show what was told in full: user, password, query", 2},
    {"output", OPT_OUTPUT, "DIR", 0, "Write what COMMAND prints in each trial to DIR/TRIAL.out", 2},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 2},
    {"junit", OPT_JUNIT, "FILE", 0, "Also write a JUnit report", 2},
    {0},
};

static const char doc[] =
    "Runs COMMAND once against each of several servers on loopback: a genuine one as the control, "
    "then impostors. Shows what COMMAND told them, and whether in clear or inside TLS.\v"
    "COMMAND finds the server by PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLROOTCERT, "
    "or by {host}, {port}, {user}, {password}, {dbname}, {root}, {crl} and {url} in its arguments "
    "and in --env. PGSSLMODE is not changed, because it is part of what is tested.\n"
    "Exit status: 0 the control passed and no impostor was told anything; 1 an impostor was told "
    "something, or the genuine server was told something in clear; 2 the control failed, a trial "
    "timed out, wrong usage, or an error.";

static void parse_trials(struct argp_state *state, const char *list, struct options *options)
{
    while (*list != '\0') {
        size_t n = strcspn(list, ",");
        int trial = trial_find(list, n);
        if (trial < 0) {
            argp_error(state, "there is no trial \"%.*s\"", (int)n, list);
        } else {
            options->asked[trial] = true;
            options->some = true;
        }
        list += n + (list[n] == ',');
    }
}

static void parse_timeout(struct argp_state *state, const char *arg, struct options *options)
{
    char *end = NULL;
    options->timeout = strtod(arg, &end);
    if (arg[strspn(arg, "0123456789.")] != '\0' || end == arg || *end != '\0' ||
        !(options->timeout >= 0.1 && options->timeout <= 86400)) {
        argp_error(state, "--timeout takes a number of seconds from 0.1 to 86400");
    }
}

static void parse_end(struct argp_state *state, struct options *options)
{
    if (options->command == NULL) {
        argp_error(state, "give a COMMAND");
    }
    if (options->asked[TRIAL_REVOKED] && !options->crl) {
        argp_error(state, "the trial \"revoked\" needs --crl: COMMAND must be given the CRL");
    }
    for (size_t i = 0; i < TRIALS; i++) {
        bool wanted = i == TRIAL_REVOKED ? options->crl : !options->some;
        options->asked[i] = options->asked[i] || i == TRIAL_GENUINE || (!options->some && wanted);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPT_NAME:
        options->name = arg;
        return 0;
    case OPT_PORT:
        options->port = (unsigned short)argument_number(state, "--port", arg, 1, 65535);
        return 0;
    case OPT_TIMEOUT:
        parse_timeout(state, arg, options);
        return 0;
    case OPT_TRIAL:
        parse_trials(state, arg, options);
        return 0;
    case OPT_KEEP_GOING:
        options->keep_going = true;
        return 0;
    case OPT_SHOW:
        options->show = true;
        return 0;
    case OPT_OUTPUT:
        options->output = arg;
        return 0;
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_JUNIT:
        options->junit = arg;
        return 0;
    case OPT_CRL:
        options->crl = true;
        return 0;
    case OPT_ENV:
        if (arg[0] == '=' || strchr(arg, '=') == NULL) {
            argp_error(state, "--env takes NAME=VALUE");
        }
        strings_take(&options->env, xstrdup(arg));
        return 0;
    case ARGP_KEY_ARG:
        options->command = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    case ARGP_KEY_END:
        parse_end(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    static const struct argp argp = {option_table, parse, "-- COMMAND [ARG...]", doc, NULL,
                                     NULL,         NULL};
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, options);
}
