/* verdict: what was asked for + the policy -> what is forced, refused or exempt, and why. */
#ifndef PGSEAL_VERDICT_H
#define PGSEAL_VERDICT_H

#include "lib/core/event/event.h"
#include "lib/core/policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_OPTIONS = 80,  /* libpq 19 knows 54 */
    SEAL_FORCED = 64,   /* options forced at most; verdict.c asserts that all pins fit */
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

/* One option that this libpq knows, as libpq itself added it up. */
struct asked {
    const char *name;
    const char *value;    /* in effect; NULL: unset. "" only where a string set it so */
    const char *compiled; /* libpq's compiled default or NULL */
    /* what string or array itself said (secrets too), NULL where it said nothing */
    const char *given;
    enum source source;
};

/* One connection attempt, as the probe saw it. All strings are the caller's. */
struct request {
    int version; /* PQlibVersion: 150018 */
    struct asked options[SEAL_OPTIONS];
    size_t noptions;
    /* what an empty host element dials: a socket directory or "localhost" */
    const char *default_host;
    bool passphrase_hook; /* the program has a function of its own that decrypts a client key */
    bool service;     /* a service file takes part: what it says can change before the real call */
    bool crl_judged;  /* what libpq opens as a CRL is judged where it opens it */
    bool root_judged; /* likewise the root file, and an engine that it loads for a key */
    /* libpq's home directory, "" for none, NULL where it was not asked or does not tell; asked
     * where not all files are judged, and by verdict_needs_home */
    const char *home;
};

/* What is found in the place of a CRL file. */
enum crl_state {
    CRL_UNREADABLE = -2, /* there or hidden, and this process cannot open it */
    CRL_FAULTY = -1,     /* no regular file, or it holds anything but CRLs */
    CRL_ABSENT = 0,      /* not there (ENOENT, ENOTDIR) */
    CRL_FINE = 1,
};

/* What the verdict needs to know of the outside; the shim and the cli give the real world, tests a
 * made-up one. */
struct world {
    void *data;
    /* Judges a root file: true when fine, else why not ("no such file"…) is in reason. */
    bool (*root_ok)(void *data, const char *path, char *reason, size_t size);
    /* Judges a CRL file; unless it is fine, why not is in reason. */
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
    const char *verify; /* what libpq asks the resolver for */
    const char *host;   /* what the program named: looked up instead */
    const char *port;
};

enum verdict_kind {
    VERDICT_REFUSE,
    VERDICT_EXEMPT,
    VERDICT_DOWNGRADE,
    VERDICT_SOCKET,
    VERDICT_SEAL
};

/* What becomes of the call. */
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
    bool sealed;     /* the forced pairs are sent, and the witness holds the session against them */
    bool fault;      /* the policy itself cannot be used: refused in audit mode too */
    bool once;       /* a fault of the settings or their files: logged once per process */
    bool pin_target; /* the call goes through as it came, but host, hostaddr and port are those seen
                        here */
    const struct rule *rule;
    struct forced forced[SEAL_FORCED];
    size_t nforced;
    struct change changes[EVENT_CHANGES];
    size_t nchanges;
    struct dial dials[SEAL_ELEMENTS];
    size_t ndials;
    bool full; /* something did not fit into one of the arrays above: only a refusal is left */
    bool tcp, socket; /* the list has such an element */
    bool renamed;     /* the list is verified under other names than the program's (verify_as) */
    int min_tls;      /* 12 or 13 */
    const char *root; /* the root file in force, NULL when not sealed */
    bool root_found_by_libpq; /* root is NULL: the program names none, and libpq looks for it */
    /* likewise a client certificate: one that it cannot use is left out */
    bool cert_found_by_libpq;
    bool passphrase;                  /* something gives an encrypted key's pass phrase */
    bool engine_allowed;              /* the policy pins the key */
    const char *key;                  /* the key that is named, or NULL */
    const char *crl;                  /* the CRL file in force or NULL */
    const char *hosts;                /* the host list as it is verified; the witness compares */
    char where[POLICY_PATH_MAX + 16]; /* rule as file:line, "" where no line stands behind it */
    char reason[SEAL_REASON]; /* refuse: why and what to do; exempt: the policy's reason; else "" or
                                 a note */
    char words[SEAL_WORDS];   /* the strings above live here */
    size_t words_len;
};

/* Fills *v from r under p. Every path is decided here: a refusal is a verdict, not an error.
 * Strings in *v point into *r, *p or v->words and live as long as these. In audit mode the verdict
 * says what would have been done and sealed is false. Keeps errno. Allocates nothing; about 3 KiB
 * of stack beside *v. Does no I/O but through w. */
void seal_decide(const struct request *r, const struct policy *p, const struct world *w,
                 struct verdict *v);

/* Whether a request under p should tell libpq's home directory in any case: where the program's own
 * root is audited, libpq need not load it, and what it would find there is part of what would be
 * done. */
bool verdict_needs_home(const struct policy *p);

/* A refusal before there is any request (a faulty policy, a caller without a libpq, LDAP). always:
 * refused in audit mode too, and logged once per process; else would-refuse there. */
void seal_refuse(const struct policy *p, const char *reason, bool always, struct verdict *v);

/* The value in effect of an option of r, NULL if unset, empty or unknown; option says whether r's
 * libpq knows it. */
const char *request_value(const struct request *r, const char *name);
const struct asked *request_option(const struct request *r, const char *name);

/* Whether value, where it is given at all, is another one than the compiled default. */
bool option_differs(const char *value, const char *compiled);

/* Writes why a connection is refused on which this libpq's option is set that pgseal does not know:
 * such an option may name another host, another port, another root. */
void option_unknown_reason(char *reason, size_t size, int version, const char *option);

/* Whether one of r's values shows a URI that was cut in the wrong place (event_cut): none of host,
 * hostaddr, port, dbname and user may be shown then. */
bool request_cut(const struct request *r);

/* Appends a pair that is forced. The one writer of v->forced: where it is full, v->full is set,
 * false returned and the connection must be refused. The strings stay the caller's. */
bool verdict_force(struct verdict *v, const char *option, const char *value);

/* What to say of a CRL file with anything else in it. */
#define SEAL_CRLS_ONLY                                                                             \
    "; a CRL file may contain only CRLs (libpq would trust a certificate in it as a root)"

/* Why an exemption is refused whose log line reached no sink. */
#define SEAL_UNLOGGED                                                                              \
    "exemption refused: the required log line could not be written; fix the log destination"

/* Why a key that names an engine is refused, before libpq is called and where it loads the
 * engine. */
#define SEAL_ENGINE_REFUSED                                                                        \
    "sslkey names an engine (it has a colon): libpq would load and run it before the server is "   \
    "verified; name a key file, or pin sslkey in the policy"

/* The log's words for a source, an action and a verdict's event. */
const char *source_name(enum source s);
const char *action_name(enum verdict_action a);
const char *verdict_event(const struct verdict *v);

#endif
