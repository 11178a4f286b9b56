/* pki: the certificates of the trials, made for each run; their keys never leave memory. */
#include "cli/impostor/impostor.h"
#include "cli/lib/safe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60, REVOKED_SERIAL = 0x5eA1 };

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

struct pki {
    char *name;
    EVP_PKEY *key; /* of every server */
    struct authority root, foreign;
};

/* Ends pgseal where OpenSSL fails; atexit(3) removes the directory. */
static void need(bool done, const char *what)
{
    if (!done) {
        char reason[256];
        ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
        complain("cannot make %s: %s", what, reason);
        exit(STATUS_USAGE);
    }
}

static EVP_PKEY *key_make(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    need(key != NULL, "a key");
    return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    need(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "an extension");
    X509_EXTENSION_free(extension);
}

static void set_serial(X509 *certificate, long serial)
{
    unsigned char random[8] = {0};
    if (serial == 0) {
        need(RAND_bytes(random, sizeof random) == 1, "a serial number");
        random[0] &= 0x7f;
        random[0] |= 0x40;
    }
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    need(number != NULL && (serial == 0 || BN_set_word(number, (BN_ULONG)serial) == 1) &&
             BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL,
         "a serial number");
    BN_free(number);
}

/* A certificate that is valid from and until so many days from now, not yet signed. */
static X509 *certificate_new(const char *cn, EVP_PKEY *key, long serial, long from, long until)
{
    X509 *certificate = X509_new();
    need(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
             X509_set_pubkey(certificate, key) == 1 &&
             X509_gmtime_adj(X509_getm_notBefore(certificate), from * DAY) != NULL &&
             X509_gmtime_adj(X509_getm_notAfter(certificate), until * DAY) != NULL,
         "a certificate");
    set_serial(certificate, serial);
    X509_NAME *subject = X509_get_subject_name(certificate);
    need(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                    (const unsigned char *)"pgseal impostor", -1, -1, 0) == 1 &&
             X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
                                        -1, 0) == 1,
         "a subject");
    return certificate;
}

static struct authority authority_make(const char *cn)
{
    struct authority ca = {.key = key_make()};
    ca.certificate = certificate_new(cn, ca.key, 0, -365, 365);
    X509 *c = ca.certificate;
    need(X509_set_issuer_name(c, X509_get_subject_name(c)) == 1, "a CA");
    add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(c, c, NID_subject_key_identifier, "hash");
    need(X509_sign(c, ca.key, EVP_sha256()) != 0, "a CA");
    return ca;
}

static bool is_address(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/* The server's certificate in a trial. */
static X509 *server_certificate(const struct pki *pki, enum certificate kind)
{
    const char *name = kind == CERTIFICATE_WRONG_NAME ? "another.invalid" : pki->name;
    long from = kind == CERTIFICATE_EXPIRED ? -60 : kind == CERTIFICATE_NOT_YET ? 1 : -2;
    long until = kind == CERTIFICATE_EXPIRED ? -1 : 60;
    /* A common name holds 64 characters at most; the name that counts is the alternative one. */
    X509 *c = certificate_new(strlen(name) <= 64 ? name : "server", pki->key,
                              kind == CERTIFICATE_REVOKED ? REVOKED_SERIAL : 0, from, until);
    struct authority own = {pki->key, c};
    const struct authority *issuer = kind == CERTIFICATE_SELF_SIGNED ? &own
                                     : kind == CERTIFICATE_FOREIGN   ? &pki->foreign
                                                                     : &pki->root;
    char *names = xprintf("%s:%s", is_address(name) ? "IP" : "DNS", name);
    need(X509_set_issuer_name(c, X509_get_subject_name(issuer->certificate)) == 1, "a certificate");
    add_extension(c, issuer->certificate, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(c, issuer->certificate, NID_key_usage, "critical,digitalSignature");
    add_extension(c, issuer->certificate, NID_ext_key_usage, "serverAuth");
    add_extension(c, issuer->certificate, NID_subject_key_identifier, "hash");
    add_extension(c, issuer->certificate, NID_authority_key_identifier, "keyid");
    add_extension(c, issuer->certificate, NID_subject_alt_name, names);
    need(X509_sign(c, issuer->key, EVP_sha256()) != 0, "a certificate");
    free(names);
    return c;
}

static X509_CRL *crl_make(const struct authority *ca)
{
    X509_CRL *crl = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_TIME *last = X509_gmtime_adj(NULL, -DAY);
    ASN1_TIME *next = X509_gmtime_adj(NULL, 60L * DAY);
    need(crl != NULL && entry != NULL && serial != NULL && last != NULL && next != NULL &&
             ASN1_INTEGER_set(serial, REVOKED_SERIAL) == 1 &&
             X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
             X509_REVOKED_set_revocationDate(entry, last) == 1 &&
             X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
             X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->certificate)) == 1 &&
             X509_CRL_set1_lastUpdate(crl, last) == 1 && X509_CRL_set1_nextUpdate(crl, next) == 1 &&
             X509_CRL_add0_revoked(crl, entry) == 1 && X509_CRL_sort(crl) == 1 &&
             X509_CRL_sign(crl, ca->key, EVP_sha256()) != 0,
         "a CRL");
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    return crl;
}

/* Other users may read it: COMMAND may run as one of them. */
static FILE *create(const char *directory, const char *name)
{
    char *path = xprintf("%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *file = fd >= 0 && fchmod(fd, 0644) == 0 ? fdopen(fd, "w") : NULL;
    need(file != NULL, path);
    free(path);
    return file;
}

struct pki *pki_make(const char *name, const char *directory)
{
    struct pki *pki = xcalloc(1, sizeof *pki);
    pki->name = xstrdup(name);
    pki->key = key_make();
    pki->root = authority_make("Root of this run");
    pki->foreign = authority_make("Foreign root");
    FILE *file = create(directory, "root.pem");
    need(PEM_write_X509(file, pki->root.certificate) == 1 && fclose(file) == 0, "root.pem");
    X509_CRL *crl = crl_make(&pki->root);
    file = create(directory, "crl.pem");
    need(PEM_write_X509_CRL(file, crl) == 1 && fclose(file) == 0, "crl.pem");
    X509_CRL_free(crl);
    return pki;
}

/* Direct TLS wants this protocol chosen; without the extension there is nothing to choose. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *in, unsigned in_n, void *data)
{
    static const unsigned char ours[] = "\012postgresql";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)data;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *pki_context(const struct pki *pki, const struct trial *trial)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    X509 *certificate = server_certificate(pki, trial->certificate);
    int min = trial->tls == TLS_OLD ? TLS1_1_VERSION : TLS1_2_VERSION;
    int max = trial->tls == TLS_OLD ? TLS1_1_VERSION : TLS1_3_VERSION;
    /* Set here, so that no configuration file of this machine decides. */
    need(context != NULL && SSL_CTX_set_min_proto_version(context, min) == 1 &&
             SSL_CTX_set_max_proto_version(context, max) == 1 &&
             SSL_CTX_set_cipher_list(context, trial->tls == TLS_OLD ? "DEFAULT@SECLEVEL=0"
                                                                    : "DEFAULT@SECLEVEL=1") == 1 &&
             SSL_CTX_use_certificate(context, certificate) == 1 &&
             SSL_CTX_use_PrivateKey(context, pki->key) == 1,
         "a TLS server");
    /* No session is taken up again in another trial. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    X509_free(certificate);
    return context;
}

static void authority_free(struct authority *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->certificate);
}

void pki_free(struct pki *pki)
{
    if (pki != NULL) {
        EVP_PKEY_free(pki->key);
        authority_free(&pki->root);
        authority_free(&pki->foreign);
        free(pki->name);
        free(pki);
    }
}
