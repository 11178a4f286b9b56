/* pgseal check: whether a server can be sealed and accepts nothing less; or, with a command,
 * whether the hooks fire in it. */
#include "cli/check/check.h"
#include "cli/commands.h"
#include "cli/lib/arguments.h"
#include "cli/lib/safe.h"
#include "lib/core/event/event.h"
#include "lib/core/event/redact.h"
#include "lib/core/text/array.h"
#include "lib/core/text/list.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_JSON = 256, OPT_POLICY, OPT_LIB, OPT_NO_PROBE };

struct options {
    bool json;
    bool no_probe;
    long days;
    const char *policy;
    const char *lib;
    const char *conninfo;
    char **command;
};

static const struct argp_option option_table[] = {
    {"policy", OPT_POLICY, "FILE", 0, "Use this policy file and no other settings", 0},
    {"json", OPT_JSON, NULL, 0, "Print JSON", 0},
    {"days", 'd', "N", 0, "Report certificates that expire within N days (30)", 1},
    {"no-plaintext-probe", OPT_NO_PROBE, NULL, 0,
     "Do not probe whether the server also accepts plaintext. The probe sends the user and "
     "database names in clear, and nothing else",
     1},
    {"lib", OPT_LIB, "FILE", 0,
     "The object to preload for COMMAND (libpgseal.so beside pgseal, else the installed one)", 2},
    {0},
};

static const char doc[] =
    "Connects as a sealed program would and shows what the server supports; or runs COMMAND under "
    "pgseal-run and shows which hooks fired.\v"
    "CONNINFO is read as by pgseal explain. Exemptions and mode = audit are ignored: the check is "
    "whether sealing would work. Once the server has been verified, a connection without TLS, "
    "which ends at the server's first answer, shows whether it would accept plaintext; no password "
    "is ever sent in clear.\n"
    "COMMAND should make a connection; the hooks fire even if that connection fails.\n"
    "Exit status: 0 fine, or the hooks fired; 1 something is wrong with the server, or no hook "
    "fired; 2 wrong usage, libpq does not accept CONNINFO, or COMMAND could not be run.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    bool quoted = state->quoted != 0 && state->next > state->quoted;
    switch (key) {
    case OPT_JSON:
        options->json = true;
        return 0;
    case OPT_POLICY:
        options->policy = arg;
        return 0;
    case OPT_LIB:
        options->lib = arg;
        return 0;
    case OPT_NO_PROBE:
        options->no_probe = true;
        return 0;
    case 'd':
        options->days = argument_number(state, "--days", arg, 0, DAYS_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (quoted && options->conninfo == NULL) {
            options->command = &state->argv[state->next - 1];
            state->next = state->argc;
        } else if (quoted || options->conninfo != NULL) {
            argp_error(state, "give one CONNINFO (in quotes), or -- COMMAND");
        } else {
            options->conninfo = arg;
        }
        return 0;
    case ARGP_KEY_END:
        if (options->conninfo == NULL && options->command == NULL) {
            argp_error(state, "give a CONNINFO, or -- COMMAND");
        }
        if (options->lib != NULL && options->command == NULL) {
            argp_error(state, "--lib needs -- COMMAND");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The n-th element of a comma-separated list, "" beyond its end. The caller frees. */
static char *element(const char *list, size_t n)
{
    size_t len;
    const char *s = list_element(list, n, &len);
    return xstrndup(s, len);
}

/* The targets of the list, as libpq splits it, with the names that the verdict verifies. */
static void find_targets(struct check *c)
{
    const struct request *r = &c->strict->probe.request;
    const char *hosts = request_value(r, "host");
    const char *addresses = request_value(r, "hostaddr");
    const char *ports = request_value(r, "port");
    const char *verified = c->strict->verdict.hosts;
    size_t n = list_length(addresses != NULL ? addresses : hosts);
    n = n > 0 ? n : 1;
    c->targets = xcalloc(n, sizeof *c->targets);
    for (size_t i = 0; i < n; i++) {
        char *host = element(hosts, i);
        char *address = element(addresses, i);
        char *port = element(ports, list_length(ports) == 1 ? 0 : i);
        const char *dialled = host[0] != '\0' ? host : r->default_host;
        if (address[0] == '\0' && (dialled[0] == '/' || dialled[0] == '@')) {
            c->nsockets++;
        } else {
            c->targets[c->ntargets++] = (struct target){
                .host = xstrdup(host[0] != '\0'      ? host
                                : address[0] != '\0' ? address
                                                     : dialled),
                .name = element(verified != NULL ? verified : hosts, i),
                .dial = xstrdup(address[0] != '\0' ? address : dialled),
                .port = xstrdup(port[0] != '\0' ? port : "5432"),
            };
        }
        free(host);
        free(address);
        free(port);
    }
}

static bool has_found(const struct check *c, const char *what)
{
    for (size_t i = 0; i < c->nfindings; i++) {
        if (strcmp(c->findings[i].what, what) == 0) {
            return true;
        }
    }
    return false;
}

static void judge_certificates(struct check *c)
{
    /* OpenSSL rejected it, and that was reported. */
    bool refused = !c->connected && has_found(c, "weak-certificate");
    for (size_t i = 0; i < c->certificates.n; i++) {
        const struct ca_item *item = &c->certificates.items[i];
        const char *subject = item->subject != NULL ? item->subject : "?";
        if ((item->findings & CA_EXPIRING) != 0) {
            bool is_root = !c->sent_only && i + 1 == c->certificates.n && i > 0;
            check_found(
                c, "expiring",
                xprintf("The certificate of \"%s\" expires in %ld days.", subject, item->days_left),
                is_root ? xprintf("Before then, add the CA's new certificate to %s, and install a "
                                  "server certificate signed by it.",
                                  c->strict->verdict.root)
                        : xstrdup("Renew it on the server before then; after that day no sealed "
                                  "program can connect."));
        }
        if ((item->findings & (CA_WEAK_KEY | CA_WEAK_SIGNATURE)) != 0 && !refused) {
            check_found(c, "weak-certificate",
                        xprintf("The certificate of \"%s\" has a weak %s.", subject,
                                (item->findings & CA_WEAK_KEY) != 0 ? "key" : "signature"),
                        xstrdup(WEAK_ADVICE));
        }
    }
}

static void ask_plaintext(struct check *c)
{
    const struct request *r = &c->strict->probe.request;
    const char *user = request_value(r, "user");
    const char *dbname = request_value(r, "dbname");
    if (!c->probe_plaintext || user == NULL || c->address == NULL) {
        return;
    }
    c->plaintext = plaintext_probe(c->address, c->port, user, dbname != NULL ? dbname : user,
                                   &c->plaintext_words);
    if (c->plaintext == ANSWER_YES) {
        check_found(c, "takes-plaintext",
                    xprintf("%s port %s: the server also accepts plaintext from this user.",
                            c->host, c->port),
                    xstrdup("Clients that are not sealed can still connect without TLS. Set "
                            "rds.force_ssl = 1, or change host to hostssl in pg_hba.conf."));
    }
}

static void run(struct check *c)
{
    const struct verdict *v = &c->strict->verdict;
    if (v->kind == VERDICT_REFUSE) {
        check_found(c, "refused-by-policy", xprintf("pgseal: refused: %s", v->reason),
                    xstrdup("No connection was made. Change what the reason names, or the policy; "
                            "pgseal explain shows where each value comes from."));
        return;
    }
    find_targets(c);
    if (c->ntargets == 0) {
        return;
    }
    session_check(c);
    bool verified = c->connected && c->address != NULL && c->chain != NULL;
    for (size_t i = 0; i < c->ntargets; i++) {
        const struct target *target = &c->targets[i];
        bool is_it = c->connected && strcmp(target->name, c->host) == 0 &&
                     strcmp(target->port, c->port) == 0;
        if (!is_it) {
            bool main = !c->connected && i == 0;
            bool ok = target_diagnose(c, target, main);
            verified = main ? ok : verified;
        }
    }
    if (!c->connected && c->nfindings == 0) {
        advise_failure(c);
    }
    judge_certificates(c);
    if (c->address != NULL && c->chain != NULL) {
        target_versions(c, c->address, c->port, target_sni(c, c->verified_name));
    }
    if (verified) {
        ask_plaintext(c);
    }
}

static void check_free(struct check *c)
{
    preview_free(c->asked);
    preview_free(c->strict);
    for (size_t i = 0; i < c->ntargets; i++) {
        free(c->targets[i].host);
        free(c->targets[i].name);
        free(c->targets[i].dial);
        free(c->targets[i].port);
    }
    for (size_t i = 0; i < c->nfindings; i++) {
        free(c->findings[i].text);
        free(c->findings[i].advice);
    }
    char *const owned[] = {c->failure,      c->host,           c->address,       c->port,
                           c->protocol,     c->cipher,         c->verified_name, c->matched,
                           c->root_subject, c->plaintext_words};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        free(owned[i]);
    }
    free(c->targets);
    free(c->findings);
    sk_X509_pop_free(c->chain, X509_free);
    ca_free(&c->certificates);
    strings_free(&c->names);
    json_decref(c->server);
}

/* Whether what the check shows as the target may contain a password, for instance if the settings
 * are separated by ";". Complains if so. */
static bool target_secret(const struct request *r)
{
    static const char *const shown[] = {"host", "hostaddr", "port", "user", "dbname"};
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        if (event_redacts(request_value(r, shown[i]))) {
            complain("%s seems to contain a password: put blanks between settings, or give the URI "
                     "alone",
                     shown[i]);
            return true;
        }
    }
    return false;
}

static int check_server(const struct options *options)
{
    struct check c = {.days = options->days, .probe_plaintext = !options->no_probe};
    c.asked = preview_ask(options->conninfo, options->policy, ASKED_AS_IT_IS);
    if (c.asked->rejection != NULL) {
        complain("libpq does not accept this: %s", c.asked->rejection);
        check_free(&c);
        return STATUS_USAGE;
    }
    if (target_secret(&c.asked->probe.request)) {
        check_free(&c);
        return STATUS_USAGE;
    }
    const char *port = request_value(&c.asked->probe.request, "port");
    bool cut = request_cut(&c.asked->probe.request);
    if (cut || (port != NULL && !redact_port_is_plain(port))) {
        complain(cut || strstr(options->conninfo, "://") != NULL
                     ? "the URI is split in the wrong place (an @ in host, port or dbname, or a "
                       "port that is not a number): write @ as %%40, : as %%3A and / as %%2F in "
                       "the user and password"
                     : "port is not a number");
        check_free(&c);
        return STATUS_USAGE;
    }
    c.strict = preview_ask(options->conninfo, options->policy, ASKED_STRICTLY);
    run(&c);
    int status = c.nfindings > 0 ? STATUS_FOUND : STATUS_OK;
    if (options->json) {
        term_json(check_json(&c));
    } else {
        check_show(&c);
    }
    check_free(&c);
    return status;
}

int command_check(int argc, char **argv)
{
    static const struct argp argp = {
        option_table, parse, "CONNINFO\n-- COMMAND [ARG...]", doc, NULL, NULL, NULL};
    struct options options = {.days = 30};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    int status = options.command != NULL
                     ? check_command(options.command, options.lib, options.policy, options.json)
                     : check_server(&options);
    return term_finish(status);
}
