/* test_name_hash: names that OpenSSL calls equal have one hash, or one of them has none. */
#include "lib/core/text/name_hash.h"
#include "unit.h"

#include <openssl/x509.h>
#include <string.h>

struct value {
    const char *field;
    int type;
    const char *bytes;
    int set; /* of X509_NAME_add_entry_by_txt: 0 a new RDN, -1 the one before */
};

static X509_NAME *make_name(const struct value *values, size_t n)
{
    X509_NAME *name = X509_NAME_new();
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(X509_NAME_add_entry_by_txt(name, values[i].field, values[i].type,
                                                    (const unsigned char *)values[i].bytes, -1, -1,
                                                    values[i].set),
                         1);
    }
    return name;
}

static uint64_t hash_of(const X509_NAME *name)
{
    unsigned char *der = NULL;
    int n = i2d_X509_NAME(name, &der);
    assert_true(n > 0);
    uint64_t hash = name_hash(der, (size_t)n);
    OPENSSL_free(der);
    return hash;
}

static void check(const struct value *a, size_t na, const struct value *b, size_t nb, int equal)
{
    X509_NAME *first = make_name(a, na);
    X509_NAME *second = make_name(b, nb);
    uint64_t h1 = hash_of(first);
    uint64_t h2 = hash_of(second);
    assert_int_equal(X509_NAME_cmp(first, second) == 0, equal);
    if (equal) {
        assert_true(h1 == h2 || h1 == NAME_HASH_ANY || h2 == NAME_HASH_ANY);
    } else {
        assert_true(h1 != h2 || h1 == NAME_HASH_ANY);
    }
    X509_NAME_free(first);
    X509_NAME_free(second);
}

static void equal_names(void **state)
{
    static const struct value plain[] = {{"O", V_ASN1_PRINTABLESTRING, "Example Roots 1", 0},
                                         {"CN", V_ASN1_PRINTABLESTRING, "One", 0}};
    static const struct value rows[3][2] = {
        {{"O", V_ASN1_UTF8STRING, "Example Roots 1", 0}, {"CN", V_ASN1_IA5STRING, "One", 0}},
        {{"O", V_ASN1_UTF8STRING, "  EXAMPLE   roots 1 ", 0}, {"CN", V_ASN1_UTF8STRING, "ONE", 0}},
        {{"O", V_ASN1_T61STRING, "Example Roots 1", 0}, {"CN", V_ASN1_UTF8STRING, "One", 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check(plain, 2, rows[i], 2, 1);
    }
}

static void a_latin_string(void **state)
{
    static const struct value latin[] = {{"CN", V_ASN1_T61STRING, "F\xf8roya 2", 0}};
    static const struct value utf8[] = {{"CN", V_ASN1_UTF8STRING, "F\xc3\xb8roya  2", 0}};
    static const struct value other[] = {{"CN", V_ASN1_UTF8STRING, "F\xc3\xb8roya 3", 0}};
    (void)state;
    check(latin, 1, utf8, 1, 1);
    check(latin, 1, other, 1, 0);
    X509_NAME *name = make_name(latin, 1);
    assert_true(hash_of(name) != NAME_HASH_ANY);
    X509_NAME_free(name);
}

static void a_bmp_string(void **state)
{
    static const unsigned char bmp[] = {0, 'O', 0, 'n', 0, 'E'};
    static const struct value plain[] = {{"CN", V_ASN1_UTF8STRING, "one", 0}};
    X509_NAME *name = X509_NAME_new();
    X509_NAME *other = make_name(plain, 1);
    (void)state;
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_BMPSTRING, bmp, sizeof bmp, -1, 0), 1);
    assert_int_equal(X509_NAME_cmp(name, other), 0);
    assert_true(hash_of(name) == NAME_HASH_ANY);
    assert_true(hash_of(other) != NAME_HASH_ANY);
    X509_NAME_free(name);
    X509_NAME_free(other);
}

static void one_rdn_of_several_values(void **state)
{
    static const struct value a[] = {{"CN", V_ASN1_UTF8STRING, "one", 0},
                                     {"O", V_ASN1_UTF8STRING, "x", -1}};
    static const struct value b[] = {{"O", V_ASN1_UTF8STRING, "X", 0},
                                     {"CN", V_ASN1_UTF8STRING, "ONE", -1}};
    (void)state;
    check(a, 2, b, 2, 1);
}

static void other_names(void **state)
{
    static const struct value a[] = {{"CN", V_ASN1_UTF8STRING, "one", 0}};
    static const struct value b[] = {{"CN", V_ASN1_UTF8STRING, "two", 0}};
    static const struct value c[] = {{"CN", V_ASN1_UTF8STRING, "one", 0},
                                     {"O", V_ASN1_UTF8STRING, "x", 0}};
    (void)state;
    check(a, 1, b, 1, 0);
    check(a, 1, c, 2, 0);
}

static void no_name(void **state)
{
    static const unsigned char rows[][8] = {"", "\x30", "\x30\x02\x31", "\x31\x00",
                                            "\x30\x04\x31\x02\x30\x00"};
    static const size_t sizes[] = {0, 1, 3, 2, 6};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_true(name_hash(rows[i], sizes[i]) == NAME_HASH_ANY);
    }
    /* A name without any value is a name. */
    assert_true(name_hash((const unsigned char *)"\x30\x00", 2) != NAME_HASH_ANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_names),  cmocka_unit_test(a_latin_string),
        cmocka_unit_test(a_bmp_string), cmocka_unit_test(one_rdn_of_several_values),
        cmocka_unit_test(other_names),  cmocka_unit_test(no_name)};
    return cmocka_run_group_tests_name("name_hash", tests, NULL, NULL);
}
