/* workers: lines are parsed on all processors, and come back in their order. */
#ifndef PGSEAL_CLI_REPORT_WORKERS_H
#define PGSEAL_CLI_REPORT_WORKERS_H

#include "line.h"

#include <stdint.h>

struct workers;

/* Takes one line, on the thread that calls workers_line and workers_finish, in the order of the
 * lines. event may be read until it returns, and no reference to it may be taken or dropped. */
typedef void workers_take(void *data, const char *file, uint64_t number, enum line_kind kind,
                          json_t *event, const char *reason);

/* Starts the threads. The caller ends them with workers_finish. */
struct workers *workers_start(workers_take *take, void *data);

/* Hands over a copy of a line; or, where s is NULL, one that is broken for this static reason. */
void workers_line(struct workers *w, const char *file, uint64_t number, const char *s, size_t n,
                  const char *reason);

/* Waits until all lines have been taken, ends the threads and frees w. */
void workers_finish(struct workers *w);

#endif
