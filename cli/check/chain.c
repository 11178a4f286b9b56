/* chain: a server's chain of certificates, judged as libpq judges it. */
#include "cli/check/check.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Whether libpq takes the host for an address, and compares the addresses of a certificate. */
static bool is_address(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    return PQlibVersion() >= 150000 &&
           (inet_aton(host, &v4) != 0 || inet_pton(AF_INET6, host, &v6) == 1);
}

/* The names of a certificate; the subject's CN counts only where there are no others of the host's
 * kind (libpq's pq_verify_peer_name_matches_certificate). */
static void names_of(X509 *cert, const char *host, struct strings *names)
{
    GENERAL_NAMES *list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int kind = is_address(host) ? GEN_IPADD : GEN_DNS;
    bool common_counts = true;
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
        common_counts = common_counts && name->type != kind;
        if (name->type == GEN_DNS) {
            strings_take(names, xprintf("DNS:%.*s", ASN1_STRING_length(name->d.dNSName),
                                        (const char *)ASN1_STRING_get0_data(name->d.dNSName)));
        } else if (name->type == GEN_IPADD) {
            int n = ASN1_STRING_length(name->d.iPAddress);
            char text[INET6_ADDRSTRLEN] = "?";
            if (n == 4 || n == 16) {
                inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress),
                          text, sizeof text);
            }
            strings_take(names, xprintf("IP:%s", text));
        }
    }
    GENERAL_NAMES_free(list);
    char common[256];
    if (common_counts && X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName,
                                                   common, sizeof common) > 0) {
        strings_take(names, xprintf("CN:%s", common));
    }
}

/* libpq's rule: the whole name, or "*." for exactly one label. */
static bool name_fits(const char *pattern, const char *host)
{
    if (strcasecmp(pattern, host) == 0) {
        return true;
    }
    const char *dot = strchr(host, '.');
    return strncmp(pattern, "*.", 2) == 0 && strlen(pattern) > 2 && dot != NULL && dot != host &&
           strcasecmp(pattern + 1, dot) == 0;
}

static bool entry_fits(const char *entry, const char *host)
{
    unsigned char a[16];
    unsigned char b[16];
    const char *value = strchr(entry, ':') + 1;
    if (strncmp(entry, "IP:", 3) != 0) {
        return name_fits(value, host);
    }
    if (!is_address(host)) {
        return false;
    }
    struct in_addr v4; /* also as 127.1 */
    return (inet_pton(AF_INET, value, a) == 1 && inet_aton(host, &v4) != 0 &&
            memcmp(a, &v4, 4) == 0) ||
           (inet_pton(AF_INET6, value, a) == 1 && inet_pton(AF_INET6, host, b) == 1 &&
            memcmp(a, b, 16) == 0);
}

static const char *find_match(const struct strings *names, const char *host)
{
    for (size_t i = 0; i < names->n; i++) {
        if (entry_fits(names->at[i], host)) {
            return names->at[i];
        }
    }
    return NULL;
}

void chain_describe(struct check *c)
{
    if (c->chain == NULL || sk_X509_num(c->chain) == 0) {
        return;
    }
    BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    for (int i = 0; bio != NULL && i < sk_X509_num(c->chain); i++) {
        PEM_write_bio_X509(bio, sk_X509_value(c->chain, i));
    }
    long n = bio != NULL ? BIO_get_mem_data(bio, &at) : 0;
    struct bytes bytes = {.n = n > 0 ? (size_t)n : 0};
    bytes.at = xstrndup(n > 0 ? at : "", bytes.n);
    BIO_free(bio);
    ca_parse(&c->certificates, "chain", bytes);
    ca_judge(&c->certificates, time(NULL), c->days);
    const char *host = c->verified_name != NULL ? c->verified_name : "";
    names_of(sk_X509_value(c->chain, 0), host, &c->names);
    const char *match = find_match(&c->names, host);
    c->matched = match != NULL ? xstrdup(match) : NULL;
}

void chain_find_root(struct check *c)
{
    struct ca_file file = {0};
    struct bytes bytes = {0};
    const char *path = c->strict->verdict.root;
    const struct ca_item *last = &c->certificates.items[c->certificates.n - 1];
    c->root_subject = xstrdup(last->subject != NULL ? last->subject : "");
    memcpy(c->root_sha256, last->sha256, sizeof c->root_sha256);
    if (path == NULL || bytes_load(path, CA_FILE_MAX, &bytes) != 0) {
        return;
    }
    ca_parse(&file, path, bytes);
    for (size_t i = 0; i < file.n && c->root_line == 0; i++) {
        if (strcmp(file.items[i].sha256, last->sha256) == 0) {
            c->root_line = file.items[i].line;
        }
    }
    ca_free(&file);
}

/* --- verification */

enum { FAULTS = 16 };

struct faults {
    size_t n;
    struct {
        int code;
        X509 *cert; /* of the chain; held */
    } at[FAULTS];
};

static int faults_index(void)
{
    static int index = -1;
    if (index < 0) {
        index = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    }
    return index;
}

/* Notes each fault and continues, to report all of them. */
static int note_fault(int good, X509_STORE_CTX *ctx)
{
    struct faults *faults = X509_STORE_CTX_get_ex_data(ctx, faults_index());
    if (good == 0 && faults->n < FAULTS) {
        faults->at[faults->n].code = X509_STORE_CTX_get_error(ctx);
        X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
        if (cert != NULL) {
            X509_up_ref(cert); /* a certificate of the root file ends with the store */
        }
        faults->at[faults->n++].cert = cert;
    }
    return 1;
}

static const char *what_of(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "not-yet-valid";
    case X509_V_ERR_CERT_REVOKED:
        return "revoked";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "unknown-root";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        return "no-crl";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return "weak-certificate";
    default:
        return "bad-chain";
    }
}

/* The security level that OpenSSL and its configuration give libpq: how strong keys and signatures
 * must be. */
static int auth_level(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int level = ctx != NULL ? SSL_CTX_get_security_level(ctx) : 2;
    SSL_CTX_free(ctx);
    return level;
}

static void find_faults(struct check *c, STACK_OF(X509) * chain, struct faults *faults)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    const struct verdict *v = &c->strict->verdict;
    bool ready = store != NULL && ctx != NULL && v->root != NULL &&
                 X509_STORE_load_locations(store, v->root, NULL) == 1;
    if (ready && v->crl != NULL && X509_STORE_load_locations(store, v->crl, NULL) == 1) {
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
    if (ready && X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain) == 1) {
        X509_STORE_CTX_set_default(ctx, "ssl_server");
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), auth_level());
        X509_STORE_CTX_set_ex_data(ctx, faults_index(), faults);
        X509_STORE_CTX_set_verify_cb(ctx, note_fault);
        X509_verify_cert(ctx);
    }
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
}

bool chain_judge(struct check *c, const char *who, STACK_OF(X509) * chain,
                 const struct target *target)
{
    struct faults faults = {0};
    struct strings names = {0};
    size_t before = c->nfindings;
    bool unknown = false;
    find_faults(c, chain, &faults);
    for (size_t i = 0; i < faults.n; i++) {
        const char *what = what_of(faults.at[i].code);
        if (strcmp(what, "unknown-root") == 0) {
            if (!unknown) {
                advise_unknown_root(c, who, chain);
            }
            unknown = true;
        } else if (!unknown || strcmp(what, "no-crl") != 0) {
            advise_fault(c, who, what, faults.at[i].code, faults.at[i].cert, chain);
        }
    }
    for (size_t i = 0; i < faults.n; i++) {
        X509_free(faults.at[i].cert);
    }
    names_of(sk_X509_value(chain, 0), target->name, &names);
    if (find_match(&names, target->name) == NULL) {
        advise_wrong_name(c, who, target, &names);
    }
    strings_free(&names);
    return c->nfindings == before;
}
