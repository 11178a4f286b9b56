/* preview_outside: what the shim's code needs from the rest of the object, as the tool has it: log
 * lines are kept instead of written. */
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
    size_t n = event_format(e, buf, sizeof buf);
    json_decref(kept);
    kept = json_loadb(buf, n, 0, NULL);
    return kept != NULL;
}

bool log_wanted(const struct policy *p, const char *event, bool audit)
{
    (void)p, (void)event, (void)audit;
    return true;
}

/* Asked for the process line only, which this tool has no use for. */
size_t libpq_copies(struct libpq_copy *copies, size_t max)
{
    (void)copies, (void)max;
    return 0;
}
