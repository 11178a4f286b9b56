/* trust: which root and which CRL a sealed connection uses, and whether these files may be used. */
#include "lib/core/verdict/verdict_internal.h"

#include <string.h>

#define NOTHING "/dev/null"

/* "file:line: key: path: reason"; without a line, "key: path: reason". */
static bool policy_error(struct deciding *d, int line, const char *key, const char *path,
                         const char *reason, const char *advice)
{
    d->v->once = line > 0; /* a fault of the settings, not of this call */
    struct strbuf t = seal_reason(d->v);
    if (line > 0) {
        policy_where(d->p, line, d->v->where, sizeof d->v->where);
        seal_where(d, &t, line);
        strbuf_add(&t, ": ");
    }
    /* In a file the key is added; a variable's name already says it. */
    if (line == 0 || d->p->origin != POLICY_OF_ENVIRONMENT) {
        strbuf_add(&t, key, ": ");
    }
    strbuf_add_short(&t, event_redacts(path) ? "(hidden)" : path, SHOWN_MAX);
    strbuf_add(&t, ": ", reason, advice);
    return false;
}

/* The same for the root: a fault of the settings even if no line names it. */
static bool root_error(struct deciding *d, const char *path, const char *reason)
{
    policy_error(d, d->v->rule->root_line, "sslrootcert", path, reason, "");
    d->v->once = true;
    return false;
}

/* The root that the program names; or libpq's default, if pgseal does not see what it opens. */
static const char *programs_root(struct deciding *d)
{
    const char *root = request_value(d->r, "sslrootcert");
    return root != NULL ? root : seal_home_file(d, "root.crt");
}

/* Whether the requested root is the one outside all sections, set in the environment: `pgseal-run
 * --drivers` puts it there for other drivers. That never asks for less. */
static bool is_global_root(struct deciding *d)
{
    const struct asked *asked = request_option(d->r, "sslrootcert");
    const struct rule *global = &d->p->global;
    const char *root = global->root_kind == ROOT_SYSTEM ? d->w->bundle(d->w->data) : global->root;
    return asked != NULL && asked->source == FROM_ENVIRONMENT && asked->value != NULL &&
           root != NULL && strcmp(asked->value, root) == 0;
}

bool verdict_needs_home(const struct policy *p)
{
    bool needs = p->global.mode == MODE_AUDIT && p->global.root_kind == ROOT_PROGRAM;
    for (size_t i = 0; i < p->nrules && !needs; i++) {
        needs = p->rules[i].mode == MODE_AUDIT && p->rules[i].root_kind == ROOT_PROGRAM;
    }
    return needs;
}

bool seal_judge_root(struct deciding *d)
{
    const struct rule *rule = d->v->rule;
    const char *root = rule->root;
    /* In audit mode libpq loads what the program's own sslmode needs, perhaps nothing. */
    bool loaded = d->r->root_judged && (d->v->mode == MODE_ENFORCE || d->r->home == NULL);
    if (rule->root_kind == ROOT_PROGRAM && loaded && request_value(d->r, "sslrootcert") == NULL) {
        d->v->root_found_by_libpq = true; /* it is judged when libpq loads it */
        return true;
    }
    if (rule->root_kind == ROOT_PROGRAM) {
        root = programs_root(d);
    }
    bool system = rule->root_kind == ROOT_SYSTEM || (root != NULL && strcmp(root, "system") == 0);
    if (system) {
        root = d->w->bundle(d->w->data);
    }
    if (root == NULL) {
        struct strbuf t = seal_reason(d->v);
        if (rule->root_line > 0) {
            seal_where(d, &t, rule->root_line);
            strbuf_add(&t, ": ");
        }
        strbuf_add(
            &t, system ? "sslrootcert: this system has no bundle of root certificates; install one "
                         "(ca-certificates), or set sslrootcert to a file"
                       : "sslrootcert = program, but the program sets no root; set one in the "
                         "program or in the policy");
        d->v->once = true;
        return false;
    }
    if (strlen(root) > POLICY_PATH_MAX) {
        return root_error(d, "…", "longer than the 1023 bytes that libpq keeps of it");
    }
    char reason[256];
    if (!d->w->root_ok(d->w->data, root, reason, sizeof reason)) {
        return root_error(d, root, reason);
    }
    d->v->root = root;
    /* A program can ask for other roots only if the policy has its own; under `program` the word
     * "system" merely becomes a path. */
    bool is_less = rule->root_kind == ROOT_FILE ||
                   (rule->root_kind == ROOT_SYSTEM && request_value(d->r, "sslrootcert") != NULL &&
                    strcmp(request_value(d->r, "sslrootcert"), "system") != 0);
    seal_force(d, "sslrootcert", root, is_less && !is_global_root(d));
    return true;
}

bool seal_judge_oauth_root(struct deciding *d)
{
    char reason[256];
    const struct pin *pin = rule_pin(d->v->rule, "oauth_ca_file");
    if (pin != NULL) { /* forced with the other pins */
        return d->w->root_ok(d->w->data, pin->value, reason, sizeof reason) ||
               policy_error(d, pin->line, "oauth_ca_file", pin->value, reason, "");
    }
    const char *asked = request_value(d->r, "oauth_ca_file");
    if (request_option(d->r, "oauth_ca_file") == NULL || (asked == NULL && !d->r->service)) {
        return true;
    }
    /* The system's roots, with which the issuer is verified if no others are named. */
    const char *bundle = d->w->bundle(d->w->data);
    if (bundle == NULL && asked != NULL) {
        return policy_error(d, 0, "oauth_ca_file", asked, "names roots other than the system's",
                            "; pin oauth_ca_file in the policy");
    }
    if (bundle != NULL) {
        seal_force(d, "oauth_ca_file", bundle, asked != NULL);
    }
    return true;
}

/* A directory of CRLs can contain anything, and may change while it is read. */
static bool refuse_directory(struct deciding *d, const char *dir)
{
    return policy_error(d, 0, "sslcrldir", dir, "a CRL directory can also add roots",
                        "; use a CRL file instead: sslcrl in the policy");
}

/* A libpq with OpenSSL inside does not show what it opens: its default file is judged here, and
 * forced if it exists. */
static bool keep_default_crl(struct deciding *d)
{
    struct verdict *v = d->v;
    char reason[256];
    const char *path = seal_home_file(d, "root.crl");
    if (path == NULL && (d->r->home == NULL || d->r->home[0] != '\0')) {
        return seal_fail(d, "cannot determine which CRL file this libpq would load; set sslcrl in "
                            "the policy or in the program");
    }
    if (path == NULL) {
        return true; /* no home: libpq opens nothing */
    }
    enum crl_state state = d->w->crl_state(d->w->data, path, reason, sizeof reason);
    /* libpq also ignores a file that it cannot stat. */
    if (state == CRL_FAULTY) {
        return policy_error(d, 0, "sslcrl", path, reason, SEAL_CRLS_ONLY);
    }
    v->crl = state == CRL_FINE ? path : NULL;
    return true;
}

bool seal_judge_crl(struct deciding *d)
{
    struct verdict *v = d->v;
    const struct rule *rule = v->rule;
    const char *asked = request_value(d->r, "sslcrl");
    const char *dir = request_value(d->r, "sslcrldir");
    char reason[256];

    if (rule->crl != NULL) {
        if (d->w->crl_state(d->w->data, rule->crl, reason, sizeof reason) != CRL_FINE) {
            return policy_error(d, rule->crl_line, "sslcrl", rule->crl, reason, "");
        }
        v->crl = rule->crl;
        seal_force(d, "sslcrl", rule->crl, true);
        seal_force(d, "sslcrldir", NOTHING, true);
        return true;
    }
    /* pgseal itself forces /dev/null; psql's \c passes it on. */
    if (dir != NULL && strcmp(dir, NOTHING) != 0) {
        return refuse_directory(d, dir);
    }
    if (asked != NULL && strcmp(asked, NOTHING) != 0) {
        enum crl_state state = d->w->crl_state(d->w->data, asked, reason, sizeof reason);
        if (state < CRL_ABSENT || strlen(asked) > POLICY_PATH_MAX) {
            return policy_error(d, 0, "sslcrl", asked,
                                state < CRL_ABSENT ? reason : "longer than 1023 bytes",
                                SEAL_CRLS_ONLY);
        }
        v->crl = state == CRL_FINE ? asked : NULL;
    } else if (asked == NULL && !d->r->crl_judged && !keep_default_crl(d)) {
        return false;
    }
    if (v->crl != NULL) {
        /* It is kept and forced: neither the home directory nor a service file can change it. */
        verdict_force(v, "sslcrl", v->crl);
        if (request_option(d->r, "sslcrldir") != NULL) {
            verdict_force(v, "sslcrldir", NOTHING);
        }
    } else if (asked != NULL) {
        seal_force(d, "sslcrl", NOTHING, true);
    } else if (!d->r->crl_judged) {
        verdict_force(v, "sslcrl", NOTHING); /* cancels the default file and sslcrldir */
    }
    /* Otherwise nothing is forced: a file that libpq finds itself is judged when it opens it. */
    return true;
}
