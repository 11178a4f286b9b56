/* report: the sums of what was read from the logs. */
#ifndef PGSEAL_CLI_REPORT_REPORT_H
#define PGSEAL_CLI_REPORT_REPORT_H

#include "groups.h"
#include "timeline.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The log's events. */
enum event_id {
    EVENT_DOWNGRADE,
    EVENT_REFUSE,
    EVENT_EXEMPT,
    EVENT_FAILED,
    EVENT_VIOLATION,
    EVENT_PLAINTEXT_CANCEL,
    EVENT_SEAL,
    EVENT_SOCKET,
    EVENT_WITNESS,
    EVENT_PROCESS,
    EVENTS
};
extern const char *const event_names[EVENTS];

/* The number of an event's name, or EVENTS. */
enum event_id event_find(const char *name, size_t n);

enum { BROKEN_NAMED = 20, SOON_DAYS = 30 };

/* Lines that are counted; patterns are those of fnmatch, NULL matches all. */
struct filter {
    int64_t since; /* the first millisecond */
    int64_t until; /* the first that does not count any more */
    const char *node, *host, *exe;
    uint32_t events; /* a bit for each; 0: all */
};

struct broken {
    char *file;
    uint64_t line;
    const char *reason; /* static */
};

struct whatif;

struct report {
    struct filter filter;
    struct whatif *whatif; /* NULL: no other policy */
    int64_t now;
    uint64_t lines;  /* of pgseal's log, that the filter let through */
    uint64_t left;   /* those that it did not */
    uint64_t others; /* lines of other programs */
    uint64_t broken;
    struct broken first[BROKEN_NAMED]; /* the first that were broken */
    uint64_t lost;                     /* lines that the logs say they lost */
    int64_t from, until;               /* the first and last line; from > until: none */
    uint64_t events[EVENTS];
    uint64_t actions[ACTIONS];
    struct timeline timeline;
    struct groups groups;
};

/* Adds one object whose schema is pgseal/1. Returns NULL, or why it is no line of the log: a static
 * text. */
const char *report_add(struct report *r, json_t *event);

/* Notes a line that cannot be read. */
void report_broken(struct report *r, const char *file, uint64_t line, const char *reason);

/* Days from now to an RFC 3339 time or day (which it still includes), rounded down; false: it is
 * none. */
bool report_days(const struct report *r, const char *until, int64_t *days);

#endif
