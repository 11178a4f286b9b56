/* preview_outside: what the shim's code needs from the rest of the object, in the tool's form: log
 * lines are kept, not written. */
#include "cli/explain/preview.h"
#include "lib/os/sink.h"
#include "shim/dynlink/resolve.h"

static json_t *kept;

json_t *outside_line(void)
{
    json_t *line = kept;
    kept = NULL;
    return line;
}

bool sink_event(const struct policy *p, struct event *e)
{
    char buf[EVENT_LINE_MAX];
    (void)p;
    size_t n = event_format(e, buf);
    json_decref(kept);
    kept = json_loadb(buf, n, 0, NULL);
    return kept != NULL;
}

bool log_wanted(const struct policy *p, const char *event, bool audit)
{
    (void)p, (void)event, (void)audit;
    return true;
}

/* Only for the process line, which the tool does not use. */
size_t libpq_copies(struct libpq_copy *copies, size_t max)
{
    (void)copies, (void)max;
    return 0;
}
