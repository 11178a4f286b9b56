/* changes: setenv(3), the dry run's lines, and the log's. */
#include "launch/changes.h"

#include "launch/say.h"
#include "lib/os/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void changes_show(char sign, const char *name, const char *value)
{
    if (value == NULL) {
        return;
    }
    printf("%c %s=", sign, name);
    for (const char *s = value; *s != '\0'; s++) {
        putchar((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
    }
    putchar('\n');
}

void changes_log(const struct changes *c, const struct change *changes, size_t n,
                 const char *reason)
{
    struct event e = {
        .event = "downgrade",
        .mode = c->policy->global.mode == MODE_AUDIT ? "audit" : "enforce",
        .entry = "pgseal-run",
        .exe = c->exe,
        .changes = changes,
        .nchanges = n,
        .reason = reason,
    };
    sink_event(c->policy, &e);
}

void change_variable(const struct changes *c, const char *name, const char *value,
                     const char *reason)
{
    const char *old = getenv(name);
    if (old != NULL && old[0] == '\0') {
        old = NULL;
    }
    if (old == NULL ? value == NULL : value != NULL && strcmp(old, value) == 0) {
        return;
    }
    if (c->dry_run) {
        changes_show('-', name, event_redacts(old) ? "(hidden)" : old);
        changes_show('+', name, event_redacts(value) ? "(hidden)" : value);
        return;
    }
    if (old != NULL && reason != NULL) {
        const struct change change = {name, "environment", old, value};
        changes_log(c, &change, 1, reason);
    }
    if (value != NULL ? setenv(name, value, 1) != 0 : unsetenv(name) != 0) {
        refuse(STATUS_REFUSED, "%s cannot be changed: %s", name, strerror(errno));
    }
}
