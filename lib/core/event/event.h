/* event: one line of the log, from facts to JSON. */
#ifndef PGSEAL_EVENT_H
#define PGSEAL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_LINE_MAX = 4096, EVENT_CHANGES = 48, EVENT_LIST = 32 };

struct change {
    const char *option;
    const char *source;    /* conninfo uri params login service environment default */
    const char *requested; /* NULL: nothing was asked (left out) */
    const char *enforced;
};

struct event_library { /* one libpq copy, in a process line */
    const char *path;
    int version;
};

/* All strings are the caller's, NULL or "" means the field is left out; numbers likewise at 0
 * unless said otherwise. */
struct event {
    int64_t time_ms; /* since the epoch, UTC; 0 is formatted too */
    const char *node, *event, *action, *mode, *entry;
    int pid;      /* always written */
    unsigned uid; /* always written */
    const char *exe, *object, *libpq;
    int libpq_version;
    const char *host, *hostaddr, *port, *dbname, *user, *application_name;
    bool connection_from_uri; /* the values above may come from a URI cut in the wrong place: one
                                 hidden, all five hidden */
    const struct change *changes;
    size_t nchanges;
    const char *rule, *reason;
    uint64_t lost;
    /* witness */
    const char *protocol, *cipher;
    int bits;
    const char *peer_subject, *peer_issuer, *peer_names, *peer_not_after, *peer_sha256,
        *verified_name, *root, *root_sha256;
    /* process */
    const char *settings; /* where the settings came from */
    const struct event_library *libpqs;
    size_t nlibpqs;
    const char *const *hooks;
    size_t nhooks;
    const char *const *environment; /* names of variables that are present */
    size_t nenvironment;
    const char *const *preloads;
    size_t npreloads;
};

/* Writes e as one JSON object and a newline into buf (size at least EVENT_LINE_MAX); returns the
 * length, at most EVENT_LINE_MAX with the newline. Values are cut, from the longest down, until the
 * line fits; the JSON stays whole and every byte sequence gives valid UTF-8. Field order as in the
 * docs: schema, time, node, event, action, mode, entry, pid, uid, exe, object, libpq,
 * libpq_version, host, hostaddr, port, dbname, user, application_name, changes, rule, reason, lost,
 * then the witness's and the process's fields. No NUL is written. Secrets: a value that contains
 * '@', "://" or "password" (any case) becomes (hidden), port too when it is no list of numbers;
 * reasons by event_clean_reason; requested and enforced values of secret options always. Keeps
 * errno, allocates nothing, at most 2 KiB of stack. */
size_t event_format(const struct event *e, char *buf, size_t size);

/* Whether a value may not be shown (see above). */
bool event_redacts(const char *value);

/* Copies a reason (often libpq's own message) into buf without newlines at its end (others become
 * "; "), and without what could be a secret: where it contains '@', "://" or "password", everything
 * from a line's first double quote to its last becomes "(hidden)" in quotes, and if such a trigger
 * stands outside quotes, that line is (hidden) as a whole. The word password in a text of pgseal's
 * own must be avoided. Keeps errno. */
void event_clean_reason(const char *reason, char *buf, size_t size);

/* RFC 3339, UTC, milliseconds: 2026-11-24T03:39:00.123Z; buf holds 25 bytes. */
void event_time(int64_t ms, char *buf, size_t size);

#endif
