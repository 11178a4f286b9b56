/* event: formats one line of the log as JSON. */
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
    const struct change *changes;
    size_t nchanges;
    const char *rule;
    const char *exempt_until; /* the last day of the exemption that was used */
    const char *reason;
    uint64_t lost;
    /* witness */
    const char *protocol, *cipher;
    int bits;
    const char *peer_subject, *peer_issuer, *peer_names, *peer_not_after, *peer_sha256,
        *verified_name, *root, *root_sha256, *openssl;
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
 * length, at most EVENT_LINE_MAX with the newline. Each field has room of its own that no other can
 * take (event.c has the table); what a line has left beside these, the fields take in their order.
 * Longer values are cut, lists lose their last elements; the JSON stays whole and every byte
 * sequence gives valid UTF-8. Field order as in the docs: schema, time, node, event, action, mode,
 * entry, pid, uid, exe, object, libpq, libpq_version, host, hostaddr, port, dbname, user,
 * application_name, changes, rule, reason, lost, then the witness's and the process's fields. No
 * NUL is written.
 *
 * Secrets become (hidden): what the program said (host to application_name, requested values) where
 * event_redacts says so, and enforced values likewise; a port that is not a list of numbers;
 * requested and enforced values of secret options always; host, hostaddr, port, dbname and user
 * together where event_cut finds one of them cut; a reason as event_clean_reason does it. Keeps
 * errno, allocates nothing, at most 2 KiB of stack. */
size_t event_format(const struct event *e, char *buf, size_t size);

/* Whether a value may not be shown: it holds "://", or '=' behind the name of a secret option
 * (password, oauth_client_secret, pin-value…), in any case, percent-encoded or not. NULL: no. */
bool event_redacts(const char *value);

/* Whether this value of the option host, hostaddr, port or dbname (others: no) shows by an '@' that
 * a URI was cut in the wrong place, so that pieces of its password may stand in all five targets.
 * (An element of a host list may begin with its only one: an abstract socket. A user's '@' means
 * nothing.) */
bool event_cut(const char *option, const char *value);

/* Copies a reason (often libpq's own message) into buf without newlines at its end (others become
 * "; "), and without what could be a secret: where event_redacts says so of it, or secret is set,
 * everything from a line's first double quote to its last becomes "(hidden)" in quotes, and a line
 * with such a trigger or an '@' outside quotes is (hidden) as a whole. Keeps errno. */
void event_clean_reason(const char *reason, bool secret, char *buf, size_t size);

/* Whether libpq's message about a connection string that it rejects quotes a part of it that may
 * hold a secret. Keeps errno. */
bool event_rejection_secret(const char *message, const char *conninfo);

/* RFC 3339, UTC, milliseconds: 2026-11-24T03:39:00.123Z; buf holds 25 bytes. */
void event_time(int64_t ms, char *buf, size_t size);

#endif
