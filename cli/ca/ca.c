/* pgseal ca: inspects a file of roots or CRLs, writes a cleaned copy, fetches a bundle. */
#include "cli/ca/ca.h"
#include "cli/commands.h"
#include "cli/lib/arguments.h"
#include "cli/lib/atomic.h"
#include "cli/lib/safe.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPT_JSON = 256, OPT_PRUNE, OPT_FETCH, OPT_SHA256, OPT_CACERT };

struct options {
    long days;
    bool json;
    bool brief;
    const char *prune;
    const char *url;
    const char *sha256;
    const char *output;
    const char *cacert;
    struct strings files;
};

static const struct argp_option option_table[] = {
    {"days", 'd', "N", 0, "Report certificates and CRLs that expire within N days (30)", 0},
    {"brief", 'b', NULL, 0, "Leave out everything that has no findings", 0},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 0},
    {"prune", OPT_PRUNE, "OUT", 0,
     "Write a copy of FILE to OUT, without expired, duplicate and unusable certificates", 1},
    {"fetch", OPT_FETCH, "URL", 0, "Inspect the contents of an https URL instead of FILE", 2},
    {"sha256", OPT_SHA256, "HEX", 0, "The expected SHA-256 of the download; required with --fetch",
     2},
    {"output", 'o', "FILE", 0, "Save the download as FILE, unless it is refused", 2},
    {"cacert", OPT_CACERT, "FILE", 0, "Root certificates for the download itself (the system's)",
     2},
    {0},
};

static const char doc[] =
    "Shows the contents of files of root certificates or CRLs, and any faults.\v"
    "A FILE of \"-\" is standard input. A download is refused, and the old FILE kept, if its "
    "SHA-256 does not match, if it contains anything but certificates, if a certificate cannot be "
    "parsed, is not a CA or is weak, or if none is valid today. Some expired certificates are no "
    "reason to refuse it.\n"
    "Exit status: 0 nothing found, or OUT or FILE was written or is up to date; 1 something found, "
    "or the download is refused; "
    "2 wrong usage, or a file or URL could not be read or written.";

static void check_usage(struct argp_state *state, struct options *options)
{
    bool fetch = options->url != NULL;
    if (!fetch && options->files.n == 0) {
        argp_error(state, "give a FILE");
    }
    if (fetch && options->files.n != 0) {
        argp_error(state, "--fetch reads no FILE; give the target with --output");
    }
    if (fetch && options->sha256 == NULL) {
        argp_error(state, "--fetch needs --sha256, or anyone could choose your roots");
    }
    if (!fetch && (options->sha256 != NULL || options->output != NULL || options->cacert != NULL)) {
        argp_error(state, "--sha256, --output and --cacert need --fetch");
    }
    if (options->prune != NULL && (options->output != NULL || options->files.n > 1)) {
        argp_error(state, "--prune takes one FILE, and no --output");
    }
    if (options->sha256 != NULL && (strlen(options->sha256) != 64 ||
                                    strspn(options->sha256, "0123456789abcdefABCDEF") != 64)) {
        argp_error(state, "--sha256 takes 64 hexadecimal digits");
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'd':
        options->days = argument_number(state, "--days", arg, 0, DAYS_MAX);
        return 0;
    case 'b':
        options->brief = true;
        return 0;
    case 'o':
        options->output = arg;
        return 0;
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_PRUNE:
        options->prune = arg;
        return 0;
    case OPT_FETCH:
        options->url = arg;
        return 0;
    case OPT_SHA256:
        options->sha256 = arg;
        return 0;
    case OPT_CACERT:
        options->cacert = arg;
        return 0;
    case ARGP_KEY_ARG:
        strings_take(&options->files, xstrdup(arg));
        return 0;
    case ARGP_KEY_END:
        check_usage(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What was done, besides looking. */
struct outcome {
    const char *action; /* "checked", "written", "unchanged", "refused", "failed" */
    const char *path;
    char *reason; /* owned */
    int status;
};

static void load(struct ca_file *file, const char *name, const struct options *options)
{
    struct bytes bytes = {0};
    if (bytes_load(name, CA_FILE_MAX, &bytes) != 0) {
        *file = (struct ca_file){.name = xstrdup(name), .error = xstrdup(strerror(errno))};
        return;
    }
    ca_parse(file, name, bytes);
    if (strcmp(name, "-") != 0) {
        ca_ask_object(file, name);
    }
    ca_judge(file, time(NULL), options->days);
}

static void outcome_failed(struct outcome *outcome, int status, char *reason)
{
    outcome->action = status == STATUS_FOUND ? "refused" : "failed";
    outcome->status = status;
    outcome->reason = reason;
}

/* What the file that is to be written has now; false: nothing that could be kept. Of a pipe or a
 * terminal (/dev/stdout) nothing is read: that could wait forever. */
static bool load_target(const char *path, struct bytes *old)
{
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           bytes_load(path, CA_FILE_MAX, old) == 0;
}

/* Writes unless these very bytes are there already: a read-only directory is then no failure. */
static void put(struct outcome *outcome, const char *path, const struct bytes *bytes)
{
    struct bytes old = {0};
    outcome->path = path;
    outcome->status = STATUS_OK;
    bool same =
        load_target(path, &old) && old.n == bytes->n && memcmp(old.at, bytes->at, bytes->n) == 0;
    free(old.at);
    outcome->action = same ? "unchanged" : "written";
    char *reason = same ? NULL : atomic_write(path, bytes->at, bytes->n);
    if (reason != NULL) {
        outcome_failed(outcome, STATUS_USAGE, reason);
    }
}

static void prune(struct outcome *outcome, const struct ca_file *file, const char *path)
{
    outcome->path = path;
    struct bytes kept = ca_pruned(file);
    if (kept.n == 0) {
        outcome_failed(outcome, STATUS_FOUND, xstrdup("no certificate would be left"));
    } else {
        put(outcome, path, &kept);
    }
    free(kept.at);
}

/* Fills file with what --fetch is about: the target itself where it already has the checksum, else
 * the download. */
static char *fetch(struct ca_file *file, const struct options *options)
{
    struct bytes bytes = {0};
    char digest[65];
    char *shown = ca_url_shown(options->url);
    char *reason = NULL;
    bool there = options->output != NULL && load_target(options->output, &bytes);
    if (there) {
        sha256_hex(bytes.at, bytes.n, digest);
        there = strcasecmp(digest, options->sha256) == 0;
    }
    if (!there) {
        free(bytes.at);
        reason = ca_fetch(options->url, options->cacert, &bytes);
    }
    if (reason == NULL) {
        ca_parse(file, shown, bytes);
        ca_judge(file, time(NULL), options->days);
    }
    free(shown);
    return reason;
}

static void keep_or_refuse(struct outcome *outcome, const struct ca_file *file,
                           const struct options *options)
{
    char *reason = NULL;
    outcome->path = options->output != NULL ? options->output : options->prune;
    if (strcasecmp(file->sha256, options->sha256) != 0) {
        reason = xprintf("its SHA-256 is %s, not %s", file->sha256, options->sha256);
    } else {
        reason = ca_refusal(file);
    }
    if (reason != NULL) {
        outcome_failed(outcome, STATUS_FOUND, reason);
    } else if (options->prune != NULL) {
        prune(outcome, file, options->prune);
    } else if (options->output != NULL) {
        put(outcome, options->output, &file->bytes);
    } else {
        outcome->status = ca_found(file) ? STATUS_FOUND : STATUS_OK;
    }
}

static void print(const struct options *options, const struct ca_file *files, size_t n,
                  const struct outcome *outcome)
{
    struct out out = term_start(stdout);
    if (options->json) {
        json_t *root = json_object();
        json_t *array = json_array();
        json_object_set_new(root, "schema", json_string("pgseal-ca/1"));
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(array, ca_json(&files[i]));
        }
        json_object_set_new(root, "files", array);
        json_object_set_new(root, "action", json_string(outcome->action));
        term_json_set(root, "path", outcome->path);
        term_json_set(root, "reason", outcome->reason);
        term_json(root);
    } else {
        for (size_t i = 0; i < n; i++) {
            if (files[i].error == NULL) {
                ca_show(&out, &files[i], options->brief);
            }
        }
        if (outcome->path != NULL && outcome->reason == NULL) {
            char *text = xprintf("%s: %s", outcome->path, outcome->action);
            term_field(&out, 0, "", 0, PAINT_GREEN, text);
            free(text);
        }
    }
    fflush(stdout);
    for (size_t i = 0; i < n; i++) {
        if (files[i].error != NULL) {
            complain("%s: %s", files[i].name, files[i].error);
        }
    }
    bool refused = outcome->status == STATUS_FOUND;
    if (outcome->reason != NULL && outcome->path != NULL) {
        complain("%s: %s: %s; nothing was changed", refused ? files[0].name : outcome->path,
                 refused ? "refused" : "not written", outcome->reason);
    } else if (outcome->reason != NULL) {
        complain("%s%s%s", refused ? files[0].name : "", refused ? ": refused: " : "",
                 outcome->reason);
    }
}

int command_ca(int argc, char **argv)
{
    static const struct argp argp = {
        option_table, parse, "FILE...\n--fetch URL --sha256 HEX", doc, NULL, NULL, NULL};
    struct options options = {.days = 30};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct outcome outcome = {.action = "checked"};
    size_t n = options.url != NULL ? 1 : options.files.n;
    struct ca_file *files = xcalloc(n, sizeof *files);
    char *unfetched = NULL;
    if (options.url != NULL) {
        unfetched = fetch(&files[0], &options);
        if (unfetched == NULL) {
            keep_or_refuse(&outcome, &files[0], &options);
        } else {
            n = 0;
            outcome.path = options.output != NULL ? options.output : options.prune;
            outcome_failed(&outcome, STATUS_USAGE, unfetched);
        }
    }
    for (size_t i = 0; i < options.files.n; i++) {
        load(&files[i], options.files.at[i], &options);
        if (files[i].error != NULL) {
            outcome.status = STATUS_USAGE;
        } else if (ca_found(&files[i]) && outcome.status == STATUS_OK) {
            outcome.status = STATUS_FOUND;
        }
    }
    if (options.url == NULL && options.prune != NULL && files[0].error == NULL) {
        prune(&outcome, &files[0], options.prune);
    }
    print(&options, files, n, &outcome);
    for (size_t i = 0; i < n; i++) {
        ca_free(&files[i]);
    }
    free(files);
    free(outcome.reason);
    strings_free(&options.files);
    return term_finish(outcome.status);
}
