/* pgseal impostor: runs COMMAND against servers that it must not trust, and shows what it told
 * them. */
#include "cli/impostor/impostor.h"

#include "cli/commands.h"
#include "cli/impostor/expand.h"
#include "cli/lib/atomic.h"
#include "cli/lib/term.h"

#include <argp.h>
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

struct options {
    bool json, show, keep_going, crl;
    bool some; /* --trial was given */
    bool asked[TRIALS];
    double timeout;
    unsigned short port;
    const char *name, *output, *junit;
    struct strings env; /* as given */
    char **command;
};

static const struct argp_option option_table[] = {
    {"env", OPT_ENV, "NAME=VALUE", 0, "Set a variable for COMMAND; may be repeated", 0},
    {"name", OPT_NAME, "NAME", 0,
     "The server's name (localhost); it must resolve to loopback addresses", 0},
    {"port", OPT_PORT, "N", 0, "The port (a free one)", 0},
    {"crl", OPT_CRL, NULL, 0,
     "Also run the trial \"revoked\": COMMAND is given the CRL as {crl}, or in PGSSLCRL where "
     "{crl} "
     "is not used",
     0},
    {"trial", OPT_TRIAL, "NAME[,...]", 0,
     "Run only these: genuine (always), no-tls, self-signed, foreign-ca, wrong-name, expired, "
     "not-yet-valid, revoked, old-tls, stripped",
     1},
    {"timeout", OPT_TIMEOUT, "SECONDS", 0, "End COMMAND after that long in each trial (30)", 1},
    {"keep-going", OPT_KEEP_GOING, NULL, 0, "Run the other trials even if the control fails", 1},
    {"show", OPT_SHOW, NULL, 0, "Show what was told in full: user, password, query", 2},
    {"output", OPT_OUTPUT, "DIR", 0, "Write what COMMAND prints in each trial to DIR/TRIAL.out", 2},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 2},
    {"junit", OPT_JUNIT, "FILE", 0, "Also write a JUnit report", 2},
    {0},
};

static const char doc[] =
    "Runs COMMAND once against each of a row of servers on loopback: a genuine one as the control, "
    "then impostors. Shows what COMMAND told them, and whether in clear or inside TLS.\v"
    "COMMAND finds the server by PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLROOTCERT, "
    "or by {host}, {port}, {user}, {password}, {dbname}, {root}, {crl} and {url} in its arguments "
    "and in --env. PGSSLMODE is left as it is: that is what is tested.\n"
    "Exit status: 0 the control passed and no impostor was told anything; 1 one was told "
    "something, or the genuine server in clear; 2 the control failed, a trial timed out, wrong "
    "usage, or it could not be done.";

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

static void parse_port(struct argp_state *state, const char *arg, struct options *options)
{
    char *end = NULL;
    long port = strtol(arg, &end, 10);
    if (arg[strspn(arg, "0123456789")] != '\0' || end == arg || port < 1 || port > 65535) {
        argp_error(state, "--port takes a number from 1 to 65535");
    }
    options->port = (unsigned short)port;
}

static void parse_end(struct argp_state *state, struct options *options)
{
    if (options->command == NULL) {
        argp_error(state, "name a COMMAND");
    }
    if (options->asked[TRIAL_REVOKED] && !options->crl) {
        argp_error(state,
                   "the trial \"revoked\" needs --crl: COMMAND must have been given the CRL");
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
        parse_port(state, arg, options);
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

/* --- what is made for a run, and removed after it */

static char *made; /* the directory, removed at exit */

static void remove_made(void)
{
    static const char *const files[] = {"root.pem", "crl.pem"};
    if (made == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = xprintf("%s/%s", made, files[i]);
        unlink(path);
        free(path);
    }
    rmdir(made);
    free(made);
    made = NULL;
}

/* Holds nothing secret, and COMMAND may run as another user: it can be entered, not listed. */
static char *directory_make(void)
{
    const char *tmp = getenv("TMPDIR");
    char *path = xprintf("%s/pgseal-impostor.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
    if (mkdtemp(path) == NULL || chmod(path, 0711) != 0) {
        complain("%s: %s", path, strerror(errno));
        exit(STATUS_USAGE);
    }
    made = xstrdup(path);
    atexit(remove_made);
    return path;
}

/* A word that no program has by chance: what is told can only come from COMMAND. */
static char *random_word(const char *prefix)
{
    unsigned char bytes[12];
    char word[2 * sizeof bytes + 1];
    if (RAND_bytes(bytes, sizeof bytes) != 1) {
        complain("no random numbers");
        exit(STATUS_USAGE);
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        sprintf(word + 2 * i, "%02x", bytes[i]);
    }
    return xprintf("%s%s", prefix, word);
}

static void expand_all(struct impostor *im, const struct options *options)
{
    char *port = xprintf("%u", im->port);
    char *url = url_make(im->user, im->password, im->host, im->port, im->dbname);
    const struct placeholder table[] = {
        {"host", im->host},         {"port", port},     {"user", im->user},
        {"password", im->password}, {"root", im->root}, {"dbname", im->dbname},
        {"crl", im->crl},           {"url", url},       {NULL, NULL},
    };
    bool uses_crl = false;
    size_t n = 0;
    while (options->command[n] != NULL) {
        n++;
    }
    im->command = xcalloc(n + 1, sizeof *im->command);
    for (size_t i = 0; i < n; i++) {
        uses_crl = uses_crl || expand_uses(options->command[i], "crl");
        im->command[i] = expand(options->command[i], table);
    }
    for (size_t i = 0; i < options->env.n; i++) {
        uses_crl = uses_crl || expand_uses(options->env.at[i], "crl");
        strings_take(&im->env, expand(options->env.at[i], table));
    }
    if (options->crl && !uses_crl) {
        strings_take(&im->env, xprintf("PGSSLCRL=%s", im->crl));
    }
    free(port);
    free(url);
}

static void impostor_free(struct impostor *im)
{
    for (size_t i = 0; im->command != NULL && im->command[i] != NULL; i++) {
        free(im->command[i]);
    }
    for (size_t i = 0; i < im->nlisteners; i++) {
        close(im->listeners[i]);
    }
    char *const owned[] = {im->user, im->password, im->dbname, im->directory, im->root, im->crl};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        free(owned[i]);
    }
    free(im->command);
    free(im->listeners);
    strings_free(&im->env);
    pki_free(im->pki);
}

/* --- the run */

static void progress(size_t trial)
{
    if (isatty(STDERR_FILENO)) {
        if (trial < TRIALS) {
            fprintf(stderr, "\r\033[K%s: %s", trials[trial].name, trials[trial].server);
        } else {
            fputs("\r\033[K", stderr);
        }
        fflush(stderr);
    }
}

/* Ends as the signal would have ended us. */
static _Noreturn void die_of(int number)
{
    sigset_t set;
    remove_made();
    progress(TRIALS);
    sigemptyset(&set);
    sigaddset(&set, number);
    signal(number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    _exit(128 + number);
}

/* Returns false where it could not be done. */
static bool run_one(struct impostor *im, size_t trial, struct result *r)
{
    progress(trial);
    char *reason = trial_run(im, &trials[trial], r);
    if (r->interrupted != 0) {
        die_of(r->interrupted);
    }
    progress(TRIALS);
    if (reason != NULL) {
        complain("%s", reason);
        free(reason);
        return false;
    }
    if (r->connections == 0 && r->reason == NULL) {
        r->reason = xprintf("no connection came to %s port %u", im->host, im->port);
    }
    r->verdict = verdict_of(&trials[trial], r);
    return true;
}

/* A client that refuses to send a password in clear is asked for SCRAM, here and later. */
static bool run_control(struct impostor *im, struct result *r)
{
    if (!run_one(im, TRIAL_GENUINE, r)) {
        return false;
    }
    if (!r->in && r->left_at_password && !r->timed_out) {
        double seconds = r->seconds;
        result_free(r);
        im->scram = true;
        if (!run_one(im, TRIAL_GENUINE, r)) {
            return false;
        }
        r->seconds += seconds;
    }
    im->scram = r->in_scram;
    return true;
}

static bool run_all(struct impostor *im, const struct options *options,
                    struct result results[TRIALS])
{
    if (!run_control(im, &results[TRIAL_GENUINE])) {
        return false;
    }
    if (!results[TRIAL_GENUINE].in && !options->keep_going) {
        return true;
    }
    for (size_t i = TRIAL_GENUINE + 1; i < TRIALS; i++) {
        if (options->asked[i] && !run_one(im, i, &results[i])) {
            return false;
        }
    }
    return true;
}

/* Returns the exit status. */
static int report(const struct impostor *im, const struct options *options,
                  const struct result results[TRIALS])
{
    int status = status_of(results);
    if (options->json) {
        term_json(impostor_json(im, results, options->show));
    } else {
        impostor_show(im, results, options->show);
    }
    if (options->junit != NULL) {
        char *text = junit_make(results, options->asked);
        char *reason = atomic_write(options->junit, text, strlen(text));
        if (reason != NULL) {
            complain("%s: %s", options->junit, reason);
            status = STATUS_USAGE;
        }
        free(reason);
        free(text);
    }
    return status;
}

int command_impostor(int argc, char **argv)
{
    static const struct argp argp = {option_table, parse, "-- COMMAND [ARG...]", doc, NULL,
                                     NULL,         NULL};
    struct options options = {.name = "localhost", .timeout = 30};
    struct result results[TRIALS] = {0};
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
    struct impostor im = {
        .host = options.name,
        .port = options.port,
        .timeout = options.timeout,
        .output = options.output,
    };
    int status = STATUS_USAGE;
    char *reason = listen_start(&im);
    if (reason == NULL && im.output != NULL && mkdir(im.output, 0777) != 0 && errno != EEXIST) {
        reason = xprintf("%s: %s", im.output, strerror(errno));
    }
    if (reason != NULL) {
        complain("%s", reason);
        free(reason);
    } else {
        im.user = random_word("u");
        im.password = random_word("p");
        im.dbname = random_word("d");
        im.directory = directory_make();
        im.root = xprintf("%s/root.pem", im.directory);
        im.crl = xprintf("%s/crl.pem", im.directory);
        im.pki = pki_make(im.host, im.directory);
        expand_all(&im, &options);
        if (run_all(&im, &options, results)) {
            status = report(&im, &options, results);
        }
    }
    for (size_t i = 0; i < TRIALS; i++) {
        result_free(&results[i]);
    }
    strings_free(&options.env);
    impostor_free(&im);
    remove_made();
    return term_finish(status);
}
