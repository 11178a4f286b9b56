/* test_policy_faults: each way in which a policy can be wrong, and the very words that say so. */
#include "policy_parse.h"

#include <stdio.h>

static void bad(const char *text, const char *wanted)
{
    struct parsed d;
    parse(&d, text);
    ROW_STRING(text, d.p.fault, wanted);
    done(&d);
}

static void faults(void **state)
{
#define AT(n) NAME ":" #n ": "
#define USE_MODE "; use enforce or audit"
#define USE_LOG "; use stderr, syslog, none or file:/PATH"
#define USE_LEVEL "; use downgrade or all"
#define USE_UNLISTED "; use seal or refuse"
#define USE_CANCEL "; use allow, refuse or encrypt"
#define USE_ROOT "; use system, program or /PATH"
#define USE_SECTION "; a section is [host PATTERN]"
#define KEYS_GLOBAL                                                                                \
    "; the keys here are mode, sslrootcert, sslcrl, unix_sockets, plaintext_cancel, log, "         \
    "log_level, unlisted_hosts"
#define KEYS_SECTION                                                                               \
    "; the keys here are mode, sslrootcert, sslcrl, verify_as, exempt, exempt_until and libpq's "  \
    "options"
#define VARIABLES                                                                                  \
    "; the variables are PGSEAL_MODE, PGSEAL_SSLROOTCERT, PGSEAL_SSLCRL, PGSEAL_UNIX_SOCKETS, "    \
    "PGSEAL_PLAINTEXT_CANCEL, PGSEAL_LOG, PGSEAL_LOG_LEVEL, PGSEAL_POLICY"
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"\n\nsslmod = x", AT(3) "unknown key \"sslmod\"" KEYS_GLOBAL},
        {"Mode = audit", AT(1) "unknown key \"Mode\"" KEYS_GLOBAL},
        {"[host a]\nsslmod = x", AT(2) "unknown key \"sslmod\"" KEYS_SECTION},
        {"mode = of", AT(1) "mode: unknown value \"of\"" USE_MODE},
        {"mode = Audit", AT(1) "mode: unknown value \"Audit\"" USE_MODE},
        {"mode =", AT(1) "mode: no value"},
        {"mode = # audit", AT(1) "mode: no value"},
        {"mode", AT(1) "neither a section nor key = value"},
        {"= audit", AT(1) "no key before \"=\""},
        {"mode = audit\nmode = audit", AT(2) "duplicate key \"mode\""},
        {"mode = of\nmode = audit", AT(1) "mode: unknown value \"of\"" USE_MODE},
        {"[host a]\nsslsni=1\nsslsni=1", AT(3) "duplicate key \"sslsni\""},
        {"[host a]\nexempt=x\nexempt=y", AT(3) "duplicate key \"exempt\""},
        {"sslrootcert = roots.pem",
         AT(1) "sslrootcert: not an absolute path \"roots.pem\"" USE_ROOT},
        {"sslrootcert = System", AT(1) "sslrootcert: not an absolute path \"System\"" USE_ROOT},
        {"sslcrl = crl.pem", AT(1) "sslcrl: not an absolute path \"crl.pem\""},
        {"sslcrl = system", AT(1) "sslcrl: not an absolute path \"system\""},
        {"log = file:x.log", AT(1) "log: not an absolute path \"file:x.log\""},
        {"log = /x.log", AT(1) "log: unknown value \"/x.log\"" USE_LOG},
        {"log = stdout", AT(1) "log: unknown value \"stdout\"" USE_LOG},
        {"log_level = debug", AT(1) "log_level: unknown value \"debug\"" USE_LEVEL},
        {"unlisted_hosts = allow", AT(1) "unlisted_hosts: unknown value \"allow\"" USE_UNLISTED},
        {"plaintext_cancel = seal", AT(1) "plaintext_cancel: unknown value \"seal\"" USE_CANCEL},
        {"unix_sockets = tmp", AT(1) "unix_sockets: not an absolute path \"tmp\"; use allow, "
                                     "refuse or /DIRECTORY[:/DIRECTORY...]"},
        {"unix_sockets = /a:tmp", AT(1) "unix_sockets: not an absolute path \"/a:tmp\"; use allow, "
                                        "refuse or /DIRECTORY[:/DIRECTORY...]"},
        {"unix_sockets = /a::/b", AT(1) "unix_sockets: not an absolute path \"/a::/b\"; use allow, "
                                        "refuse or /DIRECTORY[:/DIRECTORY...]"},
        {"unix_sockets = /a:", AT(1) "unix_sockets: not an absolute path \"/a:\"; use allow, "
                                     "refuse or /DIRECTORY[:/DIRECTORY...]"},
        {"unix_sockets = /a:allow", AT(1) "unix_sockets: not an absolute path \"/a:allow\"; use "
                                          "allow, refuse or /DIRECTORY[:/DIRECTORY...]"},
        {"unix_sockets = /tmp,/run", AT(1) "unix_sockets: a directory with a comma matches nothing "
                                           "\"/tmp,/run\"; put colons between directories"},
        {"unix_sockets = @", AT(1) "unix_sockets: not an absolute path (hidden); use allow, refuse "
                                   "or /DIRECTORY[:/DIRECTORY...]"},
        {"verify_as = a", AT(1) "verify_as belongs in a [host] section"},
        {"exempt = a", AT(1) "exempt belongs in a [host] section"},
        {"exempt_until = 2027-01-01", AT(1) "exempt_until belongs in a [host] section"},
        {"channel_binding = require", AT(1) "channel_binding belongs in a [host] section"},
        {"[host a]\nunlisted_hosts = seal", AT(2) "unlisted_hosts belongs above the first section"},
        {"[host a]\nunix_sockets = allow", AT(2) "unix_sockets belongs above the first section"},
        {"[host a]\nplaintext_cancel = allow",
         AT(2) "plaintext_cancel belongs above the first section"},
        {"[host a]\nlog = none", AT(2) "log belongs above the first section"},
        {"[host a]\nlog_level = all", AT(2) "log_level belongs above the first section"},
        {"[host a]\nexempt =", AT(2) "exempt: a reason is required"},
        {"[host a]\nexempt = # why", AT(2) "exempt: a reason is required"},
        {"[host a]\nexempt_until = 2027-01-01\nmode=audit\n[host b]",
         AT(2) "exempt_until without exempt"},
        {"[host a]\nexempt_until = 2027-01-01", AT(2) "exempt_until without exempt"},
        {"[host a]\nexempt=x\n[host b]\nexempt_until = 2027-01-01",
         AT(4) "exempt_until without exempt"},
        {"[host a]\nexempt=x\nexempt_until = 2027-02-29",
         AT(3) "exempt_until: not a date YYYY-MM-DD \"2027-02-29\""},
        {"[host a]\nexempt=x\nexempt_until = never",
         AT(3) "exempt_until: not a date YYYY-MM-DD \"never\""},
#define NOT_A_NAME "verify_as: not a name that a certificate can contain "
        {"[host a]\nverify_as = *.b", AT(2) "verify_as: must be one name, not a pattern \"*.b\""},
        {"[host a]\nverify_as = b,c", AT(2) "verify_as: must be one name, not a list \"b,c\""},
        {"[host a]\nverify_as = b:1", AT(2) "verify_as: must be a name without a port \"b:1\""},
        {"[host a]\nverify_as = b:", AT(2) "verify_as: must be a name without a port \"b:\""},
        {"[host a]\nverify_as = 127.0.0.1:1",
         AT(2) "verify_as: must be a name without a port \"127.0.0.1:1\""},
        {"[host a]\nverify_as = b.", AT(2) NOT_A_NAME "\"b.\""},
        {"[host a]\nverify_as = /b", AT(2) NOT_A_NAME "\"/b\""},
        {"[host a]\nverify_as = b/c", AT(2) NOT_A_NAME "\"b/c\""},
        {"[host a]\nverify_as = b..c", AT(2) NOT_A_NAME "\"b..c\""},
        {"[host a]\nverify_as = b\xc3\xa4", AT(2) NOT_A_NAME "\"b\xc3\xa4\""},
        {"[host a]\nsslmode = verify-full",
         AT(2) "sslmode: cannot be pinned \"verify-full\"; see pgseal-policy(5) for what can"},
        {"[host a]\nsslcrldir = /x",
         AT(2) "sslcrldir: cannot be pinned \"/x\"; see pgseal-policy(5) for what can"},
        {"sslmode = verify-full",
         AT(1) "sslmode: cannot be pinned \"verify-full\"; see pgseal-policy(5) for what can"},
        {"[host a]\nscram_client_key = s3cret",
         AT(2) "scram_client_key: cannot be pinned; see pgseal-policy(5) for what can"},
        {"[host a]\npassword = s3cret",
         AT(2) "password: cannot be pinned; see pgseal-policy(5) for what can"},
        {"[host a]\nssl_min_protocol_version = TLSv1.1",
         AT(2) "ssl_min_protocol_version: must be TLSv1.2 or TLSv1.3 \"TLSv1.1\""},
        {"[host a]\nssl_max_protocol_version = TLSv1.2\nssl_min_protocol_version = "
         "TLSv1.3\nsslsni=1",
         AT(2) "ssl_max_protocol_version: below ssl_min_protocol_version \"TLSv1.2\""},
        {"[host a]\nchannel_binding =", AT(2) "channel_binding: no value"},
        {"[host a", AT(1) "a section header ends with \"]\""},
        {"[host a] x", AT(1) "a section header ends with \"]\""},
        {"[", AT(1) "a section header ends with \"]\""},
        {"[]", AT(1) "unknown section \"\"" USE_SECTION},
        {"[hosts a]", AT(1) "unknown section \"hosts\"" USE_SECTION},
        {"[Host a]", AT(1) "unknown section \"Host\"" USE_SECTION},
        {"[a]", AT(1) "unknown section \"a\"" USE_SECTION},
        {"[host]", AT(1) "host: no host"},
        {"[host ]", AT(1) "host: no host"},
        {"[host a b]", AT(1) "host: use one section for each host \"a b\""},
        {"[host a:0]", AT(1) "host: a port is a number from 1 to 65535 \"a:0\""},
        {"[host /tmp]", AT(1) "host: a socket is not a host \"/tmp\""},
        {"[host a@b]", AT(1) "host: a socket is not a host (hidden)"},
        {"[host a]\n[host b]\n[host A.]", AT(3) "duplicate section \"A.\""},
        {"[host 127.0.0.1:1]\n[host 127.1:01]", AT(2) "duplicate section \"127.1:01\""},
        {"\xef\xbb\xbfmode = audit",
         AT(1) "begins with a UTF-8 byte order mark; save it without one"},
        {"mode = au\rdit", AT(1) "mode: a control character in \"au?dit\""},
        {"mode = a\x1b[31m", AT(1) "mode: a control character in \"a?[31m\""},
        {"mode = audit\rlog = none\r", AT(1) "mode: a control character in \"audit?log = none?\""},
        {"mo\x07"
         "de = x",
         AT(1) "unknown key \"mo?de\"" KEYS_GLOBAL},
        {"[host a\x7f]", AT(1) "host: a control character \"a?\""},
        {"[host a]\nrequirepeer = a\x01"
         "b",
         AT(2) "requirepeer: a control character in \"a?b\""},
        {"mode = u@h", AT(1) "mode: unknown value (hidden)" USE_MODE},
        {"mode = postgresql://x", AT(1) "mode: unknown value (hidden)" USE_MODE},
        {"mode = myPassWord1", AT(1) "mode: unknown value (hidden)" USE_MODE},
        {"postgresql://u:pw@h/db", AT(1) "neither a section nor key = value"},
        {"postgresql://u:pw@h/db?a=b", AT(1) "unknown key (hidden)" KEYS_GLOBAL},
        {"mode = 1234567890123456789012345678901234567890123456789012345678901234",
         AT(1) "mode: unknown value "
               "\"1234567890123456789012345678901234567890123456789012345678901234\"" USE_MODE},
        {"mode = 12345678901234567890123456789012345678901234567890123456789012345",
         AT(1) "mode: unknown value "
               "\"1234567890123456789012345678901234567890123456789012345678901234...\"" USE_MODE},
        {"mode = 123456789012345678901234567890123456789012345678901234567890123\xc3\xa4",
         AT(1) "mode: unknown value "
               "\"123456789012345678901234567890123456789012345678901234567890123...\"" USE_MODE},
        {"mode = 12345678901234567890123456789012345678901234567890123456789012345 p@ss",
         AT(1) "mode: unknown value (hidden)" USE_MODE},
        {"mode = a\nlog = b\n[host c", AT(1) "mode: unknown value \"a\"" USE_MODE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bad(rows[i].text, rows[i].wanted);
    }
}

static void nul_bytes(void **state)
{
    static const char *const texts[] = {"mode = au|dit", "|", "# x|", "mode = audit\n[host a|]",
                                        "x|\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct parsed d;
        char text[64];
        char wanted[64];
        size_t len = strlen(texts[i]);
        memcpy(text, texts[i], len + 1);
        *strchr(text, '|') = '\0';
        parse_bytes(&d, text, len);
        snprintf(wanted, sizeof wanted, NAME ":%d: contains a NUL byte", i == 3 ? 2 : 1);
        ROW_STRING(texts[i], d.p.fault, wanted);
        done(&d);
    }
}

static void long_lines(void **state)
{
    char *text = malloc(POLICY_LINE_MAX + 3);
    struct parsed d;
    (void)state;
    memset(text, 'x', POLICY_LINE_MAX + 3);
    text[0] = '#';
    text[POLICY_LINE_MAX] = '\r';
    text[POLICY_LINE_MAX + 1] = '\n';
    parse_bytes(&d, text, POLICY_LINE_MAX + 2);
    assert_string_equal(d.p.fault, "");
    done(&d);
    text[POLICY_LINE_MAX] = 'x';
    parse_bytes(&d, text, POLICY_LINE_MAX + 2);
    assert_string_equal(d.p.fault, NAME ":1: line longer than 4096 bytes");
    done(&d);
    parse_bytes(&d, text, POLICY_LINE_MAX + 1);
    assert_string_equal(d.p.fault, NAME ":1: line longer than 4096 bytes");
    done(&d);
    free(text);
}

static void long_paths(void **state)
{
    static const char *const keys[] = {"sslrootcert=",  "sslcrl=",          "log=file:",
                                       "unix_sockets=", "unix_sockets=/a:", "[host a]\nsslcert="};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        for (size_t extra = 0; extra < 2; extra++) {
            char text[2048];
            struct parsed d;
            size_t start = strlen(keys[i]);
            strcpy(text, keys[i]);
            memset(text + start, 'p', POLICY_PATH_MAX + extra);
            text[start] = '/';
            text[start + POLICY_PATH_MAX + extra] = '\0';
            parse(&d, text);
            ROW_TRUE(keys[i],
                     (strstr(d.p.fault, "path longer than 1023 bytes") != NULL) == (extra == 1));
            ROW_TRUE(keys[i], (d.p.fault[0] != '\0') == (extra == 1));
            done(&d);
        }
    }
}

static void list_too_long(void **state)
{
    char *text = malloc(200000);
    char *at = text;
    struct parsed d;
    (void)state;
    for (int i = 0; i < 4096; i++) {
        at += sprintf(at, "[host h%d]\n", i);
    }
    good(&d, text);
    assert_int_equal(d.p.nrules, 4096);
    assert_ptr_equal(policy_match(&d.p, "h4095", 1), &d.p.rules[4095]);
    assert_string_equal(d.p.rules[4095].pattern, "h4095");
    done(&d);
    strcpy(at, "[host x]");
    bad(text, NAME ":4097: more than 4096 sections");
    free(text);

    static const char pins[] =
        "[host a]\nchannel_binding=require\ngssdelegation=0\ngsslib=gssapi\nkrbsrvname=x\n"
        "max_protocol_version=3.2\nmin_protocol_version=3.0\noauth_ca_file=/x\n"
        "oauth_issuer=https://x\npassfile=/x\nrequire_auth=gss\nrequirepeer=x\n"
        "ssl_max_protocol_version=TLSv1.3\nssl_min_protocol_version=TLSv1.3\nsslcert=/x\n"
        "sslcertmode=require\nsslkey=/x\nsslnegotiation=direct\nsslsni=1\n";
    good(&d, pins);
    assert_int_equal(d.p.rules[0].npins, 18); /* all that there are, and all fit */
    done(&d);
}

static void faulty_settings(void **state)
{
    static const struct {
        const char *name, *value, *wanted;
    } rows[] = {
        {"PGSEAL_MODE", "of", "environment: PGSEAL_MODE: unknown value \"of\"" USE_MODE},
        {"PGSEAL_MODE", "audit ", "environment: PGSEAL_MODE: unknown value \"audit \"" USE_MODE},
        {"PGSEAL_MODE", "audit\n", "environment: PGSEAL_MODE: a control character in \"audit?\""},
        {"PGSEAL_SSLROOTCERT", "r.pem",
         "environment: PGSEAL_SSLROOTCERT: not an absolute path \"r.pem\"" USE_ROOT},
        {"PGSEAL_SSLCRL", "c.pem", "environment: PGSEAL_SSLCRL: not an absolute path \"c.pem\""},
        {"PGSEAL_UNIX_SOCKETS", "x",
         "environment: PGSEAL_UNIX_SOCKETS: not an absolute path \"x\"; use allow, refuse or "
         "/DIRECTORY[:/DIRECTORY...]"},
        {"PGSEAL_PLAINTEXT_CANCEL", "x",
         "environment: PGSEAL_PLAINTEXT_CANCEL: unknown value \"x\"" USE_CANCEL},
        {"PGSEAL_LOG", "file:x", "environment: PGSEAL_LOG: not an absolute path \"file:x\""},
        {"PGSEAL_LOG_LEVEL", "x", "environment: PGSEAL_LOG_LEVEL: unknown value \"x\"" USE_LEVEL},
        {"PGSEAL_UNLISTED_HOSTS", "refuse",
         "environment: PGSEAL_UNLISTED_HOSTS: unknown variable" VARIABLES},
        {"PGSEAL_EXEMPT", "x", "environment: PGSEAL_EXEMPT: unknown variable" VARIABLES},
        {"PGSEAL_mode", "audit", "environment: PGSEAL_mode: unknown variable" VARIABLES},
        {"PGSEAL_", "x", "environment: PGSEAL_: unknown variable" VARIABLES},
        {"PGSEAL_MODE", "postgresql://u:s3cret@h",
         "environment: PGSEAL_MODE: unknown value (hidden)" USE_MODE},
    };
    struct policy p;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct setting s = {rows[i].name, rows[i].value};
        policy_from_settings(&p, &s, 1);
        ROW_STRING(rows[i].name, p.fault, rows[i].wanted);
        ROW_STRING(rows[i].name, p.name, "environment");
    }
    struct setting twice[] = {
        {"PGSEAL_MODE", "audit"}, {"PGSEAL_MODE", "enforce"}, {"PGSEAL_LOG", "none"}};
    policy_from_settings(&p, twice, 3);
    assert_string_equal(p.fault, "environment: PGSEAL_MODE: set more than once");
    assert_int_equal(p.log, LOG_TO_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(long_lines),    cmocka_unit_test(long_paths),
        cmocka_unit_test(list_too_long), cmocka_unit_test(faulty_settings),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("policy faults", tests, NULL, NULL);
}
