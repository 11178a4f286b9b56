/* test_trust: the root and the CRL that a sealed connection stands on. */
#include "verdict_world.h"

#define BLOCKS                                                                                     \
    "; a CRL file may contain only CRLs (libpq would trust a certificate in it as a root)"
#define OTHER "contains a block other than X509 CRL"

static void roots(void **state)
{
    static const struct row rows[] = {
        /* a file */
        {"sslrootcert = /r\n", "host=db", "seal/sealed", "sslrootcert=/r", ""},
        {"sslrootcert = /r\n", "host=db sslrootcert=/r", "seal/sealed", "sslrootcert=/r", ""},
        {"sslrootcert = /r\n", "host=db sslrootcert=/s", "downgrade/sealed", "sslrootcert=/r", ""},
        {"sslrootcert = /r\n", "host=db env:sslrootcert=system", "downgrade/sealed",
         "sslrootcert=/r", ""},
        {"sslrootcert = /bad\n", "host=db", "refuse/refused", NULL,
         NAME ":1: sslrootcert: /bad: empty"},
        {"mode = audit\nsslrootcert = /bad\n", "host=db", "refuse/would-refuse", NULL,
         NAME ":2: sslrootcert: /bad: empty"},
        {"[host db]\nsslrootcert = /bad\n", "host=else", "seal/sealed", NULL, ""},
        {"sslrootcert = /bad\n", "host=/tmp", "socket/allowed", NULL, ""},
        {"sslrootcert = /bad\n[host db]\nexempt = x\n", "host=db", "exempt/allowed", NULL, NULL},
        /* the distribution's */
        {"", "host=db", "seal/sealed", "sslrootcert=/bundle.pem", ""},
        {"sslrootcert = system\n", "host=db sslrootcert=system", "seal/sealed",
         "sslrootcert=/bundle.pem", ""},
        {"", "host=db sslrootcert=/bundle.pem", "seal/sealed", "sslrootcert=/bundle.pem", ""},
        {"", "host=db sslrootcert=/s", "downgrade/sealed", "sslrootcert=/bundle.pem", ""},
        {"", "host=db env:sslrootcert=/s", "downgrade/sealed", "sslrootcert=/bundle.pem", ""},
        /* the one outside all sections, where pgseal-run --drivers puts it */
        {"sslrootcert = /r\n[host db]\nsslrootcert = /s\n", "host=db env:sslrootcert=/r",
         "seal/sealed", "sslrootcert=/s", ""},
        {"sslrootcert = /r\n[host db]\nsslrootcert = /s\n", "host=db sslrootcert=/r",
         "downgrade/sealed", "sslrootcert=/s", ""},
        {"[host db]\nsslrootcert = /s\n", "host=db env:sslrootcert=/bundle.pem", "seal/sealed",
         "sslrootcert=/s", ""},
        {"sslrootcert = /r\n[host db]\nsslrootcert = system\n", "host=db env:sslrootcert=/r",
         "seal/sealed", "sslrootcert=/bundle.pem", ""},
        /* the program's */
        {"sslrootcert = program\n", "host=db sslrootcert=/s", "seal/sealed", "sslrootcert=/s", ""},
        {"sslrootcert = program\n", "host=db sslrootcert=system", "seal/sealed",
         "sslrootcert=/bundle.pem", ""},
        {"sslrootcert = program\n", "host=db", "seal/sealed",
         "sslrootcert=/home/app/.postgresql/root.crt", ""},
        {"sslrootcert = program\n", "host=db sslrootcert=/bad", "refuse/refused", NULL,
         NAME ":1: sslrootcert: /bad: empty"},
        {"sslrootcert = program\n", "host=db sslrootcert=/u:p://x", "seal/sealed",
         "sslrootcert=/u:p://x", ""},
    };
    struct facts bad = plain;
    (void)state;
    bad.bad_root = "/bad";
    JUDGE(rows, 150018, &bad);
    JUDGE(rows, 180004, &bad);
}

static void no_root(void **state)
{
    static const struct row no_bundle[] = {
        {"", "host=db", "refuse/refused", NULL,
         "sslrootcert: this system has no bundle of root certificates; install one "
         "(ca-certificates), or set sslrootcert to a file"},
        {"sslrootcert = system\n", "host=db", "refuse/refused", NULL,
         NAME ":1: sslrootcert: this system has no bundle of root certificates; install one "
              "(ca-certificates), or set sslrootcert to a file"},
        {"sslrootcert = program\n", "host=db sslrootcert=system", "refuse/refused", NULL, NULL},
        {"sslrootcert = /r\n", "host=db", "seal/sealed", "sslrootcert=/r", ""},
    };
    static const struct row no_home[] = {
        {"sslrootcert = program\n", "host=db", "refuse/refused", NULL,
         NAME ":1: sslrootcert = program, but the program sets no root; set one in the program or "
              "in the policy"},
        {"", "host=db", "seal/sealed", "sslcrl", ""},
        {"", "service:host=db", "seal/sealed", "sslkey=/dev/null/no-client-key", ""},
    };
    static const struct row found_by_libpq[] = {
        {"sslrootcert = program\n", "host=db", "seal/sealed", "sslrootcert", ""},
        {"sslrootcert = program\n", "host=db sslrootcert=", "seal/sealed", "sslrootcert", ""},
        {"sslrootcert = program\n", "host=db sslrootcert=/s", "seal/sealed", "sslrootcert=/s", ""},
        {"sslrootcert = program\n", "host=db sslrootcert=system", "seal/sealed",
         "sslrootcert=/bundle.pem", ""},
        {"", "service:host=db", "seal/sealed", "sslkey", ""},
        {"", "service:host=db sslkey=/k", "seal/sealed", "sslkey=/k", ""},
    };
    struct facts f = plain;
    (void)state;
    f.bundle = NULL;
    JUDGE(no_bundle, 150018, &f);
    f = plain;
    f.home = NULL;
    f.crl_judged = true;
    JUDGE(no_home, 150018, &f);
    f.bundle = plain.bundle;
    f.root_judged = true;
    JUDGE(found_by_libpq, 150018, &f);
    JUDGE(found_by_libpq, 180004, &f);
}

static void secret_and_long_paths(void **state)
{
    static struct made m;
    static char ask[2048];
    struct facts f = plain;
    (void)state;
    f.bad_root = "/u:p://x";
    decide(&m, 150018, &f, "sslrootcert = program\n", "host=db sslrootcert=/u:p://x");
    assert_string_equal(m.v.reason, NAME ":1: sslrootcert: (hidden): empty");
    undo(&m);
    snprintf(ask, sizeof ask, "host=db sslrootcert=/");
    while (strlen(strchr(ask, '/')) < POLICY_PATH_MAX) {
        strcat(ask, "a");
    }
    decide(&m, 150018, &plain, "sslrootcert = program\n", ask);
    assert_int_equal(m.v.action, ACTION_SEALED); /* 1,023 bytes: as many as libpq keeps */
    undo(&m);
    strcat(ask, "a");
    decide(&m, 150018, &plain, "sslrootcert = program\n", ask);
    assert_string_equal(m.v.reason, NAME ":1: sslrootcert: …: longer than the 1023 bytes that "
                                         "libpq keeps of it");
    undo(&m);
}

/* A fault of the settings is said once in a process, one of this call's own words each time. */
static void said_once(void **state)
{
    static struct made m;
    struct facts f = plain;
    (void)state;
    f.bad_root = "/bad";
    f.crls = "/mixed=-1";
    decide(&m, 150018, &f, "sslrootcert = /bad\n", "host=db");
    assert_true(m.v.once && !m.v.fault);
    undo(&m);
    decide(&m, 150018, &f, "sslcrl = /mixed\n", "host=db");
    assert_true(m.v.once);
    undo(&m);
    decide(&m, 150018, &f, "", "host=db sslcrl=/mixed");
    assert_false(m.v.once);
    undo(&m);
    f.bundle = NULL;
    decide(&m, 150018, &f, "", "host=db");
    assert_true(m.v.once);
    undo(&m);
}

static void from_the_environment(void **state)
{
    static struct made m;
    static struct policy p;
    static const struct setting settings[] = {{"PGSEAL_SSLROOTCERT", "/bad"}};
    struct facts f = plain;
    (void)state;
    f.bad_root = "/bad";
    decide(&m, 150018, &f, "", "host=db");
    policy_from_settings(&p, settings, 1);
    seal_decide(&m.r, &p, &m.w, &m.v);
    assert_string_equal(m.v.reason, "environment: PGSEAL_SSLROOTCERT: /bad: empty");
    assert_string_equal(m.v.where, "environment: PGSEAL_SSLROOTCERT");
    undo(&m);
}

static void crl_of_the_policy(void **state)
{
#define CRL "sslcrl = /pure\n"
    static const struct row rows[] = {
        {CRL, "host=db", "seal/sealed", "sslcrl=/pure", ""},
        {CRL, "host=db", "seal/sealed", "sslcrldir=/dev/null", ""},
        {CRL, "host=db sslcrl=/pure", "seal/sealed", "sslcrl=/pure", ""},
        {CRL, "host=db sslcrl=/mixed", "downgrade/sealed", "sslcrl=/pure", ""},
        {CRL, "host=db sslcrl=/dev/null", "downgrade/sealed", "sslcrl=/pure", ""},
        {CRL, "host=db sslcrldir=/d", "downgrade/sealed", "sslcrldir=/dev/null", ""},
        {CRL, "host=db env:sslcrldir=/d", "downgrade/sealed", "sslcrl=/pure", ""},
        {CRL, "host=db sslcrldir=/dev/null", "seal/sealed", "sslcrldir=/dev/null", ""},
        {"sslcrl = /mixed\n", "host=db", "refuse/refused", NULL, NAME ":1: sslcrl: /mixed: " OTHER},
        {"sslcrl = /gone\n", "host=db", "refuse/refused", NULL,
         NAME ":1: sslcrl: /gone: no such file"},
        {"mode = audit\nsslcrl = /gone\n", "host=db", "refuse/would-refuse", NULL, NULL},
        {"sslcrl = /gone\n[host db]\nsslcrl = /pure\n", "host=db", "seal/sealed", "sslcrl=/pure",
         ""},
    };
    static const struct row before_14[] = {
        {CRL, "host=db", "seal/sealed", "sslcrldir", ""},
        {CRL, "host=db", "seal/sealed", "sslcrl=/pure", ""},
    };
    struct facts f = plain;
    (void)state;
    f.crls = "/pure=1 /mixed=-1 /home/app/.postgresql/root.crl=-1";
    JUDGE(rows, 150018, &f);
    JUDGE(before_14, 130023, &f);
}

static void crl_of_the_program(void **state)
{
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=", "seal/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=/dev/null", "seal/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=/pure", "seal/sealed", "sslcrl=/pure", ""},
        {"", "host=db env:sslcrl=/pure", "seal/sealed", "sslcrldir=/dev/null", ""},
        {"", "host=db sslcrl=/gone", "downgrade/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=/mixed", "refuse/refused", NULL, "sslcrl: /mixed: " OTHER BLOCKS},
        {"", "host=db sslcrl=/mixed://x", "refuse/refused", NULL,
         "sslcrl: (hidden): " OTHER BLOCKS},
        {"", "host=db sslcrldir=/d", "refuse/refused", NULL,
         "sslcrldir: /d: a CRL directory can also add roots; use a CRL file instead: sslcrl in the "
         "policy"},
        {"", "host=db sslcrl=/pure env:sslcrldir=/d", "refuse/refused", NULL, NULL},
        {"mode = audit\n", "host=db sslcrl=/mixed", "refuse/would-refuse", NULL, NULL},
        {"[host db]\nexempt = x\n", "host=db sslcrl=/mixed", "exempt/allowed", NULL, NULL},
    };
    struct facts f = plain;
    (void)state;
    f.crls = "/pure=1 /mixed=-1 /mixed://x=-1";
    JUDGE(rows, 150018, &f);
}

static void crl_of_the_home_directory(void **state)
{
#define HOME_CRL "/home/app/.postgresql/root.crl"
    static const struct row pure[] = {
        {"", "host=db", "seal/sealed", "sslcrl=" HOME_CRL, ""},
        {"", "host=db", "seal/sealed", "sslcrldir=/dev/null", ""},
        {"", "host=db sslcrl=", "seal/sealed", "sslcrl=" HOME_CRL, ""},
        {"", "host=db sslcrl=/dev/null", "seal/sealed", "sslcrl=/dev/null", ""},
    };
    static const struct row mixed[] = {
        {"", "host=db", "refuse/refused", NULL, "sslcrl: " HOME_CRL ": " OTHER BLOCKS},
        {"", "host=db sslcrl=/dev/null", "seal/sealed", "sslcrl=/dev/null", ""},
    };
    static const struct row hidden[] = {
        {"", "host=db", "seal/sealed", "sslcrl=/dev/null", ""},
    };
    struct facts f = plain;
    static struct made m;
    (void)state;
    f.crls = HOME_CRL "=1";
    JUDGE(pure, 150018, &f);
    decide(&m, 150018, &f, "", "host=db");
    assert_string_equal(m.v.crl, HOME_CRL);
    undo(&m);
    f.crls = HOME_CRL "=-1";
    JUDGE(mixed, 150018, &f);
    f.crls = HOME_CRL "=-2"; /* cannot be read, and so is none to libpq either */
    JUDGE(hidden, 150018, &f);
}

/* libpq 19 verifies an OAuth issuer with it: a root like the other, which the policy may pin. */
static void oauth_root(void **state)
{
#define PIN_OAUTH "sslrootcert = /r\n[host db]\noauth_ca_file = /o\n"
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", "oauth_ca_file", ""},
        {"", "host=db oauth_ca_file=/mine", "downgrade/sealed", "oauth_ca_file=/bundle.pem", ""},
        {"", "host=db env:oauth_ca_file=/mine", "downgrade/sealed", "oauth_ca_file=/bundle.pem",
         ""},
        {"", "host=db oauth_ca_file=/bundle.pem", "seal/sealed", "oauth_ca_file=/bundle.pem", ""},
        {"", "host=db service=s", "seal/sealed", "oauth_ca_file=/bundle.pem", ""},
        {PIN_OAUTH, "host=db", "seal/sealed", "oauth_ca_file=/o", ""},
        {PIN_OAUTH, "host=db oauth_ca_file=/mine", "downgrade/sealed", "oauth_ca_file=/o", ""},
    };
    static const struct row bad[] = {
        {PIN_OAUTH, "host=db", "refuse/refused", NULL, NAME ":3: oauth_ca_file: /o: empty"},
        {"mode = audit\n" PIN_OAUTH, "host=db", "refuse/would-refuse", NULL,
         NAME ":4: oauth_ca_file: /o: empty"},
        {PIN_OAUTH, "host=dc", "seal/sealed", "sslrootcert=/r", ""},
    };
    static const struct row none[] = {
        {"sslrootcert = /r\n", "host=db", "seal/sealed", "oauth_ca_file", ""},
        {"sslrootcert = /r\n", "host=db oauth_ca_file=/mine", "refuse/refused", NULL,
         "oauth_ca_file: /mine: names roots other than the system's; pin oauth_ca_file in the "
         "policy"},
    };
    struct facts f = plain;
    (void)state;
    JUDGE(rows, 190000, &f);
    f.bad_root = "/o";
    JUDGE(bad, 190000, &f);
    f.bundle = NULL;
    JUDGE(none, 190000, &f);
}

/* Where libpq's own opening is judged, only what is named here is judged beforehand. */
static void crl_judged_as_it_is_opened(void **state)
{
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", "sslcrl", ""},
        {"", "host=db", "seal/sealed", "sslcrldir", ""},
        {"", "host=db sslcrl=", "seal/sealed", "sslcrl", ""},
        {"", "host=db sslcrl=/dev/null", "seal/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=/pure", "seal/sealed", "sslcrl=/pure", ""},
        {"", "host=db sslcrl=/gone", "downgrade/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=/mixed", "refuse/refused", NULL, "sslcrl: /mixed: " OTHER BLOCKS},
        {"", "host=db sslcrldir=/d", "refuse/refused", NULL, NULL},
        {CRL, "host=db", "seal/sealed", "sslcrl=/pure", ""},
    };
    static struct made m;
    struct facts f = plain;
    (void)state;
    f.crl_judged = true;
    f.crls = "/pure=1 /mixed=-1 " HOME_CRL "=-1";
    JUDGE(rows, 150018, &f);
    decide(&m, 150018, &f, "", "host=db");
    assert_null(m.v.crl);
    undo(&m);
}

/* A libpq that neither shows what it opens nor where its home is. */
static void crl_of_nowhere(void **state)
{
    static const struct row rows[] = {
        {"", "host=db", "refuse/refused", NULL,
         "cannot determine which CRL file this libpq would load; set sslcrl in the policy or in "
         "the program"},
        {"", "host=db sslcrl=/dev/null", "seal/sealed", "sslcrl=/dev/null", ""},
        {"", "host=db sslcrl=/pure", "seal/sealed", "sslcrl=/pure", ""},
        {CRL, "host=db", "seal/sealed", "sslcrl=/pure", ""},
    };
    struct facts f = plain;
    (void)state;
    f.home = NULL;
    f.crls = "/pure=1";
    JUDGE(rows, 150018, &f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots),
        cmocka_unit_test(no_root),
        cmocka_unit_test(secret_and_long_paths),
        cmocka_unit_test(said_once),
        cmocka_unit_test(from_the_environment),
        cmocka_unit_test(crl_of_the_policy),
        cmocka_unit_test(crl_of_the_program),
        cmocka_unit_test(crl_of_the_home_directory),
        cmocka_unit_test(oauth_root),
        cmocka_unit_test(crl_judged_as_it_is_opened),
        cmocka_unit_test(crl_of_nowhere),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
