/* advise: what to do about a server that cannot be sealed: which certificate, and in which file.
 * When the advice is followed, the connection works. */
#include "cli/check/check.h"
#include "lib/core/policy/policy.h"
#include "lib/core/text/hostname.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* The root file in force, parsed; empty if it cannot be read. The caller frees. */
static struct ca_file root_file(const struct check *c)
{
    struct ca_file file = {0};
    struct bytes bytes = {0};
    const char *path = c->strict->verdict.root;
    if (path != NULL && bytes_load(path, CA_FILE_MAX, &bytes) == 0) {
        ca_parse(&file, path, bytes);
    }
    return file;
}

/* The item of the file that is this certificate, or NULL. */
static const struct ca_item *find_certificate(const struct ca_file *file, X509 *cert)
{
    for (size_t i = 0; i < file->n; i++) {
        if (file->items[i].cert != NULL && X509_cmp(file->items[i].cert, cert) == 0) {
            return &file->items[i];
        }
    }
    return NULL;
}

/* The item of the file that has this name for its subject, or NULL. */
static const struct ca_item *find_name(const struct ca_file *file, const X509_NAME *name)
{
    for (size_t i = 0; i < file->n; i++) {
        X509 *cert = file->items[i].cert;
        if (cert != NULL && X509_NAME_cmp(X509_get_subject_name(cert), name) == 0) {
            return &file->items[i];
        }
    }
    return NULL;
}

/* The item of the file that issued this certificate, or NULL. */
static const struct ca_item *find_issuer(const struct ca_file *file, X509 *cert)
{
    for (size_t i = 0; i < file->n; i++) {
        X509 *issuer = file->items[i].cert;
        if (issuer != NULL && X509_check_issued(issuer, cert) == X509_V_OK &&
            X509_verify(cert, X509_get0_pubkey(issuer)) == 1) {
            return &file->items[i];
        }
    }
    return NULL;
}

static bool is_self_signed(X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

/* Whether the roots are the distribution's bundle, which its next update writes anew: nothing is to
 * be added there. */
static bool uses_bundle(const struct check *c)
{
    const struct rule *rule = c->strict->verdict.rule;
    return rule != NULL && rule->root_kind == ROOT_SYSTEM;
}

/* "add WHAT to the root file FILE", WHAT being the first two arguments: a noun, and what explains
 * it. The caller frees. */
static char *trust_advice(const struct check *c, const char *noun, const char *which)
{
    return uses_bundle(c)
               ? xprintf("set sslrootcert, in the policy or by PGSEAL_SSLROOTCERT, to a file with "
                         "%s (%s)",
                         noun, which)
               : xprintf("add %s, %s, to the root file %s", noun, which, c->strict->verdict.root);
}

/* A server with one certificate, which is self-signed. */
static void advise_own_certificate(struct check *c, const char *who, X509 *cert)
{
    char *subject = chain_name_text(X509_get_subject_name(cert));
    unsigned char *der = NULL;
    char sha256[65] = "?";
    int n = i2d_X509(cert, &der);
    if (n > 0) {
        sha256_hex(der, (size_t)n, sha256);
    }
    OPENSSL_free(der);
    char *trust = trust_advice(c, "that certificate", "the server's ssl_cert_file");
    check_found(c, "unknown-root",
                xprintf("%s: the server's certificate \"%s\" is self-signed and is not in %s.", who,
                        subject, c->strict->verdict.root),
                xprintf("If it is the server's own (SHA-256 %s), %s; if not, a different server is "
                        "answering.",
                        sha256, trust));
    free(trust);
    free(subject);
}

/* The last certificate of the chain, continued with the intermediates of the root file as OpenSSL
 * does; *item is that certificate in the file, or NULL if the file does not continue it. */
static X509 *chain_end(const struct ca_file *file, STACK_OF(X509) * chain,
                       const struct ca_item **item)
{
    X509 *sent = sk_X509_value(chain, sk_X509_num(chain) - 1);
    X509 *last = sent;
    *item = NULL;
    for (size_t i = 0; i <= file->n && !is_self_signed(last); i++) {
        const struct ca_item *next = find_issuer(file, last);
        if (next == NULL) {
            return last;
        }
        *item = next;
        last = next->cert;
    }
    *item = NULL; /* it ends in a root, or not at all: then this is not what is wrong */
    return sent;
}

/* What the root file has instead of the CA that signed last; "" for nothing. item is last in that
 * file, or NULL. The caller frees. */
static char *what_is_there(const struct ca_file *file, X509 *last, const struct ca_item *item,
                           STACK_OF(X509) * chain)
{
    const struct ca_item *other = find_name(file, X509_get_issuer_name(last));
    if (other != NULL) {
        bool same_key = X509_verify(last, X509_get0_pubkey(other->cert)) == 1;
        return xprintf(" %s:%zu has a certificate with that name but a different key%s, which does "
                       "not count.",
                       file->name, other->line, same_key ? " identifier" : "");
    }
    for (int i = 0; item == NULL && i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);
        item = is_self_signed(cert) ? NULL : find_certificate(file, cert);
    }
    return item == NULL
               ? xstrdup("")
               : xprintf(" %s:%zu has the certificate of \"%s\", which is not a root: it does "
                         "not count without the one that signed it.",
                         file->name, item->line, item->subject);
}

void advise_unknown_root(struct check *c, const char *who, STACK_OF(X509) * chain)
{
    X509 *last = sk_X509_value(chain, sk_X509_num(chain) - 1);
    const char *root = c->strict->verdict.root;
    if (sk_X509_num(chain) == 1 && is_self_signed(last)) {
        advise_own_certificate(c, who, last);
        return;
    }
    struct ca_file file = root_file(c);
    const struct ca_item *item;
    last = chain_end(&file, chain, &item);
    char *issuer = chain_name_text(X509_get_issuer_name(last));
    char *there = what_is_there(&file, last, item, chain);
    char *advice;
    if (sk_X509_num(chain) == 1 && item == NULL) {
        char *until = uses_bundle(c) ? xstrdup("")
                                     : xprintf(" (until then, to the root file %s, next to the "
                                               "root)",
                                               root);
        advice =
            xprintf("The server sends only its own certificate. If \"%s\" is an intermediate "
                    "CA, append its certificate to the server's ssl_cert_file%s; if it is the root "
                    "of the server's CA, %s; if neither, a different server is answering.",
                    issuer, until,
                    uses_bundle(c) ? "set sslrootcert, in the policy or by PGSEAL_SSLROOTCERT, to "
                                     "a file with its certificate"
                                   : "add it to the root file");
        free(until);
    } else {
        char *quoted = xprintf("\"%s\"", issuer);
        char *trust = trust_advice(c, "its certificate", quoted);
        advice = xprintf("If that CA is the server's own, %s%s; if not, a different server is "
                         "answering.",
                         trust, uses_bundle(c) ? "" : " (pgseal ca shows what is in it)");
        free(quoted);
        free(trust);
    }
    check_found(c, "unknown-root",
                xprintf("%s: the chain names the CA \"%s\", which is not in %s.%s", who, issuer,
                        root, there),
                advice);
    ca_free(&file);
    free(issuer);
    free(there);
}

/* Advice to replace a certificate, which may be in the root file or the server's; more ends it. */
static char *replace_advice(const struct check *c, X509 *cert, STACK_OF(X509) * chain,
                            const char *more)
{
    struct ca_file file = root_file(c);
    const struct ca_item *item = find_certificate(&file, cert);
    char *advice;
    if (item != NULL && uses_bundle(c)) {
        advice = xprintf("It is the one at %s:%zu: update the distribution's bundle (the package "
                         "ca-certificates), or set sslrootcert to a file with the CA's current "
                         "certificate%s.",
                         file.name, item->line, more);
    } else if (item != NULL) {
        advice = xprintf("It is the one at %s:%zu: replace it there with the CA's current "
                         "certificate%s.",
                         file.name, item->line, more);
    } else if (chain != NULL && X509_cmp(sk_X509_value(chain, 0), cert) == 0) {
        advice = xprintf("Renew the server's certificate (its ssl_cert_file)%s.", more);
    } else {
        advice = xprintf("Renew that certificate in the server's ssl_cert_file, where it follows "
                         "the server's own%s.",
                         more);
    }
    ca_free(&file);
    return advice;
}

/* Advice for a wrong signature: whose key did not sign it. */
static char *signature_advice(const struct check *c, X509 *cert)
{
    struct ca_file file = root_file(c);
    const struct ca_item *item = find_name(&file, X509_get_issuer_name(cert));
    char *advice = NULL;
    if (item != NULL) {
        advice = xprintf(
            "%s:%zu has a certificate of \"%s\" with a different key: if that CA is the server's "
            "own, put its current certificate there; if not, a different server is answering.",
            file.name, item->line, item->subject);
    }
    ca_free(&file);
    return advice;
}

void advise_fault(struct check *c, const char *who, const char *what, int code, X509 *cert,
                  STACK_OF(X509) * chain)
{
    char *subject = cert != NULL ? chain_name_text(X509_get_subject_name(cert)) : xstrdup("?");
    char *advice = NULL;
    if (strcmp(what, "expired") == 0 && cert != NULL) {
        advice = replace_advice(c, cert, chain, "; check this machine's clock");
    } else if (code == X509_V_ERR_CERT_SIGNATURE_FAILURE && cert != NULL) {
        advice = signature_advice(c, cert);
    } else if (strcmp(what, "not-yet-valid") == 0) {
        advice = xstrdup("Check the clocks of both machines.");
    } else if (strcmp(what, "revoked") == 0) {
        advice = xstrdup("Give the server a new certificate; this one has been revoked and must "
                         "not be trusted.");
    } else if (strcmp(what, "no-crl") == 0) {
        advice = xprintf("%s must contain a current CRL from every CA in the chain.",
                         c->strict->verdict.crl != NULL ? c->strict->verdict.crl : "sslcrl");
    } else if (strcmp(what, "weak-certificate") == 0) {
        advice = xstrdup(WEAK_ADVICE);
    } else if (strcmp(what, "bad-chain") == 0 && cert != NULL) {
        advice = replace_advice(c, cert, chain,
                                code == X509_V_ERR_INVALID_PURPOSE
                                    ? "; its extendedKeyUsage must include serverAuth"
                                    : "");
    }
    check_found(c, what,
                xprintf("%s: the certificate of \"%s\": %s.", who, subject,
                        X509_verify_cert_error_string(code)),
                advice);
    free(subject);
}

void advise_wrong_name(struct check *c, const char *who, const struct target *target,
                       const struct strings *names)
{
    char *list = xstrdup("");
    const char *first = NULL;
    for (size_t i = 0; i < names->n; i++) {
        char *more = xprintf("%s%s%s", list, i > 0 ? ", " : "", names->at[i]);
        free(list);
        list = more;
        const char *name = strchr(names->at[i], ':') + 1;
        if (first == NULL && policy_verify_as_fault(name) == NULL) {
            first = name;
        }
    }
    bool renamed = target->name[0] != '\0' && strcmp(target->name, target->host) != 0;
    char *advice = NULL;
    if (first != NULL && renamed) {
        advice =
            xprintf("If that is the intended server, correct the policy: verify_as = %s", first);
    } else if (first != NULL && host_pattern_fault(target->host) == NULL) {
        advice = xprintf("If that is the intended server, connect to it by that name, or set the "
                         "name in the policy: [host %s] verify_as = %s",
                         target->host, first);
    }
    check_found(c, "wrong-name",
                target->name[0] == '\0'
                    ? xprintf("%s: only an address was given, so there is no name to verify; the "
                              "certificate is for %s.",
                              who, names->n > 0 ? list : "no name at all")
                    : xprintf("%s: the certificate is not for \"%s\" but for %s.", who,
                              target->name, names->n > 0 ? list : "no name at all"),
                advice);
    free(list);
}

/* The message without quoted parts: names that users chose say nothing about the fault. */
static char *without_quotes(const char *message)
{
    char *text = xstrdup(message);
    size_t n = 0;
    bool quoted = false;
    for (const char *s = message; *s != '\0'; s++) {
        quoted = *s == '"' ? !quoted : quoted;
        if (!quoted && *s != '"') {
            text[n++] = *s;
        }
    }
    text[n] = '\0';
    return text;
}

void advise_failure(struct check *c)
{
    static const struct {
        const char *words;
        bool login;
        const char *advice;
    } known[] = {
        {"no password supplied", true,
         "Supply the password: in ~/.pgpass, PGPASSFILE or PGPASSWORD."},
        {"password authentication failed", true,
         "Check the user name and the password (~/.pgpass, PGPASSFILE, PGPASSWORD)."},
        {"channel binding", true,
         "The server must authenticate this user with scram-sha-256; or remove channel_binding "
         "where pgseal explain shows that it is set."},
        {"SSL certificate", true, /* libpq: sslcertmode=require */
         "The server must ask this user for a client certificate (clientcert in pg_hba.conf); or "
         "change sslcertmode where pgseal explain shows that it is set."},
        {"authentication method requirement", true,
         "The server must use one of the methods in require_auth for this user (pg_hba.conf); or "
         "change require_auth where pgseal explain shows that it is set."},
        {"pg_hba.conf", true,
         "Add a hostssl line for this user, database and address to the server's pg_hba.conf, or "
         "change the one that rejects them."},
        {"client certificate", true,
         "Set sslcert and sslkey to a client certificate from a CA in the server's ssl_ca_file."},
        {"certificate required", true,
         "Set sslcert and sslkey to a client certificate from a CA in the server's ssl_ca_file."},
        {"certificate authentication failed", true,
         "The client certificate's common name must be the user name, or be mapped to it."},
        {"authentication failed", true,
         "Check the user name and the secret, and the server's pg_hba.conf."},
        {"SASL", true, "Check the user name and the secret, and the server's pg_hba.conf."},
        {"SCRAM", true, "Check the user name and the secret, and the server's pg_hba.conf."},
        {"role  does not exist", true, "Check the user name."},
        {"role  is not permitted to log in", true,
         "Check the user name, or grant that role LOGIN."},
        {"database  does not exist", false, "Check the database name."},
        {"permission denied for database", false, "Grant CONNECT on the database to this user."},
        {"too many", false, "Check the server's limits, or try again later."},
        {"connection slots", false, "Check the server's limits, or try again later."},
        {"starting up", false, "Try again once the server is up."},
        {"shutting down", false, "Try again once the server is up."},
    };
    bool login = false;
    const char *advice = "Sealing is not the cause; see the server's log.";
    char *plain = without_quotes(c->failure);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strstr(plain, known[i].words) != NULL) {
            login = known[i].login;
            advice = known[i].advice;
            break;
        }
    }
    check_found(c, login ? "cannot-authenticate" : "cannot-connect",
                xprintf("The server was verified, but the session failed: %s", c->failure),
                xstrdup(advice));
    free(plain);
}
