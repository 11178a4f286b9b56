/* check: a server as a sealed connection sees it; shared by cli/check/. */
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
    char *host; /* as it was asked for: the host, or the hostaddr where that is empty */
    /* that must stand in the certificate: the host, or what verify_as says; may be "" */
    char *name;
    char *dial; /* what is looked up: hostaddr, else the host as it was asked for */
    char *port;
};

/* Something that is not as it should be. */
struct finding {
    const char *what; /* "no-tls", "unknown-root", … */
    char *text;       /* owned */
    char *advice;     /* owned, or NULL */
};

enum answer { NOT_ASKED, ANSWER_NO, ANSWER_YES, ANSWER_UNCLEAR };

/* All that pgseal check CONNINFO finds out. Strings are owned unless const. */
struct check {
    struct preview *asked;  /* as the shim would have it */
    struct preview *strict; /* what is connected with: as if enforced and not exempt */
    long days;              /* what ends within is a finding */
    bool probe_plaintext;
    struct target *targets;
    size_t ntargets;
    size_t nsockets; /* elements of the list that are Unix sockets */
    bool connected;
    char *failure; /* libpq's message, cleaned */
    /* whom the rest is about */
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
    json_t *server;        /* what it says of the session itself */
    struct finding *findings;
    size_t nfindings;
};

#define WEAK_ADVICE                                                                                \
    "Replace it by one with RSA of 2048 bits or more, or EC of 256, signed with SHA-256 or "       \
    "better."

/* Adds a finding; text and advice are owned from then on. */
void check_found(struct check *c, const char *what, char *text, char *advice);

/* --- check_net.c: connections of our own, which carry no user name and no password */

/* What a handshake of our own came to. Free with peer_free. */
struct peer {
    enum { PEER_NO_ADDRESS, PEER_NO_CONNECTION, PEER_NO_TLS, PEER_NO_HANDSHAKE, PEER_TLS } stage;
    char *reason;  /* where it did not come to TLS */
    char *address; /* that answered, or NULL */
    char *protocol, *cipher;
    int bits;
    STACK_OF(X509) * chain; /* as sent */
};

/* Connects to host and port by TCP; -1 with *why (owned by the caller) and *no_address set where
 * the lookup failed. *address is the peer's, owned by the caller, where it answered. */
int net_connect(const char *host, const char *port, char **address, char **reason,
                bool *no_address);

/* An SSLRequest and a handshake that verifies nothing, with TLS versions from min to max (as
 * OpenSSL numbers them) and, where min is below 1.2, ciphers of any strength. For diagnosis only:
 * nothing is sent inside. sni may be NULL. */
void peer_look(struct peer *p, const char *host, const char *port, const char *sni, int min,
               int max);
void peer_free(struct peer *p);

/* Sends a startup packet outside TLS and reads the first answer: ANSWER_YES where the server goes
 * on to authenticate, ANSWER_NO where it refuses. *words is its answer, owned by the caller. No
 * password is sent, whatever it asks for. */
enum answer plaintext_probe(const char *host, const char *port, const char *user,
                            const char *dbname, char **words);

/* --- check_chain.c */

/* Takes c->chain apart into certificates and names, and finds the name that matches. */
void chain_describe(struct check *c);

/* Verifies a chain as libpq does under the strict verdict, and adds a finding for each fault: the
 * roots, the dates, the revocations, the name. who names the server in words. Returns whether there
 * was none. */
bool chain_judge(struct check *c, const char *who, STACK_OF(X509) * chain,
                 const struct target *target);

/* Finds which root of the policy's file the verified chain ends in. */
void chain_find_root(struct check *c);

/* A distinguished name as text. The caller frees. */
char *chain_name_text(const X509_NAME *name);

/* --- advise.c: one finding each, with what to do about it: which certificate, in which file. who
 * names the server in words; chain is what it sent. */
void advise_unknown_root(struct check *c, const char *who, STACK_OF(X509) * chain);
void advise_fault(struct check *c, const char *who, const char *what, int code, X509 *cert,
                  STACK_OF(X509) * chain);
void advise_wrong_name(struct check *c, const char *who, const struct target *target,
                       const struct strings *names);
/* The server was verified, and yet there is no session: c->failure says why. */
void advise_failure(struct check *c);

/* --- check_session.c */

/* Connects as sealed, and asks the server what it sees; fills connected or failure, and all that a
 * session shows. */
void session_check(struct check *c);

/* --- check_diagnose.c */

/* Finds out with handshakes of our own what is wrong with the target; with `main`, c is then about
 * it. Returns whether TLS is as it should be. */
bool target_diagnose(struct check *c, const struct target *target, bool main);

/* Which versions of TLS the server takes. */
void target_versions(struct check *c, const char *host, const char *port, const char *sni);

/* Whether a name can be sent as SNI: it is not an address, and libpq's sslsni is not 0. */
const char *target_sni(const struct check *c, const char *name);

/* --- check_show.c */

void check_show(const struct check *c);
json_t *check_json(const struct check *c);

/* --- check_command.c */

/* Runs a command under the object and reports which hooks fired. argv ends with NULL. Returns the
 * exit status. */
int check_command(char **argv, const char *lib, const char *policy, bool json);

/* --- check_watch.c: the log of a command that runs */

struct watch {
    struct settings settings;
    struct policy policy;
    bool installed;   /* the log is where the policy file has it, not where it suits us */
    const char *sink; /* in words: "file", "stderr", "syslog", "none" */
    char *path;       /* of the file */
    char *directory;  /* to be removed at the end, or NULL */
    off_t from;       /* where what was not there before begins */
    int pipe;         /* what the command writes to its standard error, or -1: lines that the log
                         does not take come there */
    struct bytes seen;
};

/* Finds out where the log of a command that is started now will go, and leads it to a file of our
 * own where no policy file is in force. Returns NULL, or why the command cannot be run so; the
 * caller frees. */
char *watch_start(struct watch *w, const char *policy);

/* In the child, before the command is executed; end is the pipe's, or -1. */
void watch_child(const struct watch *w, int end);

/* Takes what came through the pipe so far, and hands it on to our own standard error. Returns false
 * once nothing more can come. */
bool watch_drain(struct watch *w);

/* The last line that pgseal-run wrote, without its name; NULL if there is none. The caller
 * frees. */
char *watch_launcher(const struct watch *w);

/* The lines that came: an array of objects. Frees all else but the policy. */
json_t *watch_end(struct watch *w);

/* --- run.c */

/* What there is to tell about one run. Strings are owned unless const. */
struct run {
    char *object;
    struct watch watch;
    char *exe;       /* what the child last was, as /proc has it */
    bool loaded;     /* the object was in the child */
    bool refused;    /* pgseal-run did not start the command */
    bool other_user; /* a process of it ran as another user, the last one these */
    uid_t uid;
    gid_t gid;
    bool other_root; /* or in another root directory */
    int status;      /* as waitpid(2) has it */
    json_t *lines;
    const char *what; /* the finding, or NULL */
    char *text;
    char *log_fault; /* why lines of the log came by standard error, or NULL */
};

/* The object to preload: the one named, else beside this tool, else the installed one; NULL if
 * there is none. The caller frees. */
char *run_object(const char *named);

/* Runs argv under pgseal-run with run->object until it ends; its standard output goes to our
 * standard error. run->watch must have been started. Returns 0, or the errno with which pgseal-run
 * could not be run. */
int run_start(struct run *run, char **argv);

/* Whether the processes that were seen could write to the log. */
bool run_log_reached(const struct run *run);

#endif
