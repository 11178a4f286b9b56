/* log: builds the shim's events from verdicts and decisions and hands them to the sink. */
#ifndef PGSEAL_LOG_H
#define PGSEAL_LOG_H

#include "lib/core/event/event.h"
#include "shim/session/session.h"

#include <stdbool.h>

/* The verdict line of an attempt; r may be NULL (refused before anything was asked). Returns false
 * only where the line was wanted and reached no sink. A verdict with v->once set is logged once per
 * process for each text. Keeps errno. */
bool log_verdict(const struct policy *p, const struct verdict *v, const struct request *r,
                 const struct libpq *pq, const char *entry, const char *object);

/* A line about a PGconn after its verdict: fills the connection's fields from d into e and writes
 * it, if wanted. Returns false only where it was wanted and reached no sink. Keeps errno. */
bool log_outcome(const struct conn_state *d, struct event *e, const char *event,
                 const char *action);

/* The process line, before the first verdict of the process (level all). Keeps errno. */
void log_process(const struct policy *p);

#endif
