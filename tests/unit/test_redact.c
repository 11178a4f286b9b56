/* test_redact: what of values and reasons is hidden, and what is not. */
#include "cli/explain/rejection.h"
#include "event_line.h"
#include "lib/core/event/redact.h"
#include "lib/core/text/strbuf.h"

static void hides_what_hints_at_a_secret(void **state)
{
    (void)state;
    static const char *const secrets[] = {
        "x://",
        "my PassWord=x",
        "password = x",
        "password%3Dx",
        "p%61ssword%20=x",
        "p%2561ssword%25253dx",
        "postgres%3A%2F%2Fapp",
        "postgres:%2f/app",
        "sslpassword=x",
        "host=db user=app oauth_client_secret=S3CR3T",
        "scram_client_key=x",
        "scram_server_key\t=x",
        "SCRAM_SERVER_KEY=x",
        "pkcs11:object=k?pin-value=1234",
        "PGPASSWORD=x",
        "\"password\" = x",
        "a password password=x",
    };
    static const char *const plain[] = {
        "a@b",
        "pass word=x",
        "passwor=d",
        ":/ /",
        "",
        "my PassWord",
        "password",
        "password authentication failed for user \"svc@project.iam\"",
        "sslkey=/k",
        "%",
        "%25",
        "%3A%2F",
        "password%",
        "password%3",
        "secretary=x",
        "the secret is = x",
        "p%zzassword",
    };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (!event_redacts(secrets[i])) {
            fail_msg("\"%s\" would be shown", secrets[i]);
        }
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (event_redacts(plain[i])) {
            fail_msg("\"%s\" would be hidden", plain[i]);
        }
    }
    assert_false(event_redacts(NULL));
}

/* An '@' in the wrong place shows that a URI was cut there. */
static void finds_what_was_cut(void **state)
{
    static const struct {
        const char *option, *value;
        bool cut;
    } rows[] = {
        {"host", "db", false},
        {"host", "@abstract", false},
        {"host", "db,@abstract", false},
        {"host", "a@b", true},
        {"host", "db,a@b", true},
        {"host", "@a@b", true},
        {"host", "db,@a@", true},
        {"host", "@", false},
        {"host", "a@", true},
        {"hostaddr", "@a", true},
        {"port", "c@db.example", true},
        {"port", "5432", false},
        {"dbname", "b@host/app", true},
        {"dbname", "@host/app", true},
        {"dbname", "app", false},
        {"user", "svc@project.iam", false},
        {"application_name", "a@b", false},
        {"dbname", NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (event_cut(rows[i].option, rows[i].value) != rows[i].cut) {
            fail_msg("%s \"%s\"", rows[i].option, rows[i].value ? rows[i].value : "(null)");
        }
    }
}

static void hides_values_of_the_program_only(void **state)
{
    const struct change changes[] = {
        {"sslrootcert", "uri", "/x://y", "/etc/p@q"},
        {"sslpassword", "uri", "plain", "plain"},
        {"sslkey", "uri", "/k", "engine:pin-value=SECRET"},
    };
    const struct event e = {
        .host = "db",
        .hostaddr = "SECRET://",
        .port = "SECRET",
        .dbname = "password=SECRET",
        .user = "oauth_client_secret=SECRET",
        .application_name = "PASSWORD%3DSECRET",
        .exe = "/bin/a@b",
        .object = "/c@d",
        .libpq = "/e@f",
        .node = "g@h",
        .rule = "/i@j:1",
        .peer_names = "k@l",
        .root = "/m@n",
        .changes = changes,
        .nchanges = 3,
    };

    (void)state;
    format(&e);
    assert_lacks("SECRET");
    assert_lacks("plain");
    assert_has(",\"host\":\"db\",\"hostaddr\":\"(hidden)\",\"port\":\"(hidden)\","
               "\"dbname\":\"(hidden)\",\"user\":\"(hidden)\",\"application_name\":\"(hidden)\",");
    assert_has("{\"option\":\"sslrootcert\",\"source\":\"uri\",\"requested\":\"(hidden)\","
               "\"enforced\":\"/etc/p@q\"}");
    assert_has("{\"option\":\"sslpassword\",\"source\":\"uri\",\"requested\":\"(hidden)\","
               "\"enforced\":\"(hidden)\"}");
    assert_has("{\"option\":\"sslkey\",\"source\":\"uri\",\"requested\":\"/"
               "k\",\"enforced\":\"(hidden)\"}");
    assert_has("/bin/a@b");
    assert_has("/c@d");
    assert_has("/e@f");
    assert_has("g@h");
    assert_has("/i@j:1");
    assert_has("k@l");
    assert_has("/m@n");
}

static void port_is_a_list_of_numbers(void **state)
{
    static const char *const plain[] = {"5432", "1,2,3",  " 5432 ", "+5432",
                                        "-1",   ",5432,", "05432",  "1 , 2"};
    static const char *const odd[] = {"x",    "54a", "1 2", "5432;",   "1,b",
                                      "0x10", "1.5", "--1", "\xC2\xB2"};
    char part[64];

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const struct event e = {.port = plain[i]};

        snprintf(part, sizeof part, "\"port\":\"%s\"", plain[i]);
        format(&e);
        assert_has(part);
    }
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        const struct event e = {.port = odd[i]};

        format(&e);
        assert_has("\"port\":\"(hidden)\"");
    }
}

static void what_is_cut_hides_all_five(void **state)
{
    const struct change changes[] = {{"host", "uri", "alice", "verified"},
                                     {"sslmode", "uri", "disable", "verify-full"}};
    struct event e = {
        .host = "alice",
        .port = "123",
        .user = "u1",
        .dbname = "rest@realhost",
        .application_name = "app",
        .reason = "host \"alice\" is unlisted\nconnection to \"alice\", port 123 failed",
        .changes = changes,
        .nchanges = 2,
    };

    (void)state;
    format(&e);
    assert_has("\"host\":\"(hidden)\",\"port\":\"(hidden)\",\"dbname\":\"(hidden)\","
               "\"user\":\"(hidden)\",\"application_name\":\"app\"");
    assert_has("\"reason\":\"host \\\"(hidden)\\\" is unlisted; (hidden)\"");
    assert_has("\"requested\":\"disable\",\"enforced\":\"verify-full\"");
    assert_lacks("hostaddr");
    assert_lacks("alice");
    assert_lacks("123");

    e.host = "alice@b";
    e.dbname = "d";
    format(&e);
    assert_lacks("alice");
    assert_lacks("\"d\"");

    e.host = "alice";
    e.port = "s3cret";
    e.reason = "invalid integer value \"s3cret\" for connection option \"port\"\nport s3cret";
    format(&e);
    assert_lacks("s3cret");
    assert_has("\"host\":\"alice\",\"port\":\"(hidden)\",\"dbname\":\"d\"");

    e.port = "123";
    e.user = "svc@project.iam";
    e.reason = "host \"alice\" is unlisted\nconnection to \"alice\", user svc@project.iam failed";
    format(&e);
    assert_has("\"host\":\"alice\",\"port\":\"123\",\"dbname\":\"d\",\"user\":\"svc@project.iam\"");
    assert_has(
        "host \\\"alice\\\" is unlisted; connection to \\\"alice\\\", user svc@project.iam failed");
}

static void put_text(void *to, const char *s, size_t n)
{
    strbuf_addn(to, s, n);
}

static void clean_reason(const char *reason, bool secret, char *buf, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, buf, size);
    redact_reason(reason, secret, NULL, put_text, &t);
    assert_in_range(t.len, 0, 5 * (reason != NULL ? strlen(reason) : 0) + 8);
}

static void assert_cleaned(const char *reason, bool secret, const char *cleaned)
{
    char buf[256];

    errno = 4711;
    clean_reason(reason, secret, buf, sizeof buf);
    assert_int_equal(errno, 4711);
    assert_string_equal(buf, cleaned);
    clean_reason(buf, secret, buf + 128, 128); /* cleaning twice changes nothing */
    assert_string_equal(buf + 128, cleaned);
}

static void assert_reason(const char *reason, const char *cleaned)
{
    assert_cleaned(reason, true, cleaned);
}

static void reasons_are_cleaned(void **state)
{
    (void)state;
    assert_cleaned(NULL, false, "");
    assert_cleaned("", false, "");
    assert_cleaned("\n\n", false, "");
    assert_cleaned("one\n", false, "one");
    assert_cleaned("one\n\n\ttwo \"x\"\n", false, "one; two \"x\"");
    assert_cleaned("no pg_hba.conf entry for user \"svc@project.iam\"", false,
                   "no pg_hba.conf entry for user \"svc@project.iam\"");
    assert_cleaned("password authentication failed for user \"app\"", false,
                   "password authentication failed for user \"app\"");
    assert_cleaned("database \"user=app oauth_client_secret=S3CR3T\" is not there", false,
                   "database \"(hidden)\" is not there");
    assert_cleaned("see postgresql://x \"y\"", false, "(hidden)");
    assert_reason("could not translate host name \"ss@h\" to address: unknown\n",
                  "could not translate host name \"(hidden)\" to address: unknown");
    assert_reason("a \"x\" b \"y@z\" c", "a \"(hidden)\" c");
    assert_reason("a \"x\" b@ \"y\" c", "a \"(hidden)\" c");
    assert_reason("bad @ here", "(hidden)");
    assert_reason("\"x\" bad @ here", "(hidden)");
    assert_reason("first \"host\"\nbad PASSWORD=x here\nlast",
                  "first \"(hidden)\"; (hidden); last");
    assert_reason("\"\"@", "(hidden)");
}

/* What libpq quotes of a string that it rejects is shown, but for the part where a password may
 * be. */
static void rejections(void **state)
{
    static const struct {
        const char *conninfo, *message;
        bool secret;
    } rows[] = {
        {"sslmod=x", "invalid connection option \"sslmod\"", false},
        {"host=h", "\xC2\xABsslmod\xC2\xBB", false},
        {"password=x sslmod=y", "invalid connection option \"sslmod\"", true},
        {"sslmod=y password=x", "invalid connection option \"sslmod\"", false},
        {"password=my s3cret host=h", "missing \"=\" after \"s3cret\" in connection info string",
         true},
        {"password=x", "\xC2\xABsslmod\xC2\xBB", true},
        {"postgresql://u@h/d?sslmod=x", "invalid URI query parameter: \"sslmod\"", false},
        {"postgresql://u:pw@h/d?sslmod=x", "invalid URI query parameter: \"sslmod\"", false},
        {"postgresql://u:p?w=x@h/d", "invalid URI query parameter: \"w\"", true},
        {"postgres://u:p?b@h/d",
         "missing key/value separator \"=\" in URI query parameter: \"b@h/d\"", true},
        {"postgres://u:x%zzpw@h/d", "invalid percent-encoded token: \"x%zzpw\"", true},
        {"postgresql://h/d?password=pw&x", "missing key/value separator \"=\": \"x\"", true},
        {"", "\"x\"", false},
        {"postgres:u:pw@h/d?a=b", "invalid connection option \"postgres:u:pw@h/d?a\"", true},
        {"u:pw@h d=1", "missing \"=\" after \"u:pw@h\" in connection info string", true},
        {"u:pw@h d=1", "\xC2\xABu:pw@h\xC2\xBB", true},
        {"u:p w@h", "missing \"=\" after \"u:p\" in connection info string", true},
        {"h:5432:d:u:pw", "missing \"=\" after \"h:5432:d:u:pw\" in connection info string", true},
        {"postgresql://[::1]x/d", "unexpected character \"x\" (expected \":\" or \"/\")", false},
        {"user=u@tenant sslmod=y", "invalid connection option \"sslmod\"", false},
        {"user=u@tenant sslmod=y", "\xC2\xABsslmod\xC2\xBB", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rejection_secret(rows[i].message, rows[i].conninfo) != rows[i].secret) {
            fail_msg("%s", rows[i].conninfo);
        }
    }
}

static void reasons_with_quotes_that_span_lines(void **state)
{
    (void)state;
    assert_reason("ok\nname \"SE\nCR\nET@h\" unknown\nok", "ok; (hidden); (hidden); (hidden); ok");
    assert_reason("ok\nSE\"CRET@", "ok; (hidden)");
    assert_reason("name \"x@\nSECRET", "(hidden); (hidden)");
    assert_reason("host \"a\"SECRET\nc@d\" x\nok", "(hidden); (hidden); (hidden)");
    assert_reason("no \xC2\xABSECRET\xC2\xBB\nx@y", "(hidden); (hidden)");
    assert_reason("no \"\xC3\xA9@\" so", "no \"(hidden)\" so");
    assert_cleaned("no \xC2\xABhost\xC2\xBB", false, "no \xC2\xABhost\xC2\xBB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_what_hints_at_a_secret),
        cmocka_unit_test(hides_values_of_the_program_only),
        cmocka_unit_test(port_is_a_list_of_numbers),
        cmocka_unit_test(finds_what_was_cut),
        cmocka_unit_test(what_is_cut_hides_all_five),
        cmocka_unit_test(rejections),
        cmocka_unit_test(reasons_are_cleaned),
        cmocka_unit_test(reasons_with_quotes_that_span_lines),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
