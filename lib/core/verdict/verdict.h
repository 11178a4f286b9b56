/* verdict: what a policy makes of a request: options to force, a refusal or an exemption, and
 * why. */
#ifndef PGSEAL_VERDICT_H
#define PGSEAL_VERDICT_H

#include "lib/core/event/event.h"
#include "lib/core/policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_OPTIONS = 80,  /* libpq 19 knows 54 */
    SEAL_FORCED = 64,   /* options forced at most; parts.c asserts that all pins fit */
    SEAL_ELEMENTS = 64, /* elements of a host list; longer lists are refused */
    SEAL_REASON = 1024, /* a refusal's text with its NUL */
    SEAL_WORDS = 16384, /* memory for the strings that a verdict builds */
};

/* Where a value came from, the strongest last. */
enum source {
    FROM_DEFAULT,
    FROM_ENVIRONMENT,
    FROM_SERVICE,
    FROM_LOGIN,
    FROM_PARAMS,
    FROM_URI,
    FROM_CONNINFO
};

/* One option that this libpq has, with the value that libpq itself determined. */
struct asked {
    const char *name;
    const char *value;    /* in effect; NULL: unset. "" only if a string sets it to that */
    const char *compiled; /* libpq's compiled default or NULL */
    /* the value in the string or array itself (also of secrets); NULL: none */
    const char *given;
    enum source source;
};

/* One connection attempt, as the probe saw it. All strings are the caller's. */
struct request {
    int version; /* PQlibVersion: 150018 */
    struct asked options[SEAL_OPTIONS];
    size_t noptions;
    /* what an empty host element means: a socket directory or "localhost" */
    const char *default_host;
    bool passphrase_hook; /* the program has a callback for the passphrase of a client key */
    bool cut; /* the connection string shows that it was split in the wrong place (request_cut), in
                 values that other arguments may override */
    bool service;     /* a service file is used; it may change before the real call */
    bool crl_judged;  /* a CRL file is judged when libpq opens it */
    bool root_judged; /* likewise the root file, and an engine that it loads for a key */
    /* libpq's home directory; "": none; NULL: not asked, or libpq does not report it. It is asked
     * if not all files are judged, and if verdict_needs_home says so */
    const char *home;
};

/* The state of a CRL file. */
enum crl_state {
    CRL_UNREADABLE = -2, /* it cannot be opened, and may exist */
    CRL_FAULTY = -1,     /* no regular file, or it contains anything but CRLs */
    CRL_ABSENT = 0,      /* it does not exist (ENOENT, ENOTDIR) */
    CRL_FINE = 1,
};

/* What the verdict needs from outside: the real one is in lib/os/trust_files.h, and tests pass
 * their own. */
struct world {
    void *data;
    /* Judges a root file: true if it has no fault, else the reason ("no such file"…). */
    bool (*root_ok)(void *data, const char *path, char *reason, size_t size);
    /* Judges a CRL file; writes the reason unless it is CRL_FINE. */
    enum crl_state (*crl_state)(void *data, const char *path, char *reason, size_t size);
    /* The distribution's bundle file or NULL. */
    const char *(*bundle)(void *data);
    const char *(*environment)(void *data, const char *name);
    int32_t today; /* days since 1970-01-01 UTC */
};

struct forced {
    const char *option;
    const char *value;
};

/* One element of the host list that is connected to under one name and verified under another. */
struct dial {
    const char *verify; /* the verified name, which libpq looks up */
    const char *host;   /* the program's name, which is looked up instead */
    const char *port;
};

enum verdict_kind {
    VERDICT_REFUSE,
    VERDICT_EXEMPT,
    VERDICT_DOWNGRADE,
    VERDICT_SOCKET,
    VERDICT_SEAL
};

/* What is done with the call. */
enum verdict_action {
    ACTION_SEALED,
    ACTION_REFUSED,
    ACTION_ALLOWED,
    ACTION_WOULD_SEAL,
    ACTION_WOULD_REFUSE
};

struct verdict {
    enum verdict_kind kind;
    enum verdict_action action;
    enum policy_mode mode;
    bool sealed;     /* the forced pairs are passed to libpq, and the witness checks the session */
    bool fault;      /* the policy itself cannot be used: refused in audit mode too */
    bool once;       /* a fault of the settings or their files: logged once per process */
    bool pin_target; /* the call is made as it came, with host, hostaddr and port as judged here */
    const struct rule *rule;
    struct forced forced[SEAL_FORCED];
    size_t nforced;
    struct change changes[EVENT_CHANGES];
    size_t nchanges;
    struct dial dials[SEAL_ELEMENTS];
    size_t ndials;
    bool full;        /* an array above is full: the connection must be refused */
    bool tcp, socket; /* the list has such an element */
    bool renamed;     /* the list is verified under other names than the program's (verify_as) */
    int min_tls;      /* 12 or 13 */
    const char *root; /* the root file in force, NULL when not sealed */
    bool root_found_by_libpq; /* root is NULL: the program names none, and libpq looks for one */
    bool cert_found_by_libpq; /* likewise the client certificate; left out if unusable */
    bool passphrase;          /* there is a source for an encrypted key's passphrase */
    bool engine_allowed;      /* the policy pins the key */
    const char *key;          /* the key that is named, or NULL */
    const char *crl;          /* the CRL file in force or NULL */
    const char *hosts;        /* the host list as it is verified, for the witness */
    char where[POLICY_PATH_MAX + 16]; /* rule as file:line; "" if it has no line */
    char reason
        [SEAL_REASON]; /* refuse: why, and what to do; exempt: the policy's; else a note or "" */
    char words[SEAL_WORDS]; /* memory for the strings above */
    size_t words_len;
};

/* Fills *v from r under p. A refusal is a verdict, too, not an error. Strings in *v point into *r,
 * *p or v->words. In audit mode, the verdict says what would be done, and sealed is false. Keeps
 * errno. Allocates nothing; about 3 KiB of stack besides *v. All I/O is done by w. */
void seal_decide(const struct request *r, const struct policy *p, const struct world *w,
                 struct verdict *v);

/* Whether a request under p must have libpq's home directory: if the program's own root is audited,
 * libpq may not load it, and the verdict must say what it would find there. Pure. */
bool verdict_needs_home(const struct policy *p);

/* Fills *v with a refusal that has no request: a policy with a fault, no libpq, LDAP. With always,
 * it is refused in audit mode, too, and logged once per process; otherwise it is would-refuse
 * there. Keeps errno. */
void seal_refuse(const struct policy *p, const char *reason, bool always, struct verdict *v);

/* The value in effect of an option of r; NULL if unset, empty or unknown. request_option returns
 * NULL if r's libpq does not have the option. Pure. */
const char *request_value(const struct request *r, const char *name);
const struct asked *request_option(const struct request *r, const char *name);

/* Whether value is set to anything but the compiled default. Pure. */
bool option_differs(const char *value, const char *compiled);

/* Writes the reason for refusing a connection that sets an option of this libpq which pgseal does
 * not know: it may name another host, port or root. */
void option_unknown_reason(char *reason, size_t size, int version, const char *option);

/* Whether r->cut or one of r's values shows that a URI was split in the wrong place (event_cut).
 * Then host, hostaddr, port, dbname and user must not be shown. Pure. */
bool request_cut(const struct request *r);

/* Appends a forced pair; nothing else writes to v->forced. If it is full, sets v->full and returns
 * false: the connection must be refused. The strings stay the caller's. Keeps errno. */
bool verdict_force(struct verdict *v, const char *option, const char *value);

/* Advice for a CRL file that contains anything else. */
#define SEAL_CRLS_ONLY                                                                             \
    "; a CRL file may contain only CRLs (libpq would trust a certificate in it as a root)"

/* The reason if an exemption's log line reached no sink. */
#define SEAL_UNLOGGED                                                                              \
    "exemption refused: the required log line could not be written; fix the log destination"

/* The reason for refusing a key in an engine. */
#define SEAL_ENGINE_REFUSED                                                                        \
    "sslkey names an engine (it has a colon): libpq would load and run it before the server is "   \
    "verified; name a key file, or pin sslkey in the policy"

/* The log's words for a source, an action and a verdict's event. */
const char *source_name(enum source s);
const char *action_name(enum verdict_action a);
const char *verdict_event(const struct verdict *v);

#endif
