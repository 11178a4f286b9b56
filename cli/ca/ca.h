/* ca: the contents of a file of roots or CRLs; shared by cli/ca/ and cli/check/. */
#ifndef PGSEAL_CLI_CA_H
#define PGSEAL_CLI_CA_H

#include "cli/lib/term.h"
#include "cli/lib/util.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { CA_FILE_MAX = 16 * 1024 * 1024, DAYS_MAX = 36500 /* of --days */ };

enum ca_kind { CA_CERTIFICATE, CA_CRL, CA_OTHER };

/* What may be wrong with one block, as bits; ca_finding_names has their names in this order. */
enum ca_finding {
    CA_EXPIRED = 1 << 0,
    CA_NOT_YET_VALID = 1 << 1,
    CA_EXPIRING = 1 << 2,
    CA_DUPLICATE = 1 << 3,
    CA_NOT_A_CA = 1 << 4,
    CA_WEAK_KEY = 1 << 5,
    CA_WEAK_SIGNATURE = 1 << 6,
    CA_UNREADABLE = 1 << 7,
    CA_OTHER_BLOCK = 1 << 8,
    CA_NO_ISSUER = 1 << 9,
};
enum { CA_FINDINGS = 10 };
extern const char *const ca_finding_names[CA_FINDINGS];

/* One block of the file. Strings are owned. */
struct ca_item {
    enum ca_kind kind;
    size_t line; /* where it begins, from 1 */
    char *label; /* between BEGIN and the dashes */
    X509 *cert;  /* only for CA_CERTIFICATE; NULL if it cannot be read */
    X509_CRL *crl;
    unsigned findings;
    char *subject; /* RFC 2253, UTF-8 */
    char *issuer;
    char *serial;
    char *not_before; /* RFC 3339, UTC; of a CRL: last and next update */
    char *not_after;
    long days_left; /* whole days, rounded down: negative once it is over */
    char *key_type; /* "RSA", "EC prime256v1", … */
    int key_bits;
    char *signature; /* "RSA-SHA256", … */
    char sha256[65]; /* of the DER */
    bool is_ca;
    bool self_signed;
    size_t duplicate_of; /* index of the first, with CA_DUPLICATE */
    size_t revoked;      /* entries of a CRL */
};

struct ca_file {
    char *name;
    struct bytes bytes;
    char sha256[65]; /* of the bytes */
    struct ca_item *items;
    size_t n;
    size_t certificates;
    size_t crls;
    size_t others;
    const char *fault;          /* what pem_read says, or NULL */
    size_t fault_line;          /* where, or 0 */
    char *refused;              /* why every sealed connection would refuse it, or NULL; owned */
    size_t counts[CA_FINDINGS]; /* items with that finding */
    char *error;                /* why it could not be read: then all else is empty */
};

/* Parses the bytes, which it takes over; name is copied. */
void ca_parse(struct ca_file *file, const char *name, struct bytes bytes);

/* Sets file->refused, with the code of the object: whether a sealed connection would refuse the
 * file at this path for its blocks, its mode or its length. */
void ca_ask_object(struct ca_file *file, const char *path);

/* Sets the findings of every item and the counts, as of `now`. Expiring means within `days`. */
void ca_judge(struct ca_file *file, time_t now, long days);

/* Whether --prune keeps this item: a readable certificate that can be an anchor, not expired, no
 * duplicate, and accepted by a sealed connection. */
bool ca_keeps(const struct ca_item *item);

/* The copy that --prune writes, as PEM, which the caller frees; n is 0 if nothing is kept. */
struct bytes ca_pruned(const struct ca_file *file);

/* Why a downloaded bundle must not replace another one, or NULL. Certificates that are expired,
 * expiring, not yet valid, duplicate or without an issuer are no reason, as long as one is valid
 * today. The caller frees. */
char *ca_refusal(const struct ca_file *file);

/* Whether anything was found. */
bool ca_found(const struct ca_file *file);

void ca_free(struct ca_file *file);

/* Prints a file for people; brief leaves out what nothing is wrong with. */
void ca_show(const struct out *out, const struct ca_file *file, bool brief);

/* A file as JSON. */
json_t *ca_json(const struct ca_file *file);

/* Downloads url: https only, also when redirected, TLS 1.2 or newer, at most CA_FILE_MAX bytes;
 * cacert names the roots of the download, or NULL for the system's. Returns NULL and the bytes,
 * which the caller owns, else a text that the caller frees. */
char *ca_fetch(const char *url, const char *cacert, struct bytes *out);

/* The url without user, password, query and fragment, for messages. The caller frees. */
char *ca_url_shown(const char *url);

#endif
