/* pgseal explain: what a connection string asks for, where each value comes from, what will be
 * enforced, and why. No network. */
#include "cli/commands.h"
#include "cli/explain/client_cert.h"
#include "cli/explain/preview.h"
#include "cli/lib/safe.h"
#include "cli/lib/term.h"
#include "cli/lib/util.h"
#include "lib/core/options/options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_JSON = 256, OPT_POLICY };

struct options {
    bool json;
    const char *policy;
    const char *conninfo;
};

static const struct argp_option option_table[] = {
    {"policy", OPT_POLICY, "FILE", 0, "Use this policy file and no other settings", 0},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 0},
    {0},
};

static const char doc[] =
    "Shows what a connection string asks for, where each value comes from, what pgseal enforces, "
    "and why. No network is used.\v"
    "CONNINFO is what a program passes to PQconnectdb: \"host=db user=app\" or a postgresql:// "
    "URI; "
    "\"\" leaves everything to the environment. The environment, service files and settings are "
    "used as they are on this machine.\n"
    "Exit status: 0 the connection would be sealed, is exempt or uses a Unix socket, and asks for "
    "no less; 1 it asks for less than the policy, or would be refused; 2 wrong usage, or libpq "
    "does not accept the string.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_POLICY:
        options->policy = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (options->conninfo != NULL) {
            argp_error(state, "give one CONNINFO, in quotes");
        }
        options->conninfo = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->conninfo == NULL) {
            argp_error(state, "give a CONNINFO (\"\" leaves everything to the environment)");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What this value asks for, in words; NULL if it asks for no less. */
static const char *less_text(const char *option, const char *value)
{
    static const struct {
        const char *option;
        const char *value; /* NULL: any */
        const char *text;
    } texts[] = {
        {"sslmode", "disable", "no TLS at all"},
        {"sslmode", "allow", "plaintext first, and no check of the server"},
        {"sslmode", "prefer", "plaintext if the server wants it, and no check of the server"},
        {"sslmode", "require", "TLS with no check of the server"},
        {"sslmode", "verify-ca", "no check of the server's name"},
        {"sslrootcert", NULL, "other roots than the policy's"},
        {"sslcrl", NULL, "a CRL file other than the one that counts"},
        {"sslcrldir", NULL, "a directory of CRLs"},
        {"gssencmode", NULL, "GSS encryption instead of TLS"},
        {"ssl_min_protocol_version", NULL, "older versions of TLS than the policy's minimum"},
        {"ssl_max_protocol_version", NULL, "only versions of TLS below the policy's minimum"},
        {"sslcompression", NULL, "compression inside TLS, which leaks"},
        {"sslkeylogfile", NULL, "the session's keys written to a file"},
        {"host", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].option, option) == 0 &&
            (texts[i].value == NULL || strcmp(texts[i].value, value) == 0)) {
            return texts[i].text;
        }
    }
    return "a value other than the one that the policy pins";
}

static const char *text_of(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s != NULL ? s : "";
}

static void because(json_t *reason, char *text)
{
    json_array_append_new(reason, term_json_text(text));
    free(text);
}

static void why_changes(const struct preview *q, json_t *reason)
{
    json_t *changes = json_object_get(q->line, "changes");
    char *filled = xstrdup("");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        json_t *change = json_array_get(changes, i);
        const char *option = text_of(change, "option");
        const char *value = text_of(change, "requested");
        const char *less = less_text(option, value);
        if (strcmp(text_of(change, "source"), "default") == 0) {
            char *more = xprintf("%s%s%s", filled, filled[0] != '\0' ? ", " : "", option);
            free(filled);
            filled = more;
        } else if (less != NULL && q->verdict.kind == VERDICT_DOWNGRADE) {
            because(reason, xprintf("%s = %s (%s) asks for %s.", option, value,
                                    text_of(change, "source"), less));
        }
    }
    if (q->verdict.kind == VERDICT_SEAL) {
        because(reason, xstrdup("Nothing asks for less than the policy."));
    }
    if (filled[0] != '\0') {
        because(reason, xprintf("Defaults are strengthened: %s.", filled));
    }
    free(filled);
    for (size_t i = 0; i < q->verdict.ndials; i++) {
        const struct dial *dial = &q->verdict.dials[i];
        because(reason,
                xprintf("verify_as: the connection goes to %s, and the certificate must name %s.",
                        preview_visible(q, "host", dial->host), dial->verify));
    }
}

/* The reasons for the verdict, as sentences. */
static json_t *why_of(const struct preview *q)
{
    const struct verdict *v = &q->verdict;
    const char *reason = q->fault != NULL ? q->fault : text_of(q->line, "reason");
    json_t *reasons = json_array();
    switch (v->kind) {
    case VERDICT_REFUSE:
        because(reasons, xstrdup(reason));
        break;
    case VERDICT_EXEMPT:
        because(
            reasons,
            xprintf("The policy exempts it: %s. Nothing is changed; each use is logged.", reason));
        break;
    case VERDICT_SOCKET:
        because(reasons,
                xstrdup(v->tcp ? "The list contains Unix sockets, which the policy allows, and "
                                 "hosts, which are sealed."
                               : "The connection uses a Unix socket, which the policy allows."));
        break;
    case VERDICT_DOWNGRADE:
    case VERDICT_SEAL:
        break;
    }
    if (v->kind != VERDICT_REFUSE && v->kind != VERDICT_EXEMPT) {
        why_changes(q, reasons);
        if (reason[0] != '\0') {
            because(reasons, xprintf("Note: %s.", reason));
        }
    }
    char *client = client_cert_sentence(q);
    if (client != NULL) {
        because(reasons, client);
    }
    if (v->mode == MODE_AUDIT && v->kind != VERDICT_EXEMPT && !v->fault && v->tcp) {
        because(reasons,
                xstrdup("mode = audit: nothing is changed; this is what enforce would do."));
    }
    if (request_cut(&q->probe.request)) {
        because(reasons,
                xstrdup("An @ in host, hostaddr, port or dbname: the URI was split in the wrong "
                        "place, so these values may contain parts of a password and are hidden. In "
                        "a password, write @ as %40 and / as %2F."));
    }
    if (q->probe.request.service && v->kind != VERDICT_REFUSE) {
        because(reasons,
                xstrdup("A service file is used: host, hostaddr and port are as read here."));
    }
    return reasons;
}

static char *rule_of(const struct preview *q)
{
    const char *where = text_of(q->line, "rule");
    const struct rule *rule = q->verdict.rule;
    if (rule != NULL && rule->pattern != NULL && where[0] != '\0') {
        return xprintf("%s [host %s]", where, rule->pattern);
    }
    return xstrdup(where[0] != '\0' ? where : preview_origin(q));
}

static const char *forced_value(const struct verdict *v, const char *option)
{
    for (size_t i = v->nforced; i > 0; i--) {
        if (strcmp(v->forced[i - 1].option, option) == 0) {
            return v->forced[i - 1].value;
        }
    }
    return NULL;
}

/* The value that libpq gets: the changed one, else the forced one, else the requested one. */
static const char *enforced_value(const struct preview *q, const char *option)
{
    const struct verdict *v = &q->verdict;
    const char *changed = json_string_value(json_object_get(preview_change(q, option), "enforced"));
    const char *forced = forced_value(v, option);
    if (v->kind == VERDICT_REFUSE) {
        return NULL;
    }
    if (changed != NULL) {
        return changed;
    }
    if (forced != NULL && !option_is_secret(option)) {
        return preview_visible(q, option, forced);
    }
    return preview_shown(q, option);
}

/* Every option that was asked for, or that is enforced. */
static json_t *options_of(const struct preview *q)
{
    json_t *array = json_array();
    for (size_t i = 0; q->probed && i < q->probe.request.noptions; i++) {
        const struct asked *a = &q->probe.request.options[i];
        const char *requested = preview_shown(q, a->name);
        json_t *change = preview_change(q, a->name);
        const char *source = change != NULL ? text_of(change, "source") : source_name(a->source);
        bool asked = strcmp(source, "default") != 0 && requested != NULL && requested[0] != '\0';
        bool changed = change != NULL;
        if (!asked && !changed && forced_value(&q->verdict, a->name) == NULL) {
            continue;
        }
        json_t *option = json_object();
        json_object_set_new(option, "option", json_string(a->name));
        term_json_set(option, "requested", requested);
        json_object_set_new(option, "source", json_string(source));
        term_json_set(option, "enforced", enforced_value(q, a->name));
        json_object_set_new(option, "changed", json_boolean(changed));
        json_array_append_new(array, option);
    }
    return array;
}

/* The log line without this run's own fields. */
static json_t *line_of(const struct preview *q)
{
    static const char *const own[] = {"time", "node", "pid", "uid", "exe"};
    json_t *line = json_copy(q->line);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        json_object_del(line, own[i]);
    }
    return line;
}

static const char *word_of(const struct preview *q)
{
    return q->rejection != NULL                ? "rejected"
           : q->verdict.kind == VERDICT_EXEMPT ? "exempt"
                                               : action_name(q->verdict.action);
}

static json_t *to_json(const struct preview *q)
{
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string("pgseal-explain/1"));
    json_object_set_new(root, "verdict", json_string(word_of(q)));
    term_json_set(root, "settings", preview_origin(q));
    term_json_set(root, "libpq", q->libpq.path);
    json_object_set_new(root, "libpq_version", json_integer(q->libpq.version));
    if (q->rejection != NULL) {
        term_json_set(root, "reason", q->rejection);
        return root;
    }
    char *rule = rule_of(q);
    term_json_set(root, "rule", rule);
    free(rule);
    json_object_set_new(root, "why", why_of(q));
    char *log = preview_log_fault(q);
    term_json_set(root, "log_fault", log);
    free(log);
    json_object_set_new(root, "options", options_of(q));
    json_object_set_new(root, "line", line_of(q));
    return root;
}

static enum paint paint_of(const struct verdict *v)
{
    return v->kind == VERDICT_REFUSE                                   ? PAINT_RED
           : v->kind == VERDICT_DOWNGRADE || v->kind == VERDICT_EXEMPT ? PAINT_YELLOW
                                                                       : PAINT_GREEN;
}

static void show(const struct preview *q)
{
    struct out out = term_start(stdout);
    const struct verdict *v = &q->verdict;
    term_field(&out, 0, "Verdict", 10, paint_of(v), word_of(q));
    char *rule = rule_of(q);
    term_field(&out, 0, "Rule", 10, PAINT_NONE, rule);
    free(rule);
    json_t *reason = why_of(q);
    for (size_t i = 0; i < json_array_size(reason); i++) {
        term_field(&out, 0, i == 0 ? "Why" : "", 10, PAINT_NONE,
                   json_string_value(json_array_get(reason, i)));
    }
    json_decref(reason);
    char *log = preview_log_fault(q);
    if (log != NULL) {
        term_field(&out, 0, "Log", 10, PAINT_YELLOW, log);
    }
    free(log);
    char *libpq = xprintf("%s (%d)", q->libpq.path, q->libpq.version);
    term_field(&out, 0, "libpq", 10, PAINT_DIM, libpq);
    free(libpq);
    json_t *options = options_of(q);
    struct table table = {.columns = 4, .head = {"Option", "Asked", "From", "Enforced"}};
    for (size_t i = 0; i < json_array_size(options); i++) {
        json_t *option = json_array_get(options, i);
        bool changed = json_is_true(json_object_get(option, "changed"));
        if (!changed && strcmp(text_of(option, "source"), "default") == 0 &&
            strcmp(text_of(option, "requested"), text_of(option, "enforced")) == 0) {
            continue; /* of interest to programs only */
        }
        const char *cells[] = {text_of(option, "option"), text_of(option, "requested"),
                               text_of(option, "source"), text_of(option, "enforced")};
        table_row(&table, changed ? PAINT_YELLOW : PAINT_NONE, cells);
    }
    if (table.rows > 0) {
        fputc('\n', stdout);
        table_print(&out, &table);
    }
    json_decref(options);
}

int command_explain(int argc, char **argv)
{
    static const struct argp argp = {option_table, parse, "CONNINFO", doc, NULL, NULL, NULL};
    struct options options = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct preview *q = preview_ask(options.conninfo, options.policy, ASKED_AS_IT_IS);
    int status = STATUS_OK;
    if (q->rejection != NULL) {
        status = STATUS_USAGE;
    } else if (q->verdict.kind == VERDICT_REFUSE || q->verdict.kind == VERDICT_DOWNGRADE) {
        status = STATUS_FOUND;
    }
    if (options.json) {
        term_json(to_json(q));
    } else if (q->rejection != NULL) {
        complain("libpq does not accept this: %s", q->rejection);
    } else {
        show(q);
    }
    preview_free(q);
    return term_finish(status);
}
