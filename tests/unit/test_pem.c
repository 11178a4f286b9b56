/* test_pem: root and CRL files are judged more strictly than OpenSSL reads them; held against
 * OpenSSL itself. */
#include "lib/core/text/pem.h"
#include "pem_samples.h"
#include "unit.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN_CERT "-----BEGIN CERTIFICATE-----\n"
#define END_CERT "-----END CERTIFICATE-----\n"
#define BEGIN_CRL "-----BEGIN X509 CRL-----\n"
#define END_CRL "-----END X509 CRL-----\n"
#define JUNK "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"

static const char other_cert[] = "contains a block other than CERTIFICATE";
static const char other_crl[] = "contains a block other than X509 CRL";
static const char cut[] = "a block is truncated";
static const char own_line[] = "a block does not begin on its own line";
static const char no_cert[] = "a block is not a certificate";
static const char no_crl[] = "a block is not a CRL";

/* On a copy of exactly that many bytes, so that ASan sees a byte too far. */
static const char *judge(const char *bytes, size_t len, enum pem_kind kind)
{
    char *copy = malloc(len + (len == 0));
    memcpy(copy, bytes, len);
    errno = EXDEV;
    void *room = malloc(len + (len == 0));
    const char *fault = pem_read(copy, len, kind, room, NULL);
    free(room);
    assert_int_equal(errno, EXDEV);
    free(copy);
    return fault;
}

/* Where the fault is: a block's own line. */
static void lines(void **state)
{
    static const struct {
        const char *text;
        size_t wanted;
    } rows[] = {
        {CERTIFICATE, 0},
        {"", 0},
        {"x\ny\n" CERTIFICATE, 0},
        {"x\ny\n" CRL, 3},
        {"x\n-----BEGIN CERTIFICATE-----\nAAAA\n", 2},
        {"x\n-----BEGIN CERTIFICATE-----", 2},
        {"x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 2},
        {"x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n", 2},
        {"x\n-----BEGIN CERTIFICATE-----\nAAAA\n" CERTIFICATE, 2},
        {CERTIFICATE "-----BEGIN CERTIFICATE-----\n", 12},
        {"x\n-----END CERTIFICATE-----\n", 2},
        {"x\n\n -----BEGIN CERTIFICATE-----\n", 3},
        {"\xef\xbb\xbf-----BEGIN CERTIFICATE-----\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pem_blocks blocks;
        size_t len = strlen(rows[i].text);
        void *room = malloc(len + 1);
        pem_read(rows[i].text, len, PEM_CERTIFICATES, room, &blocks);
        ROW_TRUE(rows[i].text, blocks.fault_line == rows[i].wanted);
        free(room);
    }
}

static void texts(void **state)
{
    static const struct {
        const char *name, *text;
        enum pem_kind kind;
        const char *wanted;
    } rows[] = {
        {"one certificate", CERTIFICATE, PEM_CERTIFICATES, NULL},
        {"two certificates", CERTIFICATE CERTIFICATE, PEM_CERTIFICATES, NULL},
        {"text around", "Issuer: x\n\n" CERTIFICATE "# and\n" CERTIFICATE "end", PEM_CERTIFICATES,
         NULL},
        {"no last newline", BEGIN_CERT CERTIFICATE_BODY "-----END CERTIFICATE-----",
         PEM_CERTIFICATES, NULL},
        {"blanks at line ends",
         "-----BEGIN CERTIFICATE----- \t\r\n" CERTIFICATE_BODY "-----END CERTIFICATE-----\r\n",
         PEM_CERTIFICATES, NULL},
        {"one CRL", CRL, PEM_CRLS, NULL},
        {"two CRLs", CRL "x\n" CRL, PEM_CRLS, NULL},
        {"empty", "", PEM_CERTIFICATES, "empty"},
        {"empty CRL file", "", PEM_CRLS, "empty"},
        {"blank", "\n", PEM_CERTIFICATES, "contains no certificate"},
        {"text only", "hello\n", PEM_CRLS, "contains no CRL"},
        {"DER", "0\x82\x01\n", PEM_CERTIFICATES,
         "is DER; convert it to PEM, for instance with openssl x509 -inform DER"},
        {"a CRL in DER", "0\x82\x01\n", PEM_CRLS,
         "is DER; convert it to PEM, for instance with openssl crl -inform DER"},
        {"text that begins as DER does", "0\x82\n" CERTIFICATE, PEM_CERTIFICATES, NULL},
        {"a byte order mark", "\xef\xbb\xbf" CERTIFICATE, PEM_CERTIFICATES,
         "begins with a byte order mark; save it without one"},
        {"a byte order mark before text", "\xef\xbb\xbftext\n" CERTIFICATE, PEM_CERTIFICATES, NULL},
        {"UTF-16", "\xff\xfe-", PEM_CERTIFICATES, "is UTF-16; save it as plain ASCII text"},
        {"UTF-16, big-endian", "\xfe\xff-", PEM_CRLS, "is UTF-16; save it as plain ASCII text"},
        {"CRL among roots", CERTIFICATE CRL, PEM_CERTIFICATES, other_cert},
        {"root among CRLs", CRL CERTIFICATE, PEM_CRLS, other_crl},
        {"root as CRL", CERTIFICATE, PEM_CRLS, other_crl},
        {"CRL as root", CRL, PEM_CERTIFICATES, other_cert},
        {"trusted",
         "-----BEGIN TRUSTED CERTIFICATE-----\n" CERTIFICATE_BODY
         "-----END TRUSTED CERTIFICATE-----\n",
         PEM_CERTIFICATES, other_cert},
        {"old label",
         "-----BEGIN X509 CERTIFICATE-----\n" CERTIFICATE_BODY "-----END X509 CERTIFICATE-----\n",
         PEM_CERTIFICATES, other_cert},
        {"old label among CRLs",
         CRL "-----BEGIN X509 CERTIFICATE-----\n" CERTIFICATE_BODY
             "-----END X509 CERTIFICATE-----\n",
         PEM_CRLS, other_crl},
        {"key",
         CERTIFICATE "-----BEGIN PRIVATE KEY-----\n" CERTIFICATE_BODY "-----END PRIVATE KEY-----\n",
         PEM_CERTIFICATES, other_cert},
        {"label and more", "-----BEGIN CERTIFICATE REQUEST-----\n" END_CERT, PEM_CERTIFICATES,
         other_cert},
        {"label in small", "-----BEGIN certificate-----\n" END_CERT, PEM_CERTIFICATES, other_cert},
        {"two blanks", "-----BEGIN  CERTIFICATE-----\n" CERTIFICATE_BODY END_CERT, PEM_CERTIFICATES,
         other_cert},
        {"no label", "-----BEGIN", PEM_CERTIFICATES, other_cert},
        {"four dashes", "-----BEGIN CERTIFICATE----\n" CERTIFICATE_BODY END_CERT, PEM_CERTIFICATES,
         other_cert},
        {"root behind junk among CRLs", CRL JUNK JUNK JUNK BEGIN_CERT CERTIFICATE_BODY END_CERT,
         PEM_CRLS, other_crl},
        {"root behind a comment", CRL "# " BEGIN_CERT CERTIFICATE_BODY END_CERT, PEM_CRLS,
         other_crl},
        {"CRL behind junk", "x" CRL, PEM_CRLS, own_line},
        {"certificate behind junk", CERTIFICATE JUNK JUNK JUNK CERTIFICATE, PEM_CERTIFICATES,
         own_line},
        {"certificate behind a blank", " " CERTIFICATE, PEM_CERTIFICATES, own_line},
        {"six dashes", "-" CERTIFICATE, PEM_CERTIFICATES, own_line},
        {"body behind the label", "-----BEGIN CERTIFICATE-----" CERTIFICATE_BODY END_CERT,
         PEM_CERTIFICATES, own_line},
        {"two on a line",
         "-----BEGIN CERTIFICATE----------BEGIN CERTIFICATE-----\n" CERTIFICATE_BODY END_CERT,
         PEM_CERTIFICATES, own_line},
        {"glued together",
         BEGIN_CERT CERTIFICATE_BODY
         "-----END CERTIFICATE-----" BEGIN_CERT CERTIFICATE_BODY END_CERT,
         PEM_CERTIFICATES, own_line},
        {"no end", BEGIN_CERT CERTIFICATE_BODY, PEM_CERTIFICATES, cut},
        {"no end before the next", BEGIN_CERT CERTIFICATE_BODY CERTIFICATE, PEM_CERTIFICATES, cut},
        {"other end", BEGIN_CERT CERTIFICATE_BODY END_CRL, PEM_CERTIFICATES, cut},
        {"end only", END_CERT, PEM_CERTIFICATES, cut},
        {"end twice", CERTIFICATE END_CERT, PEM_CERTIFICATES, cut},
        {"end behind junk", BEGIN_CERT CERTIFICATE_BODY "x" END_CERT, PEM_CERTIFICATES, cut},
        {"end and more", BEGIN_CERT CERTIFICATE_BODY "-----END CERTIFICATE-----x\n",
         PEM_CERTIFICATES, cut},
        {"no body", BEGIN_CERT END_CERT, PEM_CERTIFICATES, no_cert},
        {"blank line in the body", BEGIN_CERT CERTIFICATE_BODY "\n" END_CERT, PEM_CERTIFICATES,
         no_cert},
        {"header in the body", BEGIN_CRL "Proc-Type: 4,ENCRYPTED\n\n" CRL_BODY END_CRL, PEM_CRLS,
         no_crl},
        {"no base64", BEGIN_CRL "*" CRL_BODY END_CRL, PEM_CRLS, no_crl},
        {"more base64", BEGIN_CRL CRL_BODY "AAAA\n" END_CRL, PEM_CRLS, no_crl},
        {"body twice", BEGIN_CERT CERTIFICATE_BODY CERTIFICATE_BODY END_CERT, PEM_CERTIFICATES,
         no_cert},
        {"padding only", BEGIN_CRL "====\n" END_CRL, PEM_CRLS, no_crl},
        {"too little", BEGIN_CRL "MIIB\n" END_CRL, PEM_CRLS, no_crl},
        {"hello", BEGIN_CRL "aGVsbG8K\n" END_CRL, PEM_CRLS, no_crl},
        {"certificate labelled CRL", BEGIN_CRL CERTIFICATE_BODY END_CRL, PEM_CRLS, no_crl},
        {"CRL labelled certificate", BEGIN_CERT CRL_BODY END_CERT, PEM_CERTIFICATES, no_cert},
        {"second is bad", CRL BEGIN_CRL "AAAA\n" END_CRL, PEM_CRLS, no_crl},
        {"length of length", BEGIN_CRL "MIX/////\n" END_CRL, PEM_CRLS, no_crl},
        {"huge length", BEGIN_CRL "MIT/////MIT/////\n" END_CRL, PEM_CRLS, no_crl},
        {"indefinite length", BEGIN_CRL "MIAAAA==\n" END_CRL, PEM_CRLS, no_crl},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ROW_STRING(rows[i].name, judge(rows[i].text, strlen(rows[i].text), rows[i].kind),
                   rows[i].wanted);
    }
}

static void nul_bytes(void **state)
{
    (void)state;
    for (size_t at = 0; at <= strlen(CRL); at += 7) {
        char text[] = CRL "x";
        text[at] = '\0';
        assert_string_equal(judge(text, sizeof text - 1, PEM_CRLS), "contains a NUL byte");
    }
    assert_string_equal(judge(CRL, sizeof CRL, PEM_CRLS), "contains a NUL byte");
}

/* How many CRLs and certificates OpenSSL's loader finds; false where it fails, and libpq goes on
 * without any. */
static bool openssl_finds(const char *text, size_t len, int *crls, int *certificates)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
    *crls = *certificates = 0;
    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        *crls += sk_X509_INFO_value(all, i)->crl != NULL;
        *certificates += sk_X509_INFO_value(all, i)->x509 != NULL;
    }
    bool read = all != NULL;
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return read;
}

/* A file cut anywhere within its blocks is no good; where it is still fine, OpenSSL still finds
 * what it should. */
static void cut_anywhere(void **state)
{
    static const char text[] = CRL "between\n" CRL;
    size_t one = strlen(CRL);
    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        bool ok = judge(text, len, PEM_CRLS) == NULL;
        int crls;
        int certificates;
        bool whole =
            (len >= one - 1 && len <= one + strlen("between\n") + 9) || len >= sizeof text - 2;
        if (len < sizeof text - 1 && ok != whole) {
            fail_msg("cut at %zu: %s", len, ok ? "taken" : "refused");
        }
        if (ok) {
            assert_true(openssl_finds(text, len, &crls, &certificates) && crls >= 1 &&
                        certificates == 0);
        }
    }
}

/* One byte changed outside of the DER's inside: whatever we take, OpenSSL reads as CRLs and nothing
 * else. */
static void changed_anywhere(void **state)
{
    static const char with[] = "\n\r -=BEXA:#x\xff";
    char text[] = "text\n" CRL CRL;
    unsigned taken = 0;
    size_t len = sizeof text - 1;
    size_t first_body = strlen("text\n" BEGIN_CRL);
    size_t body = strlen(CRL_BODY);
    (void)state;
    for (size_t at = 0; at < len; at++) {
        if (at >= first_body && at < first_body + body) {
            continue;
        }
        for (size_t w = 0; w < sizeof with - 1; w++) {
            char kept = text[at];
            int crls;
            int certificates;
            bool inside = at >= len - strlen(END_CRL) - body && at < len - strlen(END_CRL);
            text[at] = with[w];
            if (judge(text, len, PEM_CRLS) == NULL &&
                !(inside && strchr("BEXAx", with[w]) != NULL)) {
                taken++;
                if (!openssl_finds(text, len, &crls, &certificates) || crls < 1 ||
                    certificates > 0) {
                    fail_msg("byte %zu as %d is taken, but not by OpenSSL", at, with[w]);
                }
            }
            text[at] = kept;
        }
    }
    assert_true(taken > 20);
}

/* Base64 in lines of any length up to 76, and none longer. */
static void line_lengths(void **state)
{
    static const char body[] = CRL_BODY;
    (void)state;
    for (size_t width = 1; width <= 100; width++) {
        char text[2048] = BEGIN_CRL;
        size_t n = strlen(text);
        size_t column = 0;
        int crls;
        int certificates;
        for (const char *c = body; *c != '\0'; c++) {
            if (*c != '\n') {
                text[n++] = *c;
                if (++column % width == 0) {
                    text[n++] = '\n';
                }
            }
        }
        if (text[n - 1] != '\n') {
            text[n++] = '\n';
        }
        memcpy(text + n, END_CRL, sizeof END_CRL);
        bool ok = judge(text, strlen(text), PEM_CRLS) == NULL;
        if (ok != (width <= 76)) {
            fail_msg("lines of %zu: %s", width, ok ? "taken" : "refused");
        }
        if (ok && !openssl_finds(text, strlen(text), &crls, &certificates)) {
            fail_msg("lines of %zu are taken, but not by OpenSSL", width);
        }
    }
}

/* Blanks behind any line: OpenSSL reads a long line in pieces, and a piece of blanks is an empty
 * line to it. Whatever we take, it reads. */
static void blanks_anywhere(void **state)
{
    static const char text[] =
        BEGIN_CRL "MIGzMFwCAQEw\n" /* a short line, not the last: not behind an empty one */
                  "CgYIKoZIzj0EAwIwGzEZMBcGA1UEAwwQcGdzZWFsLXRlc3Qtcm9v\n"
                  "dBcNMjYxMTI0MDQwNzM0WhgPMjEyNjEwMzEwNDA3MzRaoA4wDDAKBgNVHRQEAwIB\n"
                  "ATAKBggqhkjOPQQDAgNHADBEAiAti2qmZyLdZLp1/M0/3NQ8BQQ/7gF1wymQc+Ls\n"
                  "M35dmgIgTDd9iqpagJ+QrAgTdG8/CD5G65jfXIb9Bq8kxH6RsMg=\n" END_CRL CRL;
    static const size_t counts[] = {1, 100, 180, 187, 188, 225, 226, 227, 228, 260, 500, 700};
    char padded[sizeof text + 700];
    unsigned taken = 0;
    unsigned refused = 0;
    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        for (size_t i = 0; text[at] == '\n' && i < sizeof counts / sizeof counts[0]; i++) {
            size_t n = counts[i];
            int crls;
            int certificates;
            memcpy(padded, text, at);
            memset(padded + at, ' ', n);
            memcpy(padded + at + n, text + at, sizeof text - 1 - at);
            if (judge(padded, sizeof text - 1 + n, PEM_CRLS) != NULL) {
                refused++;
                continue;
            }
            taken++;
            if (!openssl_finds(padded, sizeof text - 1 + n, &crls, &certificates) || crls != 2) {
                fail_msg("%zu blanks at byte %zu are taken, but not by OpenSSL", n, at);
            }
        }
    }
    assert_true(taken > 20 && refused > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(lines),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(changed_anywhere),
        cmocka_unit_test(blanks_anywhere),
        cmocka_unit_test(line_lengths),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pem", tests, NULL, NULL);
}
