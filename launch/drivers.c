/* drivers: the table of drivers.def, applied to the environment. */
#include "launch/drivers.h"

#include "launch/driver_files.h"
#include "launch/rewrite.h"
#include "launch/say.h"
#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/trust_files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
    const char *driver;
    const char *variable;
    enum driver_rule rule;
} rows[] = {
#define DRIVER(driver, variable, rule) {driver, variable, rule},
#include "launch/drivers.def"
#undef DRIVER
};

void drivers_judge(const struct driver_options *o, const struct checked *c)
{
    const struct policy *p = c->policy;
    const char *option = o->drivers ? "--drivers" : "--rewrite-url";
    if (o->dry_run && !o->drivers && o->nurls == 0) {
        refuse(STATUS_REFUSED, "--dry-run needs --drivers or --rewrite-url");
    }
    if (o->only || (!o->drivers && o->nurls == 0)) {
        return;
    }
    if (p->global.mode == MODE_AUDIT) {
        refuse(STATUS_REFUSED, "%s cannot be used in audit mode, which changes nothing", option);
    }
    for (size_t i = 0; i < p->nrules; i++) {
        const struct rule *rule = &p->rules[i];
        if (rule->exempt != NULL || rule->mode == MODE_AUDIT) {
            char where[POLICY_PATH_MAX + 32];
            policy_where(p, rule->line, where, sizeof where);
            refuse(STATUS_REFUSED,
                   "%s: [host %s] is %s, and %s would ask for verification there too", where,
                   rule->pattern, rule->exempt != NULL ? "exempt" : "audited", option);
        }
    }
}

/* Why the log has a line: "PGSSLMODE is honoured by pgx, lib/pq; …". */
static void write_reason(const char *variable, char *buf, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, buf, size);
    strbuf_add(&t, "honoured by ");
    bool first = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].variable, variable) == 0) {
            strbuf_add(&t, first ? "" : ", ");
            strbuf_add(&t, rows[i].driver);
            first = false;
        }
    }
    strbuf_add(&t, "; this is a request: the program's own settings take precedence");
}

static bool is_old_tls(const char *version)
{
    return strcasecmp(version, "TLSv1.2") != 0 && strcasecmp(version, "TLSv1.3") != 0;
}

/* Whether libpgseal.so would refuse the file: anything but CRLs in it becomes a root. */
static bool is_bad_crl(const char *path)
{
    struct world world;
    char reason[256];
    files_world(&world, NULL);
    return world.crl_state(world.data, path, reason, sizeof reason) < CRL_ABSENT;
}

static void apply(const struct changes *changes, const struct checked *c, const struct row *row)
{
    const char *name = row->variable;
    const char *old = getenv(name);
    char reason[512];
    if (old == NULL) {
        old = "";
    }
    write_reason(name, reason, sizeof reason);
    switch (row->rule) {
    case VERIFY_FULL:
        change_variable(changes, name, "verify-full", reason);
        return;
    case ROOT:
        if (c->root != NULL) {
            change_variable(changes, name, c->root, reason);
        }
        return;
    case EXTRA_ROOT:
        if (c->root != NULL) {
            driver_extra_root(changes, name, c->root, reason);
        }
        return;
    case NO_GSS:
        if (old[0] != '\0') {
            change_variable(changes, name, "disable", reason);
        }
        return;
    case NO_OLD_TLS:
        if (old[0] != '\0' && is_old_tls(old)) {
            change_variable(changes, name, NULL, reason);
        }
        return;
    case CRLS_ONLY:
        if (old[0] != '\0' && is_bad_crl(old)) {
            change_variable(changes, name, NULL, reason);
        }
        return;
    case ONE:
        if (strcmp(old, "1") != 0) {
            change_variable(changes, name, NULL, reason);
        }
        return;
    case NEVER:
        change_variable(changes, name, NULL, reason);
        return;
    case JAVA:
        driver_java(changes, name, c->root);
        return;
    }
}

static void apply_table(const struct changes *changes, const struct checked *c)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t first = 0;
        while (strcmp(rows[first].variable, rows[i].variable) != 0) {
            first++;
        }
        if (first == i) { /* the drivers of one variable share its rule */
            apply(changes, c, &rows[i]);
        }
    }
}

void drivers_apply(const struct driver_options *o, const struct checked *c, const char *exe)
{
    char path[PATH_MAX]; /* the log's are absolute, and name no link, as /proc/PID/exe does */
    bool resolved = exe != NULL && realpath(exe, path) != NULL;
    const struct changes changes = {c->policy, resolved ? path : exe, o->dry_run};
    if (o->drivers) {
        apply_table(&changes, c);
    }
    for (size_t i = 0; i < o->nurls; i++) {
        rewrite_variable(&changes, o->urls[i], c->root);
    }
}
