/* check: what pgseal check finds out about a server; shared by the files of cli/check/. */
#ifndef PGSEAL_CLI_CHECK_H
#define PGSEAL_CLI_CHECK_H

#include "cli/ca/ca.h"
#include "cli/explain/preview.h"
#include "cli/lib/util.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

enum { CHECK_SECONDS = 10 }; /* how long one step of the network may take */

/* One TCP element of the host list. Strings are owned. */
struct target {
    char *host; /* as requested: the host, or the hostaddr if that is empty */
    char *name; /* that the certificate must have: the host, or verify_as; may be "" */
    char *dial; /* what is looked up: hostaddr, else the host as requested */
    char *port;
};

/* One finding. */
struct finding {
    const char *what; /* "no-tls", "unknown-root", … */
    char *text;       /* owned */
    char *advice;     /* owned, or NULL */
};

enum answer { NOT_ASKED, ANSWER_NO, ANSWER_YES, ANSWER_UNCLEAR };

/* All that pgseal check CONNINFO finds out. Strings are owned unless const. */
struct check {
    struct preview *asked;  /* what the shim would do */
    struct preview *strict; /* the same, as if enforced and not exempt: used for the connection */
    long days;              /* a certificate that ends within these is a finding */
    bool probe_plaintext;
    struct target *targets;
    size_t ntargets;
    size_t nsockets; /* elements of the list that are Unix sockets */
    bool connected;
    char *failure; /* libpq's message, cleaned */
    /* the server that the rest is about */
    char *host, *address, *port;
    char *protocol, *cipher;
    int bits;
    bool sent_only;              /* chain is what the server sent, not what libpq verified */
    STACK_OF(X509) * chain;      /* the server's own first */
    struct ca_file certificates; /* the same, taken apart */
    struct strings names;        /* the server's: "DNS:…", "IP:…", "CN:…" */
    char *verified_name;
    char *matched; /* the one of names that matches verified_name, or NULL */
    char *root_subject;
    char root_sha256[65];
    size_t root_line;                /* in the root file, 0: not found there */
    enum answer tls13, tls12, older; /* whether the server takes each */
    enum answer plaintext;
    char *plaintext_words; /* what the server answered */
    bool unanswered;       /* it does not answer queries */
    json_t *server;        /* what the server says about the session */
    struct finding *findings;
    size_t nfindings;
};

#define WEAK_ADVICE                                                                                \
    "Replace it by one with RSA of 2048 bits or more, or EC of 256, signed with SHA-256 or "       \
    "better."

/* Adds a finding; text and advice are owned from then on. */
void check_found(struct check *c, const char *what, char *text, char *advice);

/* --- net.c: connections of our own, which carry no user name and no password */

/* The result of a handshake. Free with peer_free. */
struct peer {
    enum {
        PEER_NO_ADDRESS,
        PEER_NO_CONNECTION,
        PEER_NO_ANSWER, /* to SSLRequest, or none that says whether there is TLS */
        PEER_NO_TLS,
        PEER_NO_HANDSHAKE,
        PEER_TLS
    } stage;
    char *reason;  /* why there was no TLS */
    char *address; /* of the peer, or NULL */
    char *protocol, *cipher;
    int bits;
    STACK_OF(X509) * chain; /* as sent */
};

/* Connects to host and port by TCP. Returns the socket, or -1 with *reason; *no_address says that
 * the look-up failed. Sets *address to the peer's if it answered. The caller frees *reason and
 * *address. */
int net_connect(const char *host, const char *port, char **address, char **reason,
                bool *no_address);

/* Sends an SSLRequest and makes a handshake that verifies nothing, with TLS versions from min to
 * max (OpenSSL's numbers) and, if min is below 1.2, ciphers of any strength. For diagnosis only:
 * nothing is sent inside TLS. sni may be NULL. */
void peer_look(struct peer *p, const char *host, const char *port, const char *sni, int min,
               int max);
void peer_free(struct peer *p);

/* Sends a startup packet outside TLS and reads the first answer: ANSWER_YES if the server goes on
 * to authentication, ANSWER_NO if it refuses. *words is its answer, and the caller's. Never sends a
 * password. */
enum answer plaintext_probe(const char *host, const char *port, const char *user,
                            const char *dbname, char **words);

/* --- chain.c */

/* Fills c->certificates and c->names from c->chain, and finds the name that matches. */
void chain_describe(struct check *c);

/* Verifies a chain as libpq does under the strict verdict, and adds a finding for each fault: root,
 * dates, revocation, name. who is the server, for messages. Returns whether there was no fault. */
bool chain_judge(struct check *c, const char *who, STACK_OF(X509) * chain,
                 const struct target *target);

/* Finds which root of the policy's file the verified chain ends in. */
void chain_find_root(struct check *c);

/* A distinguished name as text. The caller frees. */
char *chain_name_text(const X509_NAME *name);

/* --- advise.c: each adds one finding with advice, which names the certificate and the file. who is
 * the server, for messages; chain is what it sent. */
void advise_unknown_root(struct check *c, const char *who, STACK_OF(X509) * chain);
void advise_fault(struct check *c, const char *who, const char *what, int code, X509 *cert,
                  STACK_OF(X509) * chain);
void advise_wrong_name(struct check *c, const char *who, const struct target *target,
                       const struct strings *names);
/* For a server that was verified although there is no session: c->failure says why. */
void advise_failure(struct check *c);

/* --- session.c */

/* Connects as sealed, and asks the server what it sees. Fills connected or failure, and the facts
 * of the session. */
void session_check(struct check *c);

/* --- diagnose.c */

/* Diagnoses the target with handshakes of its own. With `main`, the rest of c becomes about it.
 * Returns whether TLS has no fault. */
bool target_diagnose(struct check *c, const struct target *target, bool main);

/* Finds out which versions of TLS the server accepts. */
void target_versions(struct check *c, const char *host, const char *port, const char *sni);

/* Whether a name can be sent as SNI: it is not an address, and libpq's sslsni is not 0. */
const char *target_sni(const struct check *c, const char *name);

/* --- show.c */

void check_show(const struct check *c);
json_t *check_json(const struct check *c);

/* --- command.c */

/* Runs a command under the object and reports which hooks fired. argv ends with NULL. Returns
 * pgseal's exit status. */
int check_command(char **argv, const char *lib, const char *policy, bool json);

/* --- watch.c: the log of a command that runs */

struct watch {
    struct settings settings;
    struct policy policy;
    bool installed;   /* a policy file decides where the log goes */
    const char *sink; /* "file", "stderr", "syslog", "none" */
    char *path;       /* of the file */
    char *directory;  /* to be removed at the end, or NULL */
    off_t from;       /* the size of the file at the start */
    int pipe; /* the command's standard error, or -1: lines that cannot be written to the log
                         come there */
    struct bytes seen;
};

/* Finds out where the log of a command will go. If no policy file is in force, sends it to a
 * temporary file. Returns NULL, or why the command cannot be run; the caller frees. */
char *watch_start(struct watch *w, const char *policy);

/* In the child, before the command is executed; end is the pipe's, or -1. */
void watch_child(const struct watch *w, int end);

/* Reads what came through the pipe so far, and copies it to standard error. Returns false at the
 * end of the pipe. */
bool watch_drain(struct watch *w);

/* The last line that pgseal-run wrote, without its name; NULL if there is none. The caller
 * frees. */
char *watch_launcher(const struct watch *w);

/* Returns the log lines that came, as an array. Frees the rest, except for the policy. */
json_t *watch_end(struct watch *w);

/* --- run.c */

/* One run of a command. Strings are owned unless const. */
struct run {
    char *object;
    struct watch watch;
    char *exe;       /* the child's last /proc/PID/exe */
    bool loaded;     /* the object was loaded into the child */
    bool refused;    /* pgseal-run did not start the command */
    bool other_user; /* a process of it ran as another user; the last one had these IDs */
    uid_t uid;
    gid_t gid;
    bool other_root; /* a process of it ran in another root directory */
    int status;      /* of waitpid(2) */
    json_t *lines;
    const char *what; /* the finding, or NULL */
    char *text;
    char *log_fault; /* why lines of the log came by standard error, or NULL */
};

/* The object to preload: the one named, else beside this tool, else the installed one; NULL if
 * there is none. The caller frees. */
char *run_object(const char *named);

/* Runs argv under pgseal-run with run->object until it ends; its standard output goes to standard
 * error. run->watch must have been started. Returns 0, or the errno if pgseal-run could not be
 * run. */
int run_start(struct run *run, char **argv);

/* Whether all processes of the command could write the log. */
bool run_log_reached(const struct run *run);

#endif
