/* test_options: which options are secrets, which may be pinned to what; held against the libpq at
 * hand. */
#include "lib/core/options/options.h"
#include "unit.h"

#include <errno.h>
#include <libpq-fe.h>
#include <string.h>

static void secrets(void **state)
{
    static const char *const secret[] = {"password", "sslpassword", "scram_client_key",
                                         "scram_server_key", "oauth_client_secret"};
    static const char *const open[] = {"sslkey",   "user",      "passfile",        "dbname",  "",
                                       "Password", "password ", "oauth_client_id", "nonsense"};
    (void)state;
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        ROW_TRUE(secret[i], option_is_secret(secret[i]));
        ROW_STRING(secret[i], option_pin_fault(secret[i], "x"),
                   "cannot be pinned; see pgseal-policy(5) for what can");
    }
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        ROW_TRUE(open[i], !option_is_secret(open[i]));
    }
    assert_false(option_is_secret(NULL));
}

static void never_pinned(void **state)
{
    static const char *const names[] = {"sslmode",
                                        "gssencmode",
                                        "sslrootcert",
                                        "sslcrl",
                                        "sslcrldir",
                                        "requiressl",
                                        "host",
                                        "hostaddr",
                                        "port",
                                        "dbname",
                                        "user",
                                        "service",
                                        "servicefile",
                                        "sslkeylogfile",
                                        "authtype",
                                        "tty",
                                        "application_name",
                                        "client_encoding",
                                        "connect_timeout",
                                        "fallback_application_name",
                                        "keepalives",
                                        "keepalives_count",
                                        "keepalives_idle",
                                        "keepalives_interval",
                                        "load_balance_hosts",
                                        "oauth_client_id",
                                        "oauth_scope",
                                        "options",
                                        "replication",
                                        "sslcompression",
                                        "target_session_attrs",
                                        "tcp_user_timeout"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ROW_STRING(names[i], option_pin_fault(names[i], "x"),
                   "cannot be pinned; see pgseal-policy(5) for what can");
        ROW_TRUE(names[i], option_known(names[i]) != NULL);
    }
}

static void unknown(void **state)
{
    static const char *const names[] = {"", "ssl", "sslmod", "SSLMODE", "mode"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ROW_STRING(names[i], option_pin_fault(names[i], "x"), "unknown option");
        ROW_TRUE(names[i], option_known(names[i]) == NULL);
    }
    assert_string_equal(option_pin_fault(NULL, "x"), "unknown option");
    assert_null(option_known(NULL));
}

static const struct {
    const char *name;
    const char *good; /* words, each followed by a blank */
    const char *bad;
} values[] = {
    {"channel_binding", "require ", "prefer disable Require require, "},
    {"gssdelegation", "0 ", "1 00 no "},
    {"gsslib", "gssapi sspi ", "mit "},
    {"krbsrvname", "postgres ", ""},
    {"max_protocol_version", "3.0 3.2 latest ", "2.0 3.1 "},
    {"min_protocol_version", "3.0 3.2 latest ", "2.0 3.1 "},
    {"oauth_ca_file", "/etc/ca.pem ", "ca.pem "},
    {"oauth_issuer", "https://issuer.example ", "http://issuer.example issuer "},
    {"passfile", "/etc/pass ", "pass ~/.pgpass "},
    {"require_auth",
     "scram-sha-256 scram-sha-256,gss password md5,oauth !none !password,!md5 !none,!password "
     "sspi ",
     "none scram-sha-256,none none,gss scram !scram , gss, ,gss ! !, gss,!none !none,gss NONE "},
    {"requirepeer", "postgres ", ""},
    {"ssl_max_protocol_version", "TLSv1.2 TLSv1.3 tlsv1.3 ", "TLSv1 TLSv1.1 TLSv1.4 1.3 "},
    {"ssl_min_protocol_version", "TLSv1.2 TLSv1.3 TLSV1.2 ", "TLSv1 TLSv1.1 SSLv3 TLSv1.20 "},
    {"sslcert", "/etc/c.crt ", "c.crt "},
    {"sslcertmode", "require disable ", "allow x "},
    {"sslkey", "/etc/c.key pkcs11:token /etc/a:b ", "c.key :x c.key/a "},
    {"sslnegotiation", "direct postgres ", "requiredirect "},
    {"sslsni", "0 1 ", "2 "},
};

static void each_word(const char *name, const char *words, bool good)
{
    char buf[256];
    assert_true(strlen(words) < sizeof buf);
    strcpy(buf, words);
    for (char *word = buf, *end; (end = strchr(word, ' ')) != NULL; word = end + 1) {
        *end = '\0';
        if ((option_pin_fault(name, word) == NULL) != good) {
            fail_msg("%s = %s must be %s", name, word, good ? "taken" : "refused");
        }
    }
}

static void pins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        each_word(values[i].name, values[i].good, true);
        each_word(values[i].name, values[i].bad, false);
        ROW_STRING(values[i].name, option_pin_fault(values[i].name, ""), "no value");
        ROW_STRING(values[i].name, option_pin_fault(values[i].name, NULL), "no value");
    }
}

static void messages(void **state)
{
    (void)state;
    assert_string_equal(option_pin_fault("ssl_min_protocol_version", "TLSv1"),
                        "must be TLSv1.2 or TLSv1.3");
    assert_string_equal(option_pin_fault("channel_binding", "prefer"), "must be require");
    assert_string_equal(option_pin_fault("gssdelegation", "1"), "must be 0");
    assert_string_equal(option_pin_fault("require_auth", "none"),
                        "none would weaken authentication");
}

static void long_paths(void **state)
{
    char path[1026];
    (void)state;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[1023] = '\0';
    assert_null(option_pin_fault("sslcert", path));
    path[1023] = 'a';
    path[1024] = '\0';
    assert_string_equal(option_pin_fault("sslcert", path), "path longer than 1023 bytes");
}

/* Every option that the libpq on this machine has must be in the table. */
static void knows_this_libpq(void **state)
{
    PQconninfoOption *all = PQconninfoParse("", NULL);
    (void)state;
    assert_non_null(all);
    for (PQconninfoOption *o = all; o->keyword != NULL; o++) {
        ROW_TRUE(o->keyword, option_known(o->keyword) != NULL);
        ROW_STRING(o->keyword, option_known(o->keyword), o->keyword);
        if (o->dispchar[0] == '*') {
            ROW_TRUE(o->keyword, option_is_secret(o->keyword));
        }
    }
    PQconninfoFree(all);
}

static void versions(void **state)
{
    static const struct {
        const char *name;
        int wanted;
    } rows[] = {{"", 0},         {"TLSv1", 10},   {"TLSv1.1", 11}, {"TLSv1.2", 12},
                {"TLSv1.3", 13}, {"tlsV1.3", 13}, {"TLSv1.4", 0},  {"TLSv1.", 0},
                {"TLSv1.30", 0}, {" TLSv1.3", 0}, {"SSLv3", 0},    {"TLS", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ROW_TRUE(rows[i].name, tls_version(rows[i].name) == rows[i].wanted);
    }
    assert_int_equal(tls_version(NULL), 0);
}

static void keeps_errno(void **state)
{
    (void)state;
    errno = EXDEV;
    option_is_secret("password");
    option_pin_fault("require_auth", "none");
    tls_version("TLSv1.2");
    assert_int_equal(errno, EXDEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets),          cmocka_unit_test(never_pinned),
        cmocka_unit_test(unknown),          cmocka_unit_test(pins),
        cmocka_unit_test(messages),         cmocka_unit_test(long_paths),
        cmocka_unit_test(knows_this_libpq), cmocka_unit_test(versions),
        cmocka_unit_test(keeps_errno),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
