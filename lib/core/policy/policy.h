/* policy: the operator's settings, parsed from a policy file's bytes or from the environment's
 * variables. */
#ifndef PGSEAL_POLICY_H
#define PGSEAL_POLICY_H

#include "lib/core/text/host_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_FILE "/etc/pgseal/policy.conf"
enum { POLICY_FAULT_MAX = 1024, POLICY_LINE_MAX = 4096, POLICY_PATH_MAX = 1023, POLICY_PINS = 32 };

/* In the order of the words in policy_keys.c. */
enum policy_mode { MODE_ENFORCE, MODE_AUDIT };
enum cancel_rule { CANCEL_ALLOW, CANCEL_REFUSE, CANCEL_ENCRYPT };
enum log_kind { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_NONE, LOG_TO_FILE };

enum policy_origin { POLICY_OF_FILE, POLICY_OF_ENVIRONMENT }; /* what a line number means */
enum root_kind { ROOT_SYSTEM, ROOT_FILE, ROOT_PROGRAM };
enum socket_rule { SOCKETS_ALLOW, SOCKETS_REFUSE, SOCKETS_DIRECTORIES };

struct pin {
    const char *option;
    const char *value;
    int line;
};

/* One [host …] section, with what it inherits; or the global keys, whose pattern is NULL. */
struct rule {
    const char *pattern;
    int line; /* of the header; of the global keys: of sslrootcert, else of mode, else 0 */
    enum policy_mode mode;
    enum root_kind root_kind;
    const char *root; /* absolute path, with ROOT_FILE only */
    int root_line;    /* of sslrootcert (if inherited, the global line); 0: not set */
    const char *crl;  /* absolute path or NULL */
    int crl_line;
    const char *verify_as; /* a host name or NULL */
    const char *exempt;    /* the reason or NULL */
    int exempt_line;
    int32_t exempt_until; /* the last day, as days since 1970-01-01 UTC; INT32_MAX: no end */
    struct pin pins[POLICY_PINS];
    size_t npins;
};

struct policy {
    const char *name; /* the file's path, "environment" or "defaults" */
    enum policy_origin origin;
    struct rule global;
    struct rule *rules; /* owned */
    size_t nrules;
    struct host_filter *filters; /* one for each rule, owned; apart, since all of them are read */
    bool unlisted_refuse;
    int unlisted_line;
    enum socket_rule sockets;
    const char *socket_dirs; /* a colon-separated list, as written; "\:" is a colon in a path */
    int sockets_line;
    enum cancel_rule cancel;
    enum log_kind log;
    const char *log_path;         /* LOG_TO_FILE: absolute */
    bool log_all;                 /* log_level = all */
    char fault[POLICY_FAULT_MAX]; /* "": none. Else "file:line: what is wrong": refuse everything */
};

/* One PGSEAL_ variable, as it was when the object was loaded. */
struct setting {
    const char *name;
    const char *value;
};

/* Parses the len bytes at bytes into *p. It changes them, and they must outlive the policy; so must
 * name, the path for messages. *p is always valid: with a fault (the first one), it refuses
 * everything, and its log settings are as far as they were read, so that the fault gets into the
 * operator's log. Allocates p->rules and p->filters; no memory is a fault. Keeps errno. */
void policy_parse_file(struct policy *p, const char *name, char *bytes, size_t len);

/* Whether NAME or NAME=VALUE is a variable for policy_from_settings: its name begins with PGSEAL_,
 * and is neither PGSEAL_POLICY nor one that Kubernetes sets for a Service of such a name. Pure. */
bool policy_variable(const char *variable);

/* The same from variables. An empty value counts as unset. A fault reads `environment: PGSEAL_MODE:
 * unknown value "of"`. The values must outlive the policy and are not changed. If none is set, the
 * name is "defaults". */
void policy_from_settings(struct policy *p, const struct setting *settings, size_t n);

/* Makes a policy that refuses everything with this text, for a file that cannot be opened or
 * trusted. It logs to standard error. */
void policy_faulty(struct policy *p, const char *name, const char *fault);

/* Frees what the parser allocated. For tests and the tool; the shim never frees its policy. */
void policy_free(struct policy *p);

/* The first section that matches this element, else &p->global. Keeps errno. */
const struct rule *policy_match(const struct policy *p, const char *host, int port);

/* Whether the socket directory may be used: dir as libpq has it (absolute path, or @name). Keeps
 * errno. */
bool policy_socket_allowed(const struct policy *p, const char *dir);

/* Copies the first path of the list at *list into buf, with "\:" as ":", and advances *list; NULL
 * at the end. Returns the path's length, even if buf is too small. Pure. */
size_t policy_next_directory(const char **list, char *buf, size_t size);

/* Why name cannot be a verify_as: NULL if it can, else a static text. Pure. */
const char *policy_verify_as_fault(const char *name);

/* Writes "file:line" (or "environment: PGSEAL_X" or "defaults") of a line of this policy into
 * buf. */
void policy_where(const struct policy *p, int line, char *buf, size_t size);

/* Days since 1970-01-01 of "YYYY-MM-DD"; INT32_MIN if it is no date. Pure. */
int32_t policy_day(const char *date);

#endif
