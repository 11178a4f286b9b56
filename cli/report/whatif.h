/* whatif: the log's attempts under another policy, judged by the object's own code. */
#ifndef PGSEAL_CLI_REPORT_WHATIF_H
#define PGSEAL_CLI_REPORT_WHATIF_H

#include "report.h"

/* A pair under the policy. */
struct prospect {
    const char *verdict; /* sealed, breaks, refused, allowed, would-seal, would-refuse */
    const char *reason;  /* of refused, breaks, allowed; else "" or a note */
    bool proved;         /* the log has a verified session of the pair */
};

/* Reads the policy file, and judges it as the object does. NULL if it cannot be used; then *reason
 * is text to free. The caller frees with whatif_free. */
struct whatif *whatif_open(const char *file, char **reason);

/* What becomes of the attempt in this line: out[0] is the action, out[1] the reason or "". Both
 * hold until the next call. */
void whatif_judge(struct whatif *w, json_t *event, enum event_id id, const char *out[2]);

/* What becomes of a pair: the worst of its attempts; where these are sealed and the log shows that
 * sealed connections of this pair only failed, it breaks. The texts live in the pair. */
struct prospect whatif_prospect(const struct group *pair);

/* The policy's path; and its root or CRL files that are not on this machine, which were taken as
 * good: file i, or NULL after the last. */
const char *whatif_name(const struct whatif *w);
const char *whatif_missing(const struct whatif *w, size_t i);

void whatif_free(struct whatif *w);

#endif
