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
    const char *requested; /* NULL: nothing was requested */
    const char *enforced;
};

struct event_library { /* one libpq copy, in a process line */
    const char *path;
    int version;
};

/* The fields of a line. Strings are the caller's. NULL, "" and 0 leave a field out, except where a
 * comment says otherwise. */
struct event {
    int64_t time_ms; /* since the epoch, UTC; 0 is formatted too */
    const char *node, *event, *action, *mode, *entry;
    int pid;      /* always written */
    unsigned uid; /* always written */
    const char *exe, *object, *libpq;
    int libpq_version;
    const char *host, *hostaddr, *port, *dbname, *user, *application_name;
    bool cut; /* request_cut: host to user are hidden, even if nothing in them shows it */
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

/* Writes e as one JSON object and a newline into buf. Returns the length with the newline. No NUL
 * is written. Each field has
 * reserved space (the table is in event.c); what remains of the line is used by the fields in their
 * order, which is that of docs/logging.md. Longer values are cut and lists lose their last
 * elements, but the JSON stays whole, and any bytes become valid UTF-8.
 *
 * Hidden as "(hidden)" are: values from the program (host to application_name, requested values)
 * and enforced values, if event_redacts says so; a port that is not a list of numbers; all values
 * of secret options; host, hostaddr, port, dbname and user together, if cut or event_cut
 * says so; and parts of a reason, as in redact_reason (redact.h). Keeps errno, allocates nothing,
 * uses at most 2 KiB of stack, async-signal-safe. */
size_t event_format(const struct event *e, char buf[static EVENT_LINE_MAX]);

/* Whether a value must not be shown: it contains "://", or the name of a secret option (password,
 * oauth_client_secret, pin-value…) followed by '=', in any case, percent-encoded or not. NULL: no.
 * Pure. */
bool event_redacts(const char *value);

/* Whether this value of host, hostaddr, port or dbname contains an '@': then a URI was split in the
 * wrong place, and parts of its password may be in all five targets. False for other options, and
 * if each '@' is the first and only one of its list element (an abstract socket). Pure. */
bool event_cut(const char *option, const char *value);

/* Writes ms since the epoch as RFC 3339 in UTC: 2026-11-24T03:39:00.123Z. buf has at least 25
 * bytes. */
void event_time(int64_t ms, char *buf, size_t size);

#endif
