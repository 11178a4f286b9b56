/* log: makes events from verdicts and states, and hands them to the sink. */
#ifndef PGSEAL_LOG_H
#define PGSEAL_LOG_H

#include "lib/core/event/event.h"
#include "shim/session/session.h"

#include <stdbool.h>

/* Logs the verdict of an attempt; r is NULL if it was refused before the probe. Returns false only
 * if the log level wants the line and it reached no sink. With v->once, each text is logged once
 * per process. Keeps errno. */
bool log_verdict(const struct policy *p, const struct verdict *v, const struct request *r,
                 const struct libpq *pq, const char *entry, const char *object);

/* Logs a later event of a PGconn: fills the connection's fields of *e from d, and writes it if the
 * log level wants it. Returns false only if it was wanted and reached no sink. Keeps errno. */
bool log_outcome(const struct conn_state *d, struct event *e, const char *event,
                 const char *action);

/* The process line, before the first verdict of the process (level all). Keeps errno. */
void log_process(const struct policy *p);

#endif
