/* pgseal impostor: runs COMMAND against servers that it must not trust, and shows what it told
 * them. */
#include "cli/impostor/impostor.h"
#include "cli/lib/safe.h"

#include "cli/commands.h"
#include "cli/impostor/expand.h"
#include "cli/lib/atomic.h"
#include "cli/lib/term.h"

#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
        complain("cannot generate random numbers");
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

/* Returns false if it could not be done. */
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
        r->reason = xprintf("no connection was made to %s port %u", im->host, im->port);
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
            complain("%s", reason);
            status = STATUS_USAGE;
        }
        free(reason);
        free(text);
    }
    return status;
}

int command_impostor(int argc, char **argv)
{
    struct options options = {.name = "localhost", .timeout = 30};
    struct result results[TRIALS] = {0};
    options_parse(&options, argc, argv);
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
