/* mkcert: makes certificates that openssl(1) has no words for: a NUL in a name, a megabyte of
 * extension, an intermediate that is none.
 *
 *   mkcert DIR NAME ISSUER CN [FIELD=VALUE…]
 *
 * Writes DIR/NAME.crt and DIR/NAME.key. ISSUER: a name in DIR (ISSUER.pem or ISSUER.crt, and
 * ISSUER.key), or "-": signed by itself. CN: "\0" in it is a NUL byte.
 * FIELD: from, to (YYYYMMDDhhmmssZ); pad=N: an extension of N bytes; else an extension, as in
 * x509v3_config(5): subjectAltName, basicConstraints, extendedKeyUsage… */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "mkcert: %s failed\n", what);
        exit(1);
    }
}

static FILE *open_file(const char *dir, const char *name, const char *suffix, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix);
    return fopen(path, mode);
}

static void set_name(X509_NAME *subject, const char *cn)
{
    unsigned char bytes[256];
    int n = 0;
    for (; *cn != '\0' && n < (int)sizeof bytes; cn++) {
        if (cn[0] == '\\' && cn[1] == '0') {
            bytes[n++] = '\0';
            cn++;
        } else {
            bytes[n++] = (unsigned char)*cn;
        }
    }
    check(X509_NAME_add_entry_by_NID(subject, NID_organizationName, MBSTRING_ASC,
                                     (const unsigned char *)"pgseal test", -1, -1, 0),
          "organizationName");
    check(X509_NAME_add_entry_by_NID(subject, NID_commonName, V_ASN1_UTF8STRING, bytes, n, -1, 0),
          "commonName");
}

static void add_extension(X509 *x, X509 *issuer, const char *name, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, &context, name, value);
    check(extension != NULL && X509_add_ext(x, extension, -1), name);
    X509_EXTENSION_free(extension);
}

static void add_padding(X509 *x, int n)
{
    ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
    unsigned char *bytes = calloc(1, (size_t)n);
    check(s != NULL && bytes != NULL && ASN1_OCTET_STRING_set(s, bytes, n), "padding");
    X509_EXTENSION *extension =
        X509_EXTENSION_create_by_OBJ(NULL, OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1), 0, s);
    check(extension != NULL && X509_add_ext(x, extension, -1), "padding");
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(s);
    free(bytes);
}

int main(int argc, char *argv[])
{
    if (argc < 5) {
        fputs("usage: mkcert DIR NAME ISSUER CN [FIELD=VALUE...]\n", stderr);
        return 2;
    }
    const char *dir = argv[1];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY *signer = key;
    X509 *x = X509_new();
    X509 *issuer = x;
    unsigned char serial[8];
    check(key != NULL && x != NULL && RAND_bytes(serial, sizeof serial) == 1, "key");
    serial[0] &= 0x7f;
    if (strcmp(argv[3], "-") != 0) {
        FILE *f = open_file(dir, argv[3], ".pem", "r");
        f = f != NULL ? f : open_file(dir, argv[3], ".crt", "r");
        check(f != NULL && (issuer = PEM_read_X509(f, NULL, NULL, NULL)) != NULL, argv[3]);
        fclose(f);
        f = open_file(dir, argv[3], ".key", "r");
        check(f != NULL && (signer = PEM_read_PrivateKey(f, NULL, NULL, NULL)) != NULL, argv[3]);
        fclose(f);
    }
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    X509_set_version(x, X509_VERSION_3);
    set_name(X509_get_subject_name(x), argv[4]);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    ASN1_TIME_set_string(X509_getm_notBefore(x), "20200101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(x), "20491231000000Z");
    X509_set_pubkey(x, key);
    for (int i = 5; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        check(value != NULL, argv[i]);
        *value++ = '\0';
        if (strcmp(argv[i], "from") == 0) {
            check(ASN1_TIME_set_string(X509_getm_notBefore(x), value), "from");
        } else if (strcmp(argv[i], "to") == 0) {
            check(ASN1_TIME_set_string(X509_getm_notAfter(x), value), "to");
        } else if (strcmp(argv[i], "pad") == 0) {
            add_padding(x, atoi(value));
        } else {
            add_extension(x, issuer, argv[i], value);
        }
    }
    check(X509_sign(x, signer, EVP_sha256()) > 0, "signature");
    FILE *f = open_file(dir, argv[2], ".crt", "w");
    check(f != NULL && PEM_write_X509(f, x) && fclose(f) == 0, "certificate");
    f = open_file(dir, argv[2], ".key", "w");
    check(f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0,
          "key file");
    return 0;
}
