/* timeline: attempts over time, by action, in a fixed number of equal spans that grow with the
 * log's time range. */
#ifndef PGSEAL_CLI_REPORT_TIMELINE_H
#define PGSEAL_CLI_REPORT_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

/* What a connection came to; the first five are the log's actions. */
enum action_id {
    SEALED,
    WOULD_SEAL,
    ALLOWED,
    REFUSED_ACTION,
    WOULD_REFUSE,
    FAILED_OUTCOME,
    VIOLATION_OUTCOME,
    ACTIONS
};
extern const char *const action_names[ACTIONS];

enum { TIMELINE_SPANS = 512 };

struct timeline {
    int64_t origin; /* where span 0 begins, a multiple of width; milliseconds */
    int64_t width;  /* 0: nothing yet */
    uint32_t spans[TIMELINE_SPANS][ACTIONS];
};

/* Counts one at this time. */
void timeline_add(struct timeline *t, int64_t ms, enum action_id action);

/* Whether anything is in a span. */
int timeline_used(const struct timeline *t, size_t span);

#endif
