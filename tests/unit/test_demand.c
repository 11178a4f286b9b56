/* test_demand: roots on demand never give another verdict than the whole file. Random hierarchies,
 * made to collide: few names, spelt in several ways, and few keys, so that names repeat with other
 * keys, roots are cross-signed, twins have expired, intermediates share a root's name. Each is
 * verified by OpenSSL with the whole file and with roots on demand; result, depth and chain must be
 * the same. */
#include "shim/session/demand.h"
#include "unit.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 4, SPELLINGS = 6, KEYS = 4, BUNDLE_MAX = 7, CHAIN_MAX = 4, ROUNDS = 400 };

/* Sorts as musl's qsort does: equals may change places. */
static void sort_unordered(void *base, size_t n, size_t size,
                           int (*compare)(const void *, const void *))
{
    char *items = base;
    qsort(items, n, size, compare);
    for (size_t i = 0; n > 1 && i < size && compare(items, items + size) == 0; i++) {
        char byte = items[i];
        items[i] = items[size + i];
        items[size + i] = byte;
    }
}

static EVP_PKEY *keys[KEYS];
static struct demand openssl;
static unsigned verified, refused;

static int chance(int percent)
{
    return rand() % 100 < percent; // NOLINT(cert-msc30-c,cert-msc50-cpp): a repeatable test
}

static int pick(int n)
{
    return rand() % n; // NOLINT(cert-msc30-c,cert-msc50-cpp)
}

/* Name n in one of the spellings that X509_NAME_cmp calls equal. */
static X509_NAME *make_name(int n, int spelling)
{
    static const unsigned char bmp[NAMES][8] = {{0, 'C', 0, 'A', 0, ' ', 0, '0'},
                                                {0, 'C', 0, 'A', 0, ' ', 0, '1'},
                                                {0, 'C', 0, 'A', 0, ' ', 0, '2'},
                                                {0, 'C', 0, 'A', 0, ' ', 0, '3'}};
    static const int types[] = {V_ASN1_UTF8STRING,      V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING,
                                V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,       V_ASN1_BMPSTRING};
    static const char *const before[] = {"CA ", "CA ", "ca  ", " Ca ", "CA "};
    X509_NAME *name = X509_NAME_new();
    char text[16];
    const unsigned char *bytes = bmp[n];
    int len = sizeof bmp[n];
    if (spelling < 5) {
        len = snprintf(text, sizeof text, "%s%d%s", before[spelling], n, spelling == 2 ? " " : "");
        bytes = (const unsigned char *)text;
    }
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "O", types[spelling], bytes, len, -1, 0), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "C", V_ASN1_PRINTABLESTRING,
                                                (const unsigned char *)"XX", -1, -1, 0),
                     1);
    return name;
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

/* A certificate for name and key, signed by the key of issuer's name; -1: for an end entity. */
static X509 *make_certificate(int name, int key, int issuer_name, int issuer_key)
{
    X509 *x = X509_new();
    int when = chance(80) ? 0 : pick(3);
    X509_NAME *subject = make_name(name < 0 ? 0 : name, chance(60) ? 0 : pick(SPELLINGS));
    X509_NAME *issuer = make_name(issuer_name, chance(60) ? 0 : pick(SPELLINGS));
    if (name < 0) {
        X509_NAME_add_entry_by_txt(subject, "CN", V_ASN1_UTF8STRING, (const unsigned char *)"db",
                                   -1, -1, 0);
    }
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + pick(1000000));
    X509_gmtime_adj(X509_getm_notBefore(x), when == 2 ? 86400 : -86400L * (2 + pick(5)));
    X509_gmtime_adj(X509_getm_notAfter(x), when == 1 ? -86400 : 86400L * (3 + pick(5)));
    X509_set_subject_name(x, subject);
    X509_set_issuer_name(x, issuer);
    X509_set_pubkey(x, keys[key]);
    extend(x, x, NID_basic_constraints,
           name < 0 || chance(5) ? "critical,CA:FALSE"
           : chance(20)          ? "critical,CA:TRUE,pathlen:0"
                                 : "critical,CA:TRUE");
    if (chance(50)) {
        extend(x, x, NID_subject_key_identifier, "hash");
    }
    if (name < 0) {
        extend(x, x, NID_subject_alt_name, "DNS:db.example");
    } else if (chance(10)) {
        extend(x, x, NID_name_constraints,
               chance(50) ? "permitted;DNS:example" : "excluded;DNS:db.example");
    }
    X509_sign(x, keys[issuer_key], EVP_sha256());
    X509_NAME_free(subject);
    X509_NAME_free(issuer);
    return x;
}

/* The CAs of this round: most certificates are issued by one of them. */
static struct {
    int name, key;
} cas[BUNDLE_MAX + CHAIN_MAX];
static int ncas;

static X509 *issued(int name, int key)
{
    if (ncas > 0 && chance(75)) {
        int i = pick(ncas);
        return make_certificate(name, key, cas[i].name, cas[i].key);
    }
    return make_certificate(name, key, pick(NAMES), pick(KEYS));
}

static X509 *random_ca(void)
{
    int name = pick(NAMES);
    int key = pick(KEYS);
    X509 *x = chance(50) ? make_certificate(name, key, name, key) : issued(name, key);
    cas[ncas].name = name;
    cas[ncas++].key = key;
    return x;
}

static X509_CRL *random_crl(X509 *leaf)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -3600);
    ASN1_TIME *next = X509_gmtime_adj(NULL, 86400);
    X509_NAME *issuer = make_name(pick(NAMES), chance(60) ? 0 : pick(SPELLINGS));
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, issuer);
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, next);
    if (chance(30)) {
        X509_REVOKED *revoked = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(leaf));
        X509_REVOKED_set_revocationDate(revoked, now);
        X509_CRL_add0_revoked(crl, revoked);
    }
    X509_CRL_sign(crl, keys[pick(KEYS)], EVP_sha256());
    X509_NAME_free(issuer);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    return crl;
}

/* What one verification came to. */
struct outcome {
    int result, error, depth, certificates;
    unsigned char chain[16][20];
};

static struct outcome verify(X509_STORE *store, X509 *leaf, STACK_OF(X509) * untrusted,
                             X509_CRL *crl)
{
    struct outcome o = {0};
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (crl != NULL) {
        X509_STORE_add_crl(store, crl);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
    X509_STORE_CTX_init(ctx, store, leaf, untrusted);
    X509_STORE_CTX_set_default(ctx, "ssl_server");
    o.result = X509_verify_cert(ctx);
    o.error = X509_STORE_CTX_get_error(ctx);
    o.depth = X509_STORE_CTX_get_error_depth(ctx);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    o.certificates = sk_X509_num(chain);
    for (int i = 0; i < o.certificates && i < 16; i++) {
        unsigned n = 20;
        X509_digest(sk_X509_value(chain, i), EVP_sha1(), o.chain[i], &n);
    }
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return o;
}

/* Writes the bundle; returns its bytes, malloc'ed. */
static char *write_bundle(X509 *const *bundle, int n, const char *path, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    for (int i = 0; i < n; i++) {
        PEM_write_bio_X509(bio, bundle[i]);
    }
    *len = (size_t)BIO_get_mem_data(bio, &bytes);
    char *copy = malloc(*len);
    memcpy(copy, bytes, *len);
    BIO_free(bio);
    FILE *f = fopen(path, "w");
    fwrite(copy, 1, *len, f);
    fclose(f);
    return copy;
}

static struct roots *roots_of(X509 *const *bundle, int n)
{
    char path[] = "/tmp/pgseal-demand.XXXXXX";
    const char *reason;
    size_t len;
    close(mkstemp(path));
    char *bytes = write_bundle(bundle, n, path, &len);
    unlink(path);
    return roots_read(bytes, len, &reason);
}

static void round_of(const char *path, int number)
{
    X509 *bundle[BUNDLE_MAX] = {0};
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    int n = 1 + pick(BUNDLE_MAX - 1);
    ncas = 0;
    for (int i = 0; i < n; i++) {
        bundle[i] = i > 0 && chance(10) ? X509_dup(bundle[pick(i)]) : random_ca();
    }
    for (int i = pick(CHAIN_MAX); i > 0; i--) {
        sk_X509_push(untrusted, chance(30) ? X509_dup(bundle[pick(n)]) : random_ca());
    }
    X509 *leaf = issued(-1, pick(KEYS));
    if (chance(10)) { /* a server's own certificate as an anchor */
        X509_free(bundle[0]);
        bundle[0] = X509_dup(leaf);
    }
    X509_CRL *crl = chance(25) ? random_crl(leaf) : NULL;

    size_t len;
    const char *reason = NULL;
    char *bytes = write_bundle(bundle, n, path, &len);
    struct roots *roots = roots_read(bytes, len, &reason);
    assert_null(reason);
    SSL_CTX *whole = SSL_CTX_new(TLS_client_method());
    SSL_CTX *demanded = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_load_verify_locations(whole, path, NULL), 1);
    assert_true(demand_roots(&openssl, demanded, roots));
    assert_false(demand_roots(&openssl, demanded, roots)); /* one file to a store */
    roots_release(roots);
    struct outcome a = verify(SSL_CTX_get_cert_store(whole), leaf, untrusted, crl);
    struct outcome b = verify(SSL_CTX_get_cert_store(demanded), leaf, untrusted, crl);
    /* And with what the first verification left in the store. */
    struct outcome c = verify(SSL_CTX_get_cert_store(demanded), leaf, untrusted, NULL);
    struct outcome d = verify(SSL_CTX_get_cert_store(whole), leaf, untrusted, NULL);
    if (memcmp(&a, &b, sizeof a) != 0 || memcmp(&c, &d, sizeof c) != 0) {
        fail_msg("round %d: the whole file: %d error %d (%s) depth %d, on demand: %d error %d (%s) "
                 "depth %d",
                 number, a.result, a.error, X509_verify_cert_error_string(a.error), a.depth,
                 b.result, b.error, X509_verify_cert_error_string(b.error), b.depth);
    }
    *(a.result == 1 ? &verified : &refused) += 1;
    SSL_CTX_free(whole);
    SSL_CTX_free(demanded);
    for (int i = 0; i < n; i++) {
        X509_free(bundle[i]);
    }
    sk_X509_pop_free(untrusted, X509_free);
    X509_free(leaf);
    X509_CRL_free(crl);
}

static void same_verdict(void **state)
{
    char path[] = "/tmp/pgseal-demand.XXXXXX";
    (void)state;
    close(mkstemp(path));
    for (int i = 0; i < ROUNDS; i++) {
        srand((unsigned)i); // NOLINT(cert-msc32-c,cert-msc51-cpp)
        round_of(path, i);
    }
    unlink(path);
    /* Both answers are frequent: otherwise nothing was compared. */
    assert_true(verified > ROUNDS / 10);
    assert_true(refused > ROUNDS / 10);
}

static X509_LOOKUP *added;

static void *add_lookup(void *store, void *method)
{
    added = X509_STORE_add_lookup(store, method);
    return added;
}

/* OpenSSL 1.1.1's first releases give a lookup an object with whatever was on the stack. */
static void uninitialized_object(void **state)
{
    static int other[256]; /* no certificate: freeing it would crash */
    struct demand captured = openssl;
    X509 *root = make_certificate(1, 0, 1, 0);
    const char *reason;
    size_t len;
    char path[] = "/tmp/pgseal-demand.XXXXXX";
    close(mkstemp(path));
    char *bytes = write_bundle(&root, 1, path, &len);
    struct roots *roots = roots_read(bytes, len, &reason);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        other[i] = 1;
    }
    captured.X509_STORE_add_lookup = add_lookup;
    assert_true(demand_roots(&captured, ctx, roots));
    for (int type = 0; type < 5; type++) {
        struct {
            int type;
            void *data;
        } left = {type, other}; /* as OpenSSL lays out an X509_OBJECT */
        X509_OBJECT *object = (X509_OBJECT *)(void *)&left;
        X509_NAME *name = X509_get_subject_name(root);
        assert_int_equal(X509_LOOKUP_by_subject(added, X509_LU_X509, name, object), 1);
        assert_int_equal(X509_cmp(X509_OBJECT_get0_X509(object), root), 0);
    }
    SSL_CTX_free(ctx);
    roots_release(roots);
    X509_free(root);
    unlink(path);
}

static unsigned decoded;

static void *decode(void **x, const unsigned char **der, long n)
{
    decoded++;
    return d2i_X509((X509 **)x, der, n);
}

/* A server may send a hundred names whose hash says nothing: the file is decoded once. */
static void unhashed_names(void **state)
{
    struct demand counting = openssl;
    X509 *bundle[] = {make_certificate(1, 0, 1, 0), make_certificate(2, 1, 2, 1)};
    X509_OBJECT *object = X509_OBJECT_new();
    X509_NAME *absent = make_name(0, SPELLINGS - 1);
    X509_NAME *present = make_name(2, SPELLINGS - 1);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct roots *roots = roots_of(bundle, 2);
    (void)state;
    counting.X509_STORE_add_lookup = add_lookup;
    counting.d2i_X509 = decode;
    assert_true(demand_roots(&counting, ctx, roots));
    assert_int_equal(X509_LOOKUP_by_subject(added, X509_LU_X509, absent, object), 0);
    assert_int_equal(X509_LOOKUP_by_subject(added, X509_LU_X509, absent, object), 0);
    assert_int_equal(decoded, 2);
    assert_int_equal(roots->holders, 1);
    X509_OBJECT *found = X509_OBJECT_retrieve_by_subject(
        X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx)), X509_LU_X509, present);
    assert_int_equal(X509_cmp(X509_OBJECT_get0_X509(found), bundle[1]), 0);
    SSL_CTX_free(ctx);
    roots_release(roots);
    X509_OBJECT_free(object);
    X509_NAME_free(absent);
    X509_NAME_free(present);
    X509_free(bundle[0]);
    X509_free(bundle[1]);
}

/* Of certificates that have one name OpenSSL takes the first that fits. Where sorting them loses
 * their order (musl's qsort), they stand as in the whole file only with the whole file. */
static void unordered_store(void **state)
{
    struct demand other = openssl;
    X509 *bundle[] = {make_certificate(1, 0, 1, 0), make_certificate(2, 1, 2, 1)};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct roots *roots = roots_of(bundle, 2);
    (void)state;
    other.sort = sort_unordered;
    assert_true(demand_roots(&other, ctx, roots));
    assert_int_equal(roots->holders, 1);
    assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx))), 2);
    SSL_CTX_free(ctx);
    roots_release(roots);
    X509_free(bundle[0]);
    X509_free(bundle[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_verdict), cmocka_unit_test(unordered_store),
        cmocka_unit_test(unhashed_names), cmocka_unit_test(uninitialized_object)};
#define FIND(type, name, parameters) openssl.name = (type(*) parameters)(void *)name;
    DEMAND_FUNCTIONS(FIND)
    openssl.sort = qsort;
    for (int i = 0; i < KEYS; i++) {
        keys[i] = EVP_EC_gen("P-256");
    }
    int status = cmocka_run_group_tests_name("demand", tests, NULL, NULL);
    for (int i = 0; i < KEYS; i++) {
        EVP_PKEY_free(keys[i]);
    }
    return status;
}
