/* current: this thread's current connection. */
#include "shim/session/current.h"

#include "lib/os/settings.h"

static __thread struct current now;
static __thread char file[CURRENT_FILE_MAX];

struct current current_enter(const struct conn_state *d)
{
    struct current before = now;
    now = (struct current){.id = d != NULL ? d->id : 0};
    return before;
}

void current_leave(struct current before)
{
    now = before;
}

struct current *current_get(void)
{
    return &now;
}

struct conn_state *current_state(void)
{
    return conn_state_find(now.id);
}

bool current_as_bare(void)
{
    const struct policy *p = settings_policy();
    return !now.probing && p->fault[0] == '\0' && p->global.mode == MODE_AUDIT;
}

char *current_file(void)
{
    return file;
}
