/* when: times of logs and options, as milliseconds since 1970-01-01 UTC. */
#ifndef PGSEAL_CLI_REPORT_WHEN_H
#define PGSEAL_CLI_REPORT_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#define DAY_MS INT64_C(86400000)

/* Reads 2026-11-24, 2026-11-24T03:39, 2026-11-24 03:39:00, each with a fraction of a second, with Z
 * or an offset (+01:00) or neither (UTC). False: it is not a time. */
bool when_parse(const char *s, int64_t *ms);

/* The same for --since and --until, which also take an age before now: 30m, 12h, 7d, 4w. */
bool when_option(const char *s, int64_t now, int64_t *ms);

/* Now. */
int64_t when_now(void);

/* Writes 2026-11-24T03:39:00.123Z, 25 bytes with the NUL. */
void when_rfc3339(int64_t ms, char buf[25]);

/* Writes 2026-11-24 03:39, 17 bytes with the NUL. */
void when_short(int64_t ms, char buf[17]);

#endif
