/* rewrite: a variable's connection string, rewritten and logged. */
#include "launch/rewrite.h"

#include "launch/say.h"
#include "launch/url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void log_changes(const struct changes *c, const char *name, const struct url *u)
{
    struct change changes[URL_CHANGES];
    char reason[256];
    for (size_t i = 0; i < u->nchanges; i++) {
        const struct url_change *from = &u->changes[i];
        changes[i] = (struct change){from->option, "environment", from->requested, from->enforced};
    }
    snprintf(reason, sizeof reason, "%s: --rewrite-url; this is a request to the driver", name);
    if (u->nchanges > 0) {
        changes_log(c, changes, u->nchanges, reason);
    }
}

void rewrite_variable(const struct changes *c, const char *name, const char *root)
{
    const char *present = getenv(name);
    const char *old = present != NULL ? present : "";
    if (old[0] == '\0') {
        refuse(STATUS_REFUSED, "--rewrite-url: %s is not set", name);
    }
    struct url u;
    const char *reason = url_rewrite(&u, old, root);
    if (reason != NULL) {
        refuse(STATUS_REFUSED, "--rewrite-url: %s: %s", name, reason);
    }
    if (strcmp(u.value, old) == 0) {
        url_free(&u);
        return;
    }
    if (c->dry_run) {
        changes_show('-', name, u.before);
        changes_show('+', name, u.after);
    } else {
        log_changes(c, name, &u);
        if (setenv(name, u.value, 1) != 0) {
            refuse(STATUS_REFUSED, "%s cannot be changed: %s", name, strerror(errno));
        }
    }
    url_free(&u);
}
