/* parse: takes a PEM file apart into its blocks, wherever they stand, and reads what each says. */
#include "cli/ca/ca.h"
#include "lib/core/text/pem.h"
#include "lib/os/trust_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static const char begin_mark[] = "-----BEGIN";
static const char dashes[] = "-----";

/* For an encrypted block, OpenSSL asks for a passphrase: there is none. */
static int no_passphrase(char *buf, int size, int rwflag, void *data)
{
    (void)buf, (void)size, (void)rwflag, (void)data;
    return -1;
}

static char *bio_string(BIO *bio)
{
    char *at = NULL;
    long n = BIO_get_mem_data(bio, &at);
    char *s = xstrndup(n > 0 ? at : "", n > 0 ? (size_t)n : 0);
    BIO_free(bio);
    return s;
}

static char *name_string(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return xstrdup("");
    }
    X509_NAME_print_ex(bio, name, 0,
                       (XN_FLAG_RFC2253 | XN_FLAG_SEP_CPLUS_SPC) &
                           ~(unsigned long)(XN_FLAG_SEP_COMMA_PLUS | ASN1_STRFLGS_ESC_MSB));
    return bio_string(bio);
}

static char *time_string(const ASN1_TIME *when)
{
    struct tm tm;
    if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1) {
        return NULL;
    }
    char buf[64];
    strftime(buf, sizeof buf, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return xstrdup(buf);
}

static char *serial_string(const ASN1_INTEGER *serial)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL) {
        return xstrdup("");
    }
    i2a_ASN1_INTEGER(bio, serial);
    char *s = bio_string(bio);
    /* Long ones are wrapped by OpenSSL with a backslash and a newline. */
    size_t used = 0;
    for (size_t i = 0; s[i] != '\0'; i++) {
        if (s[i] != '\\' && s[i] != '\n') {
            s[used++] = s[i];
        }
    }
    s[used] = '\0';
    return s;
}

static void read_key(struct ca_item *item, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    if (key == NULL) {
        return;
    }
    item->key_bits = EVP_PKEY_get_bits(key);
    int type = EVP_PKEY_get_base_id(key);
    char group[64] = "";
    size_t len = 0;
    if (type == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1) {
        item->key_type = xprintf("EC %s", group);
    } else if (type == EVP_PKEY_EC) {
        item->key_type = xstrdup("EC");
    } else if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS) {
        item->key_type = xstrdup(type == EVP_PKEY_RSA ? "RSA" : "RSA-PSS");
    } else {
        item->key_type = xstrdup(OBJ_nid2sn(type) != NULL ? OBJ_nid2sn(type) : "unknown");
    }
}

static void read_certificate(struct ca_item *item, BIO *bio)
{
    X509 *cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    if (cert == NULL) {
        return;
    }
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    if (len <= 0) {
        X509_free(cert);
        return;
    }
    item->cert = cert;
    sha256_hex(der, (size_t)len, item->sha256);
    OPENSSL_free(der);
    item->subject = name_string(X509_get_subject_name(cert));
    item->issuer = name_string(X509_get_issuer_name(cert));
    item->serial = serial_string(X509_get0_serialNumber(cert));
    item->not_before = time_string(X509_get0_notBefore(cert));
    item->not_after = time_string(X509_get0_notAfter(cert));
    item->signature = xstrdup(OBJ_nid2sn(X509_get_signature_nid(cert)));
    read_key(item, cert);
    item->is_ca = X509_check_ca(cert) != 0;
    item->self_signed = X509_self_signed(cert, 0) == 1; /* by its names, as verification has it */
}

static void read_crl(struct ca_item *item, BIO *bio)
{
    X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL);
    if (crl == NULL) {
        return;
    }
    unsigned char *der = NULL;
    int len = i2d_X509_CRL(crl, &der);
    if (len <= 0) {
        X509_CRL_free(crl);
        return;
    }
    item->crl = crl;
    sha256_hex(der, (size_t)len, item->sha256);
    OPENSSL_free(der);
    item->issuer = name_string(X509_CRL_get_issuer(crl));
    item->not_before = time_string(X509_CRL_get0_lastUpdate(crl));
    item->not_after = time_string(X509_CRL_get0_nextUpdate(crl));
    item->signature = xstrdup(OBJ_nid2sn(X509_CRL_get_signature_nid(crl)));
    STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
    item->revoked = revoked != NULL ? (size_t)sk_X509_REVOKED_num(revoked) : 0;
}

/* The label behind BEGIN, or "" where none ends in dashes within a line. */
static char *read_label(const char *at, const char *end)
{
    at += sizeof begin_mark - 1;
    if (at < end && *at == ' ') {
        at++;
    }
    const char *stop = at;
    while (stop < end && stop - at < 64 && *stop != '-' && *stop != '\n' && *stop != '\r') {
        stop++;
    }
    bool closed = end - stop >= 5 && memcmp(stop, dashes, 5) == 0;
    return closed ? xstrndup(at, (size_t)(stop - at)) : xstrdup("");
}

/* One block, from its BEGIN to before the next BEGIN or the end of the file. */
static void read_block(struct ca_file *file, const char *at, const char *end, size_t line)
{
    file->items = xrealloc(file->items, (file->n + 1) * sizeof *file->items);
    struct ca_item *item = &file->items[file->n++];
    *item = (struct ca_item){.kind = CA_OTHER, .line = line, .label = read_label(at, end)};
    if (strcmp(item->label, "CERTIFICATE") == 0) {
        item->kind = CA_CERTIFICATE;
        file->certificates++;
    } else if (strcmp(item->label, "X509 CRL") == 0) {
        item->kind = CA_CRL;
        file->crls++;
    } else {
        file->others++;
        return;
    }
    BIO *bio = BIO_new_mem_buf(at, (int)(end - at));
    if (bio == NULL) {
        return;
    }
    if (item->kind == CA_CERTIFICATE) {
        read_certificate(item, bio);
    } else {
        read_crl(item, bio);
    }
    BIO_free(bio);
    ERR_clear_error();
}

/* Whether the file is judged as one of CRLs: it has some and no certificate, or is one in DER. */
static bool is_crl_file(const struct ca_file *file)
{
    if (file->n != 0 || file->bytes.n > LONG_MAX) {
        return file->crls != 0 && file->certificates == 0;
    }
    const unsigned char *at = (const unsigned char *)file->bytes.at;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)file->bytes.n);
    X509_CRL_free(crl);
    ERR_clear_error();
    return crl != NULL;
}

void ca_parse(struct ca_file *file, const char *name, struct bytes bytes)
{
    *file = (struct ca_file){.name = xstrdup(name), .bytes = bytes};
    sha256_hex(bytes.at, bytes.n, file->sha256);
    const char *stop = bytes.at + bytes.n;
    const char *at = memmem(bytes.at, bytes.n, begin_mark, sizeof begin_mark - 1);
    const char *counted = bytes.at;
    size_t line = 1;
    while (at != NULL) {
        for (; counted < at; counted++) {
            line += *counted == '\n';
        }
        const char *rest = at + sizeof begin_mark - 1;
        const char *next = memmem(rest, (size_t)(stop - rest), begin_mark, sizeof begin_mark - 1);
        read_block(file, at, next != NULL ? next : stop, line);
        at = next;
    }
    void *room = xmalloc(bytes.n + 1);
    struct pem_blocks blocks;
    file->fault =
        pem_read(bytes.at, bytes.n, is_crl_file(file) ? PEM_CRLS : PEM_CERTIFICATES, room, &blocks);
    file->fault_line = blocks.fault_line;
    free(room);
}

void ca_ask_object(struct ca_file *file, const char *path)
{
    struct world world;
    char reason[256] = "";
    char *real = realpath(path, NULL);
    files_world(&world, NULL);
    if (real == NULL || strlen(real) > POLICY_PATH_MAX) {
        file->refused =
            xstrdup(real == NULL ? strerror(errno)
                                 : "its path is longer than the 1023 bytes that libpq keeps of it");
    } else if (is_crl_file(file)
                   ? world.crl_state(world.data, real, reason, sizeof reason) != CRL_FINE
                   : !world.root_ok(world.data, real, reason, sizeof reason)) {
        file->refused = xstrdup(reason);
    }
    free(real);
}

void ca_free(struct ca_file *file)
{
    for (size_t i = 0; i < file->n; i++) {
        struct ca_item *item = &file->items[i];
        X509_free(item->cert);
        X509_CRL_free(item->crl);
        char *strings[] = {item->label,      item->subject,   item->issuer,   item->serial,
                           item->not_before, item->not_after, item->key_type, item->signature};
        for (size_t s = 0; s < sizeof strings / sizeof *strings; s++) {
            free(strings[s]);
        }
    }
    free(file->items);
    free(file->bytes.at);
    free(file->name);
    free(file->error);
    free(file->refused);
    *file = (struct ca_file){0};
}
