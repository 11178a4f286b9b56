/* preview: turns a connection string into a request and a verdict, with the shim's own code. */
#include "cli/explain/preview.h"

#include "cli/explain/rejection.h"
#include "cli/lib/util.h"
#include "lib/core/event/redact.h"
#include "lib/core/options/options.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/client_cert.h"
#include "lib/os/log_target.h"
#include "shim/hooks/stubs.h"
#include "shim/log/log.h"

#include <stdlib.h>
#include <string.h>

static void put_text(void *to, const char *s, size_t n)
{
    strbuf_addn(to, s, n);
}

char *cleaned(const char *message, bool secret)
{
    struct strbuf t;
    size_t size = 5 * strlen(message) + 9; /* redact.h */
    strbuf_init(&t, xmalloc(size), size);
    redact_reason(message, secret, NULL, put_text, &t);
    return t.buf;
}

void preview_settings(struct settings *s, struct policy *p, const char *policy)
{
    *s = (struct settings){0};
    if (policy != NULL) {
        settings_read_file(s, policy);
    } else {
        settings_read(s);
    }
    settings_parse(s, p);
}

static void make_strict(struct rule *rule)
{
    rule->mode = MODE_ENFORCE;
    rule->exempt = NULL;
}

/* The functions of the libpq that this tool is linked to, found as resolve.c finds those of a
 * program's. Returns the name of a needed one that is missing, or NULL. */
static const char *find_libpq(struct libpq *pq)
{
    static const struct {
        const char *name;
        size_t offset;
        bool needed;
    } functions[] = {
#define LIBPQ_FUNCTION(name, needed) {#name, offsetof(struct libpq, name), needed},
        LIBPQ_FUNCTIONS(LIBPQ_FUNCTION)
#undef LIBPQ_FUNCTION
    };
    static const struct linkage_stubs own_slots = {.slots = slot_stubs, .size = STUB_SIZE};
    int (*version)(void) = PQlibVersion;
    void *inside = NULL;
    struct object o;
    memcpy(&inside, &version, sizeof inside);
    if (!object_of(inside, &o)) {
        return "PQlibVersion";
    }
    *pq = (struct libpq){.base = o.dyn};
    strbuf_copy(pq->path, sizeof pq->path, o.name);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *fn = object_symbol(&o, functions[i].name);
        if (fn == NULL && functions[i].needed) {
            return functions[i].name;
        }
        memcpy((char *)pq + functions[i].offset, &fn, sizeof fn);
    }
    pq->version = pq->PQlibVersion();
    linkage_use(&own_slots);
    pq->linked = linkage_libpq(&o);
    return NULL;
}

/* What libpq's parser says about the string. */
static char *rejection_reason(const struct preview *q)
{
    char *message = NULL;
    PQconninfoOption *options = q->libpq.PQconninfoParse(q->call.conninfo, &message);
    const char *said = message != NULL ? message : "libpq does not accept it";
    char *text = cleaned(said, rejection_secret(said, q->call.conninfo));
    if (options != NULL) {
        q->libpq.PQconninfoFree(options);
    }
    q->libpq.PQfreemem(message);
    return text;
}

/* What libpq says about a string that it cannot parse, or about a value in one that it can. */
static char *rejection(const struct preview *q)
{
    const char *message =
        q->probe.conn != NULL ? q->libpq.PQerrorMessage(q->probe.conn) : "out of memory";
    bool secret = q->probe.parsed == NULL && rejection_secret(message, q->call.conninfo);
    for (const PQconninfoOption *o = q->probe.parsed; o != NULL && o->keyword != NULL; o++) {
        bool odd_port =
            strcmp(o->keyword, "port") == 0 && o->val != NULL && !redact_port_is_plain(o->val);
        secret = secret || odd_port || event_redacts(o->val) || event_cut(o->keyword, o->val);
    }
    return cleaned(message, secret);
}

char *preview_home_file(const struct preview *q, const char *name)
{
    const char *home = q->probe.request.home;
    return home != NULL && home[0] != '\0' ? xprintf("%s/.postgresql/%s", home, name) : NULL;
}

/* Does what shim/session/client_key.c does in a connection. */
static void find_certificate(struct preview *q)
{
    const struct verdict *v = &q->verdict;
    char *certificate = preview_home_file(q, "postgresql.crt");
    char *key = v->key != NULL ? xstrdup(v->key) : preview_home_file(q, "postgresql.key");
    if (v->cert_found_by_libpq && certificate != NULL && key != NULL) {
        q->left_out = client_cert_fault(certificate, key, v->passphrase);
    }
    if (q->left_out != NULL && v->sealed) {
        verdict_force(&q->verdict, "sslcert", "/dev/null/no-client-certificate");
    }
    free(certificate);
    free(key);
}

/* Does what shim/session/root_load.c does in a connection. */
static void find_root(struct preview *q)
{
    struct world w;
    char reason[256] = "this libpq finds no home directory to look for a root in";
    q->found_root = preview_home_file(q, "root.crt");
    files_world(&w, &q->root);
    if (q->found_root != NULL && w.root_ok(w.data, q->found_root, reason, sizeof reason)) {
        q->verdict.root = q->found_root;
        verdict_force(&q->verdict, "sslrootcert", q->found_root);
        return;
    }
    q->fault = q->found_root != NULL ? xprintf("sslrootcert: %s: %s", q->found_root, reason)
                                     : xprintf("sslrootcert: %s", reason);
    seal_refuse(&q->policy, q->fault, false, &q->verdict);
}

/* Judges the files that the shim judges when libpq looks them up, after the verdict's line was
 * written. */
static void find_home_files(struct preview *q)
{
    enum verdict_action action = q->verdict.action;
    if (!q->probed || (action != ACTION_SEALED && action != ACTION_WOULD_SEAL)) {
        return;
    }
    probe_home(&q->libpq, q->keywords, q->values, &q->probe);
    find_certificate(q);
    if (q->verdict.sealed && q->verdict.root_found_by_libpq) {
        find_root(q);
    }
}

static void judge(struct preview *q)
{
    struct world w;
    char reason[REASON_MAX];
    if (q->policy.fault[0] != '\0') {
        seal_refuse(&q->policy, q->policy.fault, true, &q->verdict);
        return;
    }
    if (linkage_refuses(q->libpq.linked, reason, sizeof reason)) {
        seal_refuse(&q->policy, reason, false, &q->verdict);
        return;
    }
    switch (probe_run(&q->libpq, &q->array.params, q->keywords, q->values, &q->probe)) {
    case PROBE_REJECTED:
        q->rejection = rejection(q);
        return;
    case PROBE_REFUSED:
        seal_refuse(&q->policy, q->probe.reason, false, &q->verdict);
        return;
    case PROBE_OK:
        q->probed = true;
        if (verdict_needs_home(&q->policy)) {
            probe_home(&q->libpq, q->keywords, q->values, &q->probe);
        }
        files_world(&w, &q->root);
        seal_decide(&q->probe.request, &q->policy, &w, &q->verdict);
        return;
    }
}

struct preview *preview_ask(const char *conninfo, const char *policy, enum asking how)
{
    struct preview *q = xcalloc(1, sizeof *q);
    preview_settings(&q->settings, &q->policy, policy);
    if (how == ASKED_STRICTLY) {
        make_strict(&q->policy.global);
        for (size_t i = 0; i < q->policy.nrules; i++) {
            make_strict(&q->policy.rules[i]);
        }
    }
    const char *missing = find_libpq(&q->libpq);
    if (missing != NULL) {
        q->rejection = xprintf("this libpq does not define %s", missing);
        return q;
    }
    q->call = (struct call){.entry_point = HOOK_PQconnectdb, .conninfo = conninfo};
    bool rewritable = call_to_params(&q->call, &q->array);
    size_t room = call_room(q->array.params.n);
    q->keywords = xcalloc(room, sizeof *q->keywords);
    q->values = xcalloc(room, sizeof *q->values);
    char reason[REASON_MAX];
    if (rewritable) {
        judge(q);
    } else if (probe_unknown_string(&q->libpq, conninfo, reason, sizeof reason)) {
        seal_refuse(&q->policy, reason, false, &q->verdict);
    } else {
        q->rejection = rejection_reason(q);
        return q;
    }
    if (q->rejection == NULL) {
        log_verdict(&q->policy, &q->verdict, q->probed ? &q->probe.request : NULL, &q->libpq,
                    hook_name(q->call.entry_point), "");
        q->line = outside_line();
        find_home_files(q);
    }
    return q;
}

void preview_free(struct preview *q)
{
    if (q == NULL) {
        return;
    }
    probe_free(&q->libpq, &q->probe);
    policy_free(&q->policy);
    json_decref(q->line);
    roots_release(q->root);
    free(q->rejection);
    free(q->found_root);
    free(q->fault);
    free(q->keywords);
    free(q->values);
    free(q);
}

json_t *preview_change(const struct preview *q, const char *option)
{
    json_t *changes = json_object_get(q->line, "changes");
    for (size_t i = 0; i < json_array_size(changes); i++) {
        json_t *change = json_array_get(changes, i);
        const char *name = json_string_value(json_object_get(change, "option"));
        if (name != NULL && strcmp(name, option) == 0) {
            return change;
        }
    }
    return NULL;
}

const char *preview_visible(const struct preview *q, const char *option, const char *value)
{
    static const char *const targets[] = {"host", "hostaddr", "port", "dbname", "user"};
    bool hidden = option_is_secret(option) || event_redacts(value);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        hidden = hidden || (strcmp(option, targets[i]) == 0 && request_cut(&q->probe.request));
    }
    return value != NULL && hidden ? "(hidden)" : value;
}

const char *preview_shown(const struct preview *q, const char *option)
{
    static const char *const in_line[] = {"host",   "hostaddr", "port",
                                          "dbname", "user",     "application_name"};
    const struct asked *a = request_option(&q->probe.request, option);
    if (!q->probed || a == NULL) {
        return NULL;
    }
    const char *given = a->given != NULL ? a->given : a->value;
    if (option_is_secret(option)) {
        return given != NULL && given[0] != '\0' ? "(hidden)" : NULL;
    }
    json_t *change = preview_change(q, option);
    const char *changed = json_string_value(json_object_get(change, "requested"));
    for (size_t i = 0; i < sizeof in_line / sizeof *in_line; i++) {
        const char *logged = json_string_value(json_object_get(q->line, option));
        if (strcmp(option, in_line[i]) == 0 && logged != NULL &&
            request_value(&q->probe.request, option) != NULL) {
            return logged;
        }
    }
    if (changed != NULL) {
        return changed;
    }
    const char *value = a->value != NULL ? a->value : a->given;
    return preview_visible(q, option, value);
}

char *preview_log_fault(const struct preview *q)
{
    char reason[256];
    char name[POLICY_PATH_MAX + 16];
    if (log_writable(&q->policy, false, reason, sizeof reason)) {
        return NULL;
    }
    return xprintf("%s cannot be written by this user: %s. Log lines go to the program's %s.",
                   log_target_name(&q->policy, name, sizeof name), reason,
                   log_fallback(&q->policy));
}

const char *preview_origin(const struct preview *q)
{
    return q->policy.name != NULL ? q->policy.name : "defaults";
}
