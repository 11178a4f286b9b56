/* impostor: shared by the files of `pgseal impostor`: the trials, what a client told, the
 * results. */
#ifndef PGSEAL_CLI_IMPOSTOR_H
#define PGSEAL_CLI_IMPOSTOR_H

#include "cli/lib/util.h"

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

/* --- the trials */

enum certificate {
    CERTIFICATE_GENUINE,
    CERTIFICATE_SELF_SIGNED,
    CERTIFICATE_FOREIGN,
    CERTIFICATE_WRONG_NAME,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET,
    CERTIFICATE_REVOKED,
};

enum answer_to_tls { TLS_ACCEPT, TLS_OLD, TLS_REFUSE, TLS_STRIP };

struct trial {
    const char *name;
    const char *server; /* what the server is, in words */
    enum certificate certificate;
    enum answer_to_tls tls;
};

enum { TRIAL_GENUINE = 0, TRIALS = 10, TRIAL_REVOKED = 7 };
extern const struct trial trials[TRIALS];

/* Finds a trial by the n bytes of its name. Returns its index, or -1. */
int trial_find(const char *name, size_t n);

/* --- what a client told */

enum told { TOLD_USER, TOLD_PASSWORD, TOLD_SCRAM, TOLD_QUERY, TOLD_CANCEL, TOLD_KINDS };
extern const char *const told_names[TOLD_KINDS];

/* What a session reports beside what it was told. */
enum { EVENT_IN = TOLD_KINDS, EVENT_LEFT_AT_PASSWORD, EVENT_REASON };

/* One message from a session to the trial, sent as one packet. */
struct event {
    unsigned char what; /* enum told, or EVENT_… */
    bool tls;           /* it came inside TLS */
    bool scram;         /* EVENT_IN: the login was SCRAM */
    char text[1000];    /* what it was, cut; EVENT_REASON: why the session ended */
};

enum verdict {
    VERDICT_NOT_RUN,
    VERDICT_OK,
    VERDICT_TOLD,
    VERDICT_CONTROL_FAILED,
    VERDICT_TIMED_OUT
};
extern const char *const verdict_names[];

enum { OUTPUT_TAIL = 64 * 1024, OUTPUT_FILE_MAX = 16 * 1024 * 1024, VALUES_MAX = 32 };

/* What came of one trial. Starts as all zero; freed by result_free. */
struct result {
    unsigned told[2]; /* bits of enum told: [0] in clear, [1] inside TLS */
    bool in;          /* a client was logged in and went on */
    bool in_scram;
    bool left_at_password; /* a client went away when it was asked for a cleartext password */
    bool timed_out;
    int interrupted; /* the number of the signal, or 0 */
    unsigned connections;
    int exit; /* as a shell has it: 128 + N for a signal */
    double seconds;
    enum verdict verdict;
    char *reason;         /* why the last session ended early, or NULL */
    struct event *values; /* what was told, in full, at most VALUES_MAX */
    size_t nvalues;
    char *tail; /* the end of what COMMAND printed */
    size_t tail_n;
};

/* Judges a result. Pure. */
enum verdict verdict_of(const struct trial *trial, const struct result *result);

/* "none", "clear" or "tls": the worst way that something was told. */
const char *how_of(const struct result *result);

/* The exit status for all of them: STATUS_OK, STATUS_FOUND or STATUS_USAGE. Pure. */
int status_of(const struct result results[TRIALS]);

void result_free(struct result *result);

/* --- options.c */

struct options {
    bool json, show, keep_going, crl;
    bool some; /* --trial was given */
    bool asked[TRIALS];
    double timeout;
    unsigned short port;
    const char *name, *output, *junit;
    struct strings env; /* as given */
    char **command;
};

/* Parses the command line into options, which holds the defaults. Ends pgseal with STATUS_USAGE
 * where it is wrong. Strings point into argv; env is owned by the caller. */
void options_parse(struct options *options, int argc, char **argv);

/* --- how they are run */

/* Made once. Strings are owned unless const. */
struct impostor {
    const char *host;
    unsigned short port;
    int *listeners;
    size_t nlisteners;
    char *user, *password, *dbname;
    char *directory; /* holds root.pem and crl.pem; removed at exit */
    char *root, *crl;
    char **command; /* expanded */
    struct strings env;
    double timeout;
    const char *output; /* a directory, or NULL */
    bool scram;         /* ask for SCRAM, not for a password in clear */
    struct pki *pki;
};

/* Chooses a port where none is set, and listens on every address of im->host; all of them must be
 * loopback. Returns NULL, or the reason, which the caller frees. */
char *listen_start(struct impostor *im);

/* Runs COMMAND against one server. Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGCHLD for good.
 * Returns NULL, or why it could not be done, which the caller frees. */
char *trial_run(struct impostor *im, const struct trial *trial, struct result *result);

/* --- pki.c */

struct pki;

/* Makes the trial's root and CRL and writes root.pem and crl.pem into directory. Keys stay in
 * memory. Exits with STATUS_USAGE where OpenSSL fails. name is the genuine server's. */
struct pki *pki_make(const char *name, const char *directory);

/* The server's side of TLS for a trial. Exits as above. The caller frees. */
SSL_CTX *pki_context(const struct pki *pki, const struct trial *trial);

void pki_free(struct pki *pki);

/* --- session.c */

struct session {
    int fd;
    int events;
    const struct trial *trial;
    SSL_CTX *context;
    const char *password;
    bool scram;
};

/* Talks to one client until it goes away, and reports what it tells. Runs in a process of its own:
 * it blocks without limit. */
void session_run(const struct session *session);

/* --- command.c */

/* Starts COMMAND with the environment of im: standard input is /dev/null, both outputs go to
 * `output`, and it leads a session of its own. Returns its process number, or -1 with the errno
 * that kept it from being executed. */
pid_t command_start(const struct impostor *im, int output);

/* Sends a signal to every descendant that is not one of the n sessions. Returns how many there
 * were. Descendants whose parent has ended are found because this process is a subreaper. */
size_t command_signal(pid_t leader, int signal, const pid_t *sessions, size_t n);

/* --- show.c, junit.c */

/* The table, with what was told in full where `show` is set. */
void impostor_show(const struct impostor *im, const struct result results[TRIALS], bool show);

/* The same as JSON (pgseal-impostor/1). */
json_t *impostor_json(const struct impostor *im, const struct result results[TRIALS], bool show);

/* A JUnit report; `asked` tells which trials were to run. The caller frees. */
char *junit_make(const struct result results[TRIALS], const bool asked[TRIALS]);

/* n bytes as XML character data, valid in text and in attributes: markup is escaped, and what XML
 * cannot hold stands as \xNN. The caller frees. */
char *xml_text(const char *bytes, size_t n);

#endif
