/* policy_check: the shim's own settings.c, trust_files.c and policy.c, used before the program
 * starts. */
#include "launch/policy_check.h"

#include "launch/say.h"
#include "lib/core/policy/policy.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/log_target.h"
#include "lib/os/settings.h"
#include "lib/os/trust_files.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

static struct settings settings;
static struct policy policy;

int getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t size, struct passwd **result);

/* trust_files.c can look up home directories, which the launcher does not need. glibc's own
 * function would add NSS to the static binary, and NSS loads objects at run time. */
int getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t size, struct passwd **result)
{
    (void)uid;
    (void)entry;
    (void)buf;
    (void)size;
    *result = NULL;
    return ENOENT;
}

void policy_find(struct checked *c)
{
    *c = (struct checked){0};
    settings_read(&settings);
    c->from_file = settings.name != NULL && settings.name[0] == '/';
    c->installed = c->from_file && strcmp(settings.name, POLICY_FILE) == 0;
}

/* Reports a fault in one rule's files: it ends the launcher if that rule is enforced. */
static void fault(const struct rule *rule, int line, const char *key, const char *path,
                  const char *reason)
{
    char where[POLICY_PATH_MAX + 32] = "";
    if (line > 0) {
        policy_where(&policy, line, where, sizeof(where));
    }
    /* A variable's name already says which key it is. */
    bool named = line > 0 && policy.origin == POLICY_OF_ENVIRONMENT;
    char text[2 * POLICY_PATH_MAX + 512];
    strbuf_join(text, sizeof text, where, where[0] != '\0' ? ": " : "", named ? "" : key,
                named ? "" : ": ", path, path[0] != '\0' ? ": " : "", reason);
    /* No root is named: it is the built-in default. */
    bool by_default = strcmp(key, "sslrootcert") == 0 && line == 0;
    if (rule->mode == MODE_AUDIT || by_default) {
        warn("%s", text);
    } else {
        refuse(STATUS_REFUSED, "%s", text);
    }
}

static const char *root_of(const struct world *w, const struct rule *rule)
{
    switch (rule->root_kind) {
    case ROOT_FILE:
        return rule->root;
    case ROOT_SYSTEM:
        return w->bundle(w->data);
    case ROOT_PROGRAM:
        break;
    }
    return NULL;
}

static void judge_files(const struct world *w, const struct rule *rule, bool root_too, bool crl_too)
{
    char reason[256] = "";
    const char *root = root_of(w, rule);
    if (root_too && rule->root_kind == ROOT_SYSTEM && root == NULL) {
        fault(rule, rule->root_line, "sslrootcert", "",
              "this system has no bundle of root certificates; install one (ca-certificates), or "
              "set sslrootcert to a file");
    } else if (root_too && root != NULL && !w->root_ok(w->data, root, reason, sizeof(reason))) {
        fault(rule, rule->root_line, "sslrootcert", root, reason);
    }
    if (crl_too && rule->crl != NULL) {
        if (w->crl_state(w->data, rule->crl, reason, sizeof(reason)) != CRL_FINE) {
            fault(rule, rule->crl_line, "sslcrl", rule->crl, reason);
        }
    }
}

void policy_judge(struct checked *c)
{
    struct world world;
    files_world(&world, NULL);
    settings_parse(&settings, &policy);
    if (policy.fault[0] != '\0') {
        refuse(STATUS_REFUSED, "%s", policy.fault);
    }
    char reason[256];
    char name[POLICY_PATH_MAX + 16];
    if (!log_writable(&policy, true, reason, sizeof reason)) {
        warn("%s cannot be written: %s; log lines go to %s",
             log_target_name(&policy, name, sizeof name), reason, log_fallback(&policy));
    }
    c->policy = &policy;
    c->root = root_of(&world, &policy.global);
    /* If hosts without a section are refused, the root outside all sections is used only if a
     * section inherits it. */
    const struct rule *global = &policy.global;
    judge_files(&world, global, !policy.unlisted_refuse, true);
    for (size_t i = 0; i < policy.nrules; i++) {
        const struct rule *rule = &policy.rules[i];
        bool same = rule->mode == global->mode;
        bool judged = same && !policy.unlisted_refuse && rule->root_line == global->root_line;
        judge_files(&world, rule, !judged, !same || rule->crl_line != global->crl_line);
    }
}
