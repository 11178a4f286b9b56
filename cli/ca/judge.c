/* judge: what is wrong with a block, what a cleaned copy keeps, and which download is refused. */
#include "cli/ca/ca.h"
#include "lib/core/text/pem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

const char *const ca_finding_names[CA_FINDINGS] = {
    "expired",  "not-yet-valid",  "expiring",   "duplicate",   "not-a-ca",
    "weak-key", "weak-signature", "unreadable", "other-block", "no-issuer",
};

/* Seconds from now until when; false if the time makes no sense. */
static bool seconds_until(const ASN1_TIME *when, const ASN1_TIME *now, long long *seconds)
{
    int days = 0;
    int rest = 0;
    if (when == NULL || ASN1_TIME_diff(&days, &rest, now, when) != 1) {
        return false;
    }
    *seconds = (long long)days * 86400 + rest;
    return true;
}

/* Sets days_left and what the dates say; a CRL is renewed all the time, so it never counts as
 * expiring. */
static void judge_dates(struct ca_item *item, const ASN1_TIME *from, const ASN1_TIME *until,
                        const ASN1_TIME *now, long days)
{
    long long before = 0;
    long long left = 0;
    if (item->kind == CA_CRL && until == NULL) {
        return;
    }
    if (!seconds_until(from, now, &before) || !seconds_until(until, now, &left)) {
        item->findings |= CA_UNREADABLE;
        return;
    }
    item->days_left = (long)(left >= 0 ? left / 86400 : -((-left + 86399) / 86400));
    if (left < 0) {
        item->findings |= CA_EXPIRED;
    } else if (before > 0) {
        item->findings |= CA_NOT_YET_VALID;
    } else if (item->kind == CA_CERTIFICATE && left < (long long)days * 86400) {
        item->findings |= CA_EXPIRING;
    }
}

/* A signature on MD5 or older never holds; one on SHA-1 does no harm if nothing relies on it: on a
 * root of its own. */
static void judge_signature(struct ca_item *item, int signature)
{
    int digest = NID_undef;
    if (OBJ_find_sigid_algs(signature, &digest, NULL) != 1) {
        return;
    }
    bool broken = digest == NID_md2 || digest == NID_md4 || digest == NID_md5 || digest == NID_mdc2;
    if (broken || (digest == NID_sha1 && !item->self_signed)) {
        item->findings |= CA_WEAK_SIGNATURE;
    }
}

static void judge_certificate(struct ca_item *item, const ASN1_TIME *now, long days)
{
    if (item->cert == NULL || item->key_type == NULL) {
        item->findings |= CA_UNREADABLE;
        return;
    }
    judge_dates(item, X509_get0_notBefore(item->cert), X509_get0_notAfter(item->cert), now, days);
    /* OpenSSL takes a certificate of the root file for the end of a chain only where it is
     * self-signed; a server may show that very certificate, CA or not. */
    bool own_anchor =
        item->self_signed && X509_check_purpose(item->cert, X509_PURPOSE_SSL_SERVER, 0) == 1;
    if (!item->is_ca && !own_anchor) {
        item->findings |= CA_NOT_A_CA;
    }
    int type = EVP_PKEY_get_base_id(X509_get0_pubkey(item->cert));
    bool small_field = type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS || type == EVP_PKEY_DSA ||
                       type == EVP_PKEY_DH;
    if ((small_field && item->key_bits < 2048) || (type == EVP_PKEY_EC && item->key_bits < 224)) {
        item->findings |= CA_WEAK_KEY;
    }
    judge_signature(item, X509_get_signature_nid(item->cert));
}

static void judge_crl(struct ca_item *item, const ASN1_TIME *now, long days)
{
    if (item->crl == NULL) {
        item->findings |= CA_UNREADABLE;
        return;
    }
    judge_dates(item, X509_CRL_get0_lastUpdate(item->crl), X509_CRL_get0_nextUpdate(item->crl), now,
                days);
    judge_signature(item, X509_CRL_get_signature_nid(item->crl));
}

static int by_digest(const void *a, const void *b)
{
    const struct ca_item *const *left = a;
    const struct ca_item *const *right = b;
    int order = strcmp((*left)->sha256, (*right)->sha256);
    return order != 0 ? order : (*left < *right ? -1 : *left > *right);
}

static void find_duplicates(struct ca_file *file)
{
    struct ca_item **sorted = xcalloc(file->n, sizeof(struct ca_item *));
    size_t n = 0;
    for (size_t i = 0; i < file->n; i++) {
        if (file->items[i].sha256[0] != '\0') {
            sorted[n++] = &file->items[i];
        }
    }
    qsort(sorted, n, sizeof(struct ca_item *), by_digest);
    size_t first = 0;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i]->sha256, sorted[first]->sha256) == 0) {
            sorted[i]->findings |= CA_DUPLICATE;
            sorted[i]->duplicate_of = (size_t)(sorted[first] - file->items);
        } else {
            first = i;
        }
    }
    free(sorted);
}

/* An intermediate CA whose issuer is not there ends no chain. */
static void find_issuers(struct ca_file *file)
{
    for (size_t i = 0; i < file->n; i++) {
        struct ca_item *item = &file->items[i];
        if (item->cert == NULL || !item->is_ca || item->self_signed) {
            continue;
        }
        bool found = false;
        for (size_t j = 0; j < file->n && !found; j++) {
            X509 *other = file->items[j].cert;
            found = j != i && other != NULL && X509_check_issued(other, item->cert) == X509_V_OK;
        }
        item->findings |= found ? 0 : CA_NO_ISSUER;
    }
}

void ca_judge(struct ca_file *file, time_t now, long days)
{
    ASN1_TIME *today = ASN1_TIME_set(NULL, now);
    bool crls_only = file->crls != 0 && file->certificates == 0;
    memset(file->counts, 0, sizeof file->counts);
    for (size_t i = 0; i < file->n; i++) {
        struct ca_item *item = &file->items[i];
        item->findings = 0;
        if (item->kind == CA_CERTIFICATE) {
            judge_certificate(item, today, days);
        } else if (item->kind == CA_CRL) {
            judge_crl(item, today, days);
        }
        if (item->kind == CA_OTHER || (item->kind == CA_CRL && !crls_only)) {
            item->findings |= CA_OTHER_BLOCK;
        }
    }
    find_duplicates(file);
    find_issuers(file);
    for (size_t i = 0; i < file->n; i++) {
        for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
            file->counts[bit] += (file->items[i].findings >> bit) & 1;
        }
    }
    ASN1_TIME_free(today);
}

bool ca_found(const struct ca_file *file)
{
    bool found = file->fault != NULL || file->refused != NULL;
    for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
        found = found || file->counts[bit] != 0;
    }
    return found;
}

/* Whether a sealed connection accepts a file with this certificate: OpenSSL reads BER too, pgseal
 * only DER. */
static bool is_accepted(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool written = bio != NULL && PEM_write_bio_X509(bio, cert) == 1;
    size_t n = written ? (size_t)BIO_get_mem_data(bio, &text) : 0;
    void *room = xmalloc(n + 1);
    bool accepted = pem_read(text, n, PEM_CERTIFICATES, room, NULL) == NULL;
    free(room);
    BIO_free(bio);
    return accepted;
}

bool ca_keeps(const struct ca_item *item)
{
    return item->kind == CA_CERTIFICATE && item->cert != NULL &&
           (item->findings & (CA_EXPIRED | CA_DUPLICATE | CA_NOT_A_CA | CA_UNREADABLE)) == 0 &&
           is_accepted(item->cert);
}

struct bytes ca_pruned(const struct ca_file *file)
{
    struct bytes out = {.at = xstrdup("")};
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio != NULL;
    for (size_t i = 0; good && i < file->n; i++) {
        if (ca_keeps(&file->items[i])) {
            good = PEM_write_bio_X509(bio, file->items[i].cert) == 1;
        }
    }
    char *at = NULL;
    long n = good ? BIO_get_mem_data(bio, &at) : 0;
    if (n > 0) {
        out.n = (size_t)n;
        out.at = xrealloc(out.at, out.n + 1);
        memcpy(out.at, at, out.n);
        out.at[out.n] = '\0';
    }
    BIO_free(bio);
    return out;
}

char *ca_refusal(const struct ca_file *file)
{
    if (file->certificates == 0) {
        return xstrdup("contains no certificate");
    }
    if (file->fault != NULL) {
        return xstrdup(file->fault);
    }
    static const unsigned never =
        CA_NOT_A_CA | CA_WEAK_KEY | CA_WEAK_SIGNATURE | CA_UNREADABLE | CA_OTHER_BLOCK;
    size_t usable = 0;
    for (size_t i = 0; i < file->n; i++) {
        const struct ca_item *item = &file->items[i];
        for (size_t bit = 0; bit < CA_FINDINGS; bit++) {
            if ((item->findings & never & (1u << bit)) != 0) {
                return xprintf("block %zu (%s): %s", i + 1,
                               item->subject != NULL ? item->subject : item->label,
                               ca_finding_names[bit]);
            }
        }
        usable += (item->findings & (CA_EXPIRED | CA_NOT_YET_VALID)) == 0;
    }
    return usable == 0 ? xstrdup("no certificate in it is valid today") : NULL;
}
