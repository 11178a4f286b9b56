/* test_enforce: every other option that a sealed connection must have, what asks for less, pins,
 * and client certificates. */
#include "verdict_world.h"

static void gss_compression_keylog(void **state)
{
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", "gssencmode=disable", ""},
        {"", "host=db gssencmode=disable", "seal/sealed", "gssencmode=disable", ""},
        {"", "host=db gssencmode=prefer", "downgrade/sealed", "gssencmode=disable", ""},
        {"", "host=db env:gssencmode=require", "downgrade/sealed", "gssencmode=disable", ""},
        {"", "host=db", "seal/sealed", "sslcompression=0", ""},
        {"", "host=db sslcompression=0", "seal/sealed", "sslcompression=0", ""},
        {"", "host=db sslcompression=1", "downgrade/sealed", "sslcompression=0", ""},
        {"", "host=db env:sslcompression=1", "downgrade/sealed", "sslcompression=0", ""},
        {"", "host=db sslkeylogfile=/tmp/keys", "downgrade/sealed", "sslkeylogfile=/dev/null", ""},
        {"", "host=db sslkeylogfile=/dev/null", "seal/sealed", "sslkeylogfile", ""},
        {"", "host=db", "seal/sealed", "sslkeylogfile", ""},
    };
    (void)state;
    JUDGE(rows, 180004, &plain);
}

/* Forced is only what this libpq knows. */
static void old_libpqs(void **state)
{
    static const struct row v11[] = {
        {"", "host=db", "seal/sealed", "gssencmode", ""},
        {"", "host=db", "seal/sealed", "ssl_min_protocol_version", ""},
        {"", "host=db", "seal/sealed", "sslcrldir", ""},
        {"", "service:host=db", "seal/sealed", "sslkeylogfile", ""},
        {"", "service:host=db", "seal/sealed", "ssl_max_protocol_version", ""},
        {"", "host=db sslmode=disable", "downgrade/sealed", "sslmode=verify-full", ""},
    };
    static struct made m;
    (void)state;
    JUDGE(v11, 110022, &plain);
    for (int version = 100000; version < 200000; version += 10000) {
        decide(&m, version, &plain, "", "service=s host=db sslmode=allow");
        for (size_t i = 0; i < m.v.nforced; i++) {
            assert_non_null(request_option(&m.r, m.v.forced[i].option));
            assert_non_null(m.v.forced[i].value);
        }
        assert_int_equal(m.v.min_tls, 12);
        undo(&m);
    }
}

static void tls_versions(void **state)
{
#define MIN "ssl_min_protocol_version"
#define MAX "ssl_max_protocol_version"
    static const struct row rows[] = {
        {"", "host=db", "seal/sealed", MIN "=TLSv1.2", ""},
        {"", "host=db " MIN "=TLSv1.1", "downgrade/sealed", MIN "=TLSv1.2", ""},
        {"", "host=db env:" MIN "=tlsv1", "downgrade/sealed", MIN "=TLSv1.2", ""},
        {"", "host=db " MIN "=tlsv1.2", "seal/sealed", MIN "=tlsv1.2", ""},
        {"", "host=db " MIN "=TLSv1.3", "seal/sealed", MIN "=TLSv1.3", ""},
        {"", "host=db " MIN "=", "downgrade/sealed", MIN "=TLSv1.2", ""},
        {"", "host=db " MAX "=TLSv1.1", "downgrade/sealed", MAX "=TLSv1.3", ""},
        {"", "host=db " MAX "=TLSv1.2", "seal/sealed", MAX, ""},
        {"", "host=db " MAX "=", "seal/sealed", MAX, ""},
        {"", "host=db", "seal/sealed", MAX, ""},
        {"", "host=db service:" MAX "=TLSv1.2", "seal/sealed", MAX, ""},
        {"[host db]\n" MIN " = TLSv1.3\n", "host=db", "seal/sealed", MIN "=TLSv1.3", ""},
        {"[host db]\n" MIN " = TLSv1.3\n", "host=db " MIN "=TLSv1.2", "downgrade/sealed",
         MIN "=TLSv1.3", ""},
        {"[host db]\n" MIN " = TLSv1.3\n", "host=db " MAX "=TLSv1.2", "downgrade/sealed",
         MAX "=TLSv1.3", ""},
        {"[host db]\n" MIN " = TLSv1.2\n", "host=db " MIN "=TLSv1.3", "seal/sealed", MIN "=TLSv1.3",
         ""},
        {"[host db]\n" MAX " = TLSv1.2\n", "host=db", "seal/sealed", MAX "=TLSv1.2", ""},
        {"[host db]\n" MAX " = TLSv1.2\n", "host=db " MAX "=TLSv1.3", "downgrade/sealed",
         MAX "=TLSv1.2", ""},
        {"[host db]\n" MAX " = TLSv1.2\n", "host=db " MIN "=TLSv1", "downgrade/sealed",
         MIN "=TLSv1.2", ""},
    };
    static struct made m;
    (void)state;
    JUDGE(rows, 150018, &plain);
    decide(&m, 150018, &plain, "[host db]\n" MIN " = TLSv1.3\n", "host=db");
    assert_int_equal(m.v.min_tls, 13);
    undo(&m);
    decide(&m, 150018, &plain, "", "host=db " MIN "=TLSv1.3");
    assert_int_equal(m.v.min_tls, 12); /* the witness holds the policy's; libpq the program's */
    undo(&m);
}

static void pins(void **state)
{
#define PIN(line) "[host db]\n" line "\n"
    static const struct row rows[] = {
        {PIN("channel_binding = require"), "host=db", "seal/sealed", "channel_binding=require", ""},
        {PIN("channel_binding = require"), "host=db channel_binding=require", "seal/sealed",
         "channel_binding=require", ""},
        {PIN("channel_binding = require"), "host=db channel_binding=disable", "downgrade/sealed",
         "channel_binding=require", ""},
        {PIN("channel_binding = require"), "host=db env:channel_binding=prefer", "downgrade/sealed",
         "channel_binding=require", ""},
        {PIN("channel_binding = require"), "host=else channel_binding=disable", "seal/sealed",
         "channel_binding", ""},
        {PIN("require_auth = scram-sha-256"), "host=db", "refuse/refused", NULL,
         NAME ":2: require_auth: this program's libpq (version 15.18) does not know "
              "this option"},
        {"mode = audit\n" PIN("require_auth = scram-sha-256"), "host=db", "refuse/would-refuse",
         NULL, NULL},
        {PIN("requirepeer = postgres"), "host=db,/tmp", "socket/sealed", "requirepeer=postgres",
         ""},
        {PIN("requirepeer = postgres"), "host=db", "seal/sealed", "requirepeer=postgres", ""},
        {PIN("requirepeer = x"), "host=db requirepeer=y", "downgrade/sealed", "requirepeer=x", ""},
    };
    static const struct row v12[] = {
        {PIN("ssl_min_protocol_version = TLSv1.3"), "host=db", "refuse/refused", NULL,
         NAME ":2: ssl_min_protocol_version: this program's libpq (version 12.5) does "
              "not know this option"},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
    JUDGE(v12, 120005, &plain);
}

static void engine_keys(void **state)
{
#define ENGINE                                                                                     \
    "sslkey names an engine (it has a colon): libpq would load and run it before the server is "   \
    "verified; name a key file, or pin sslkey in the policy"
    static const struct row rows[] = {
        {"", "host=db sslkey=pkcs11:x", "refuse/refused", NULL, ENGINE},
        {"", "host=db env:sslkey=pkcs11:x", "refuse/refused", NULL, ENGINE},
        {"", "host=db service:sslkey=/a:b", "refuse/refused", NULL, ENGINE},
        {"mode = audit\n", "host=db sslkey=pkcs11:x", "refuse/would-refuse", NULL, ENGINE},
        {"[host db]\nsslkey = pkcs11:y\n", "host=db", "seal/sealed", "sslkey=pkcs11:y", ""},
        {"[host db]\nsslkey = pkcs11:y\n", "host=db sslkey=pkcs11:x", "downgrade/sealed",
         "sslkey=pkcs11:y", ""},
        {"[host db]\nsslcert = /c\n", "host=db sslkey=pkcs11:x", "refuse/refused", NULL, ENGINE},
        {"", "host=db sslkey=/k", "seal/sealed", "sslkey", ""},
        {"", "host=/tmp sslkey=pkcs11:x", "socket/allowed", NULL, ""},
    };
    (void)state;
    JUDGE(rows, 150018, &plain);
}

static void oauth_debugging(void **state)
{
#define OAUTH "PGOAUTHDEBUG=UNSAFE disables the protection of OAuth tokens; unset it"
    static const struct row refused[] = {
        {"", "host=db", "refuse/refused", NULL, OAUTH},
        {"mode = audit\n", "host=db", "refuse/would-refuse", NULL, OAUTH},
        {"", "host=/tmp", "socket/allowed", NULL, ""},
    };
    static const struct row sealed[] = {{"", "host=db", "seal/sealed", NULL, ""}};
    struct facts f = plain;
    (void)state;
    f.oauth = "UNSAFE";
    JUDGE(refused, 180000, &f);
    JUDGE(sealed, 170010, &f);
    f.oauth = "UNSAFE:trace";
    JUDGE(refused, 190000, &f);
    f.oauth = "";
    JUDGE(sealed, 180000, &f);
}

/* What libpq finds in ~/.postgresql is judged where it looks for it, unless one is named. */
static void client_certificates(void **state)
{
    static const struct {
        const char *policy, *ask, *key;
        bool found, passphrase, engine;
    } rows[] = {
        {"", "host=db", NULL, true, false, false},
        {"", "host=db sslkey=/k", "/k", true, false, false},
        {"", "host=db sslpassword=x", NULL, true, true, false},
        {"", "host=db sslcert=/mine", NULL, false, false, false}, /* the program's own is its own */
        {"", "host=db sslcert=", NULL, true, false, false},
        {"[host db]\nsslcert = /c\n", "host=db", NULL, false, false, false},
        {"[host db]\nsslkey = /k\n", "host=db", NULL, false, false, true},
    };
    static struct made m;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        decide(&m, 150018, &plain, rows[i].policy, rows[i].ask);
        ROW_TRUE(rows[i].ask, m.v.cert_found_by_libpq == rows[i].found);
        ROW_TRUE(rows[i].ask, m.v.passphrase == rows[i].passphrase);
        ROW_TRUE(rows[i].ask, m.v.engine_allowed == rows[i].engine);
        ROW_STRING(rows[i].ask, m.v.key, rows[i].key);
        undo(&m);
    }
}

/* What does not weaken is left as it is. */
static void left_alone(void **state)
{
    static struct made m;
    (void)state;
    decide(&m, 180004, &plain, "",
           "host=db port=1 dbname=d user=u password=s application_name=a sslsni=0 "
           "channel_binding=disable require_auth=none requirepeer=x sslcert=/c sslkey=/k");
    static const char *const names[] = {"host",   "hostaddr",        "port",         "dbname",
                                        "user",   "password",        "service",      "requirepeer",
                                        "sslsni", "channel_binding", "require_auth", "sslcert",
                                        "sslkey", "application_name"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ROW_STRING(names[i], forced(&m, names[i]), NULL);
        ROW_TRUE(names[i], changed(&m, names[i]) == NULL);
    }
    assert_string_equal(verdict_event(&m.v), "seal");
    undo(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gss_compression_keylog),
        cmocka_unit_test(old_libpqs),
        cmocka_unit_test(tls_versions),
        cmocka_unit_test(pins),
        cmocka_unit_test(engine_keys),
        cmocka_unit_test(oauth_debugging),
        cmocka_unit_test(client_certificates),
        cmocka_unit_test(left_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("enforce", tests, NULL, NULL);
}
