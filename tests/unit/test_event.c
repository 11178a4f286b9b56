/* event: the line as bytes, field by field; what is hidden; what is cut, and where. */
#include "core/event.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char line[EVENT_LINE_MAX + 2];

/* Formats e into line, which gets a NUL; a guard byte behind the buffer must stay. */
static size_t format(const struct event *e)
{
    size_t n;

    memset(line, '#', sizeof line);
    errno = 4711;
    n = event_format(e, line, EVENT_LINE_MAX);
    assert_int_equal(errno, 4711);
    assert_in_range(n, 2, EVENT_LINE_MAX);
    assert_int_equal(line[EVENT_LINE_MAX], '#');
    assert_int_equal(line[n - 1], '\n');
    line[n] = '\0';
    assert_int_equal(strlen(line), n);
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    return n;
}

static void assert_line(const struct event *e, const char *expected)
{
    format(e);
    assert_string_equal(line, expected);
}

static void assert_has(const char *part)
{
    if (strstr(line, part) == NULL)
        fail_msg("%s lacks %s", line, part);
}

static void assert_lacks(const char *part)
{
    if (strstr(line, part) != NULL)
        fail_msg("%s has %s", line, part);
}

#define HEAD "{\"schema\":\"pgseal/1\",\"time\":\"1970-01-01T00:00:00.000Z\""

static void least_line(void **state)
{
    struct event e = {0};

    (void)state;
    assert_line(&e, HEAD ",\"pid\":0,\"uid\":0}\n");
}

static void every_field_in_order(void **state)
{
    const struct change changes[] = {
        {"sslmode", "uri", "disable", "verify-full"},
        {"gssencmode", "default", NULL, "disable"},
    };
    const struct event_library libpqs[] = {{"/a/libpq.so.5", 150018}, {"/b/libpq.so.5", 0}};
    const char *const hooks[] = {"PQconnectdb", "PQping"};
    const char *const environment[] = {"OPENSSL_CONF"};
    const char *const preloads[] = {"/x/libother.so"};
    const struct event e = {
        .time_ms = 1795491540123,
        .node = "n1",
        .event = "downgrade",
        .action = "sealed",
        .mode = "enforce",
        .entry = "PQconnectdb",
        .pid = 42,
        .uid = 4294967295u,
        .exe = "/usr/bin/psql",
        .object = "/o.so",
        .libpq = "/a/libpq.so.5",
        .libpq_version = 150018,
        .host = "a,b",
        .hostaddr = "10.0.0.1,::1",
        .port = "5432,5433",
        .dbname = "d",
        .user = "u",
        .application_name = "app",
        .changes = changes,
        .nchanges = 2,
        .rule = "/etc/pgseal/policy.conf:3",
        .reason = "because",
        .lost = UINT64_MAX,
        .protocol = "TLSv1.3",
        .cipher = "TLS_AES_256_GCM_SHA384",
        .bits = 256,
        .peer_subject = "CN=db@example",
        .peer_issuer = "CN=ca",
        .peer_names = "db,db2",
        .peer_not_after = "2027-01-01T00:00:00Z",
        .peer_sha256 = "ab",
        .verified_name = "db",
        .root = "/etc/password@://",
        .root_sha256 = "cd",
        .settings = "defaults",
        .libpqs = libpqs,
        .nlibpqs = 2,
        .hooks = hooks,
        .nhooks = 2,
        .environment = environment,
        .nenvironment = 1,
        .preloads = preloads,
        .npreloads = 1,
    };

    (void)state;
    assert_line(
        &e,
        "{\"schema\":\"pgseal/1\",\"time\":\"2026-11-24T03:39:00.123Z\",\"node\":\"n1\","
        "\"event\":\"downgrade\",\"action\":\"sealed\",\"mode\":\"enforce\","
        "\"entry\":\"PQconnectdb\",\"pid\":42,\"uid\":4294967295,\"exe\":\"/usr/bin/psql\","
        "\"object\":\"/o.so\",\"libpq\":\"/a/libpq.so.5\",\"libpq_version\":150018,"
        "\"host\":\"a,b\",\"hostaddr\":\"10.0.0.1,::1\",\"port\":\"5432,5433\",\"dbname\":\"d\","
        "\"user\":\"u\",\"application_name\":\"app\",\"changes\":[{\"option\":\"sslmode\","
        "\"source\":\"uri\",\"requested\":\"disable\",\"enforced\":\"verify-full\"},"
        "{\"option\":\"gssencmode\",\"source\":\"default\",\"enforced\":\"disable\"}],"
        "\"rule\":\"/etc/pgseal/policy.conf:3\",\"reason\":\"because\","
        "\"lost\":18446744073709551615,\"protocol\":\"TLSv1.3\","
        "\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"bits\":256,\"peer_subject\":\"CN=db@example\","
        "\"peer_issuer\":\"CN=ca\",\"peer_names\":\"db,db2\","
        "\"peer_not_after\":\"2027-01-01T00:00:00Z\",\"peer_sha256\":\"ab\","
        "\"verified_name\":\"db\",\"root\":\"/etc/password@://\",\"root_sha256\":\"cd\","
        "\"settings\":\"defaults\",\"libpq_copies\":[{\"path\":\"/a/libpq.so.5\","
        "\"version\":150018},{\"path\":\"/b/libpq.so.5\"}],\"hooks\":[\"PQconnectdb\",\"PQping\"],"
        "\"environment\":[\"OPENSSL_CONF\"],\"preloads\":[\"/x/libother.so\"]}\n");
}

static void small_buffer_writes_nothing(void **state)
{
    const struct event e = {0};
    char small[8] = "#######";

    (void)state;
    assert_int_equal(event_format(&e, small, sizeof small), 0);
    assert_string_equal(small, "#######");
}

/* The JSON string that comes of s, in quotes. */
static void assert_text(const char *s, const char *json)
{
    const struct event e = {.exe = s};
    char expected[512];

    snprintf(expected, sizeof expected, "%s,\"pid\":0,\"uid\":0,\"exe\":\"%s\"}\n", HEAD, json);
    assert_line(&e, expected);
}

#define FFFD "\xEF\xBF\xBD"

static void any_bytes_are_valid(void **state)
{
    (void)state;
    assert_text("a\"b\\c/d", "a\\\"b\\\\c/d");
    assert_text("\x01\b\t\n\r\x1b\x1f ~\x7f",
                "\\u0001\\u0008\\u0009\\u000a\\u000d\\u001b\\u001f ~\\u007f");
    assert_text("\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", "\\u0080\\u009b\\u009f\xC2\xA0");
    // NOLINTBEGIN(misc-misleading-bidirectional)
    assert_text("\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA",
                "\xE2\x80\xA7\\u2028\\u2029\xE2\x80\xAA");
    // NOLINTEND(misc-misleading-bidirectional)
    assert_text("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF",
                "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    assert_text("a\x80z", "a" FFFD "z");                                    /* continuation alone */
    assert_text("\xC0\xAF\xC1\xBF", FFFD FFFD FFFD FFFD);                   /* overlong, two */
    assert_text("\xE0\x9F\xBF", FFFD FFFD FFFD);                            /* overlong, three */
    assert_text("\xF0\x8F\xBF\xBF", FFFD FFFD FFFD FFFD);                   /* overlong, four */
    assert_text("\xED\xA0\x80\xED\xBF\xBF", FFFD FFFD FFFD FFFD FFFD FFFD); /* surrogates */
    assert_text("\xED\x9F\xBF\xEE\x80\x80", "\xED\x9F\xBF\xEE\x80\x80");    /* beside them */
    assert_text("\xF4\x90\x80\x80", FFFD FFFD FFFD FFFD);                   /* above U+10FFFF */
    assert_text("\xF5\x80\xFE\xFF", FFFD FFFD FFFD FFFD);
    assert_text("\xE2\x82", FFFD FFFD); /* ends inside */
    assert_text("\xE2\x82\"", FFFD FFFD "\\\"");
    assert_text("\xF0\x9F\x98", FFFD FFFD FFFD);
}

static void hides_what_hints_at_a_secret(void **state)
{
    (void)state;
    assert_true(event_hides("a@b"));
    assert_true(event_hides("x://"));
    assert_true(event_hides("my PassWord"));
    assert_false(event_hides("pass word"));
    assert_false(event_hides("passwor"));
    assert_false(event_hides(":/ /"));
    assert_false(event_hides(""));
    assert_false(event_hides(NULL));
}

static void hides_values_of_the_program_only(void **state)
{
    const struct change changes[] = {
        {"sslrootcert", "uri", "/x@y", "/etc/p@q"},
        {"sslpassword", "uri", "plain", "plain"},
    };
    const struct event e = {
        .host = "SECRET@h",
        .hostaddr = "SECRET://",
        .port = "SECRET",
        .dbname = "password=SECRET",
        .user = "u@SECRET",
        .application_name = "SECRET@",
        .exe = "/bin/a@b",
        .object = "/c@d",
        .libpq = "/e@f",
        .node = "g@h",
        .rule = "/i@j:1",
        .peer_names = "k@l",
        .root = "/m@n",
        .changes = changes,
        .nchanges = 2,
    };

    (void)state;
    format(&e);
    assert_lacks("SECRET");
    assert_lacks("plain");
    assert_lacks("x@y");
    assert_has(",\"host\":\"(hidden)\",\"hostaddr\":\"(hidden)\",\"port\":\"(hidden)\","
               "\"dbname\":\"(hidden)\",\"user\":\"(hidden)\",\"application_name\":\"(hidden)\",");
    assert_has("{\"option\":\"sslrootcert\",\"source\":\"uri\",\"requested\":\"(hidden)\","
               "\"enforced\":\"/etc/p@q\"}");
    assert_has("{\"option\":\"sslpassword\",\"source\":\"uri\",\"requested\":\"(hidden)\","
               "\"enforced\":\"(hidden)\"}");
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

static void uri_hides_all_five_or_none(void **state)
{
    struct event e = {
        .connection_from_uri = true,
        .host = "alice",
        .port = "123",
        .user = "u1",
        .dbname = "rest@realhost",
        .application_name = "app",
        .reason = "host \"alice\" is unlisted\nconnection to \"alice\", port 123 failed",
    };

    (void)state;
    format(&e);
    assert_has("\"host\":\"(hidden)\",\"port\":\"(hidden)\",\"dbname\":\"(hidden)\","
               "\"user\":\"(hidden)\",\"application_name\":\"app\"");
    assert_has("\"reason\":\"host \\\"(hidden)\\\" is unlisted; (hidden)\"");
    assert_lacks("hostaddr");
    assert_lacks("alice");
    assert_lacks("123");

    e.dbname = "d";
    e.port = "s3cret";
    format(&e);
    assert_lacks("alice");
    assert_lacks("s3cret");

    e.port = "123";
    format(&e);
    assert_has("\"host\":\"alice\",\"port\":\"123\",\"dbname\":\"d\",\"user\":\"u1\"");
    assert_has("host \\\"alice\\\" is unlisted; connection to");

    e.connection_from_uri = false;
    e.dbname = "rest@realhost";
    format(&e);
    assert_has("\"host\":\"alice\",\"port\":\"123\",\"dbname\":\"(hidden)\",\"user\":\"u1\"");
}

static void assert_reason(const char *reason, const char *cleaned)
{
    char buf[256];

    errno = 4711;
    event_clean_reason(reason, buf, sizeof buf);
    assert_int_equal(errno, 4711);
    assert_string_equal(buf, cleaned);
    event_clean_reason(buf, buf + 128, 128); /* cleaning twice changes nothing */
    assert_string_equal(buf + 128, cleaned);
}

static void reasons_are_cleaned(void **state)
{
    (void)state;
    assert_reason(NULL, "");
    assert_reason("", "");
    assert_reason("\n\n", "");
    assert_reason("one\n", "one");
    assert_reason("one\n\n\ttwo \"x\"\n", "one; two \"x\"");
    assert_reason("could not translate host name \"ss@h\" to address: unknown\n",
                  "could not translate host name \"(hidden)\" to address: unknown");
    assert_reason("a \"x\" b \"y@z\" c", "a \"(hidden)\" c");
    assert_reason("a \"x\" b@ \"y\" c", "a \"(hidden)\" c");
    assert_reason("bad @ here", "(hidden)");
    assert_reason("\"x\" bad @ here", "(hidden)");
    assert_reason("first \"host\"\nbad PASSWORD here\nlast", "first \"(hidden)\"; (hidden); last");
    assert_reason("\"\"@", "(hidden)");
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
    assert_reason("no \xC2\xABhost\xC2\xBB", "no \xC2\xABhost\xC2\xBB");
}

static void reasons_are_cut_whole(void **state)
{
    char buf[12];

    (void)state;
    event_clean_reason("12345678901", buf, sizeof buf);
    assert_string_equal(buf, "12345678901");
    event_clean_reason("123456789012", buf, sizeof buf);
    assert_string_equal(buf, "12345678\xE2\x80\xA6");
    event_clean_reason("1234567\xE2\x82\xAC"
                       "0123",
                       buf, sizeof buf);
    assert_string_equal(buf, "1234567\xE2\x80\xA6");
    event_clean_reason("abc", buf, 1);
    assert_string_equal(buf, "");
}

static char *repeat(const char *unit, size_t times)
{
    size_t n = strlen(unit);
    char *s = malloc(n * times + 1);

    assert_non_null(s);
    for (size_t i = 0; i < times; i++)
        memcpy(s + i * n, unit, n);
    s[n * times] = '\0';
    return s;
}

/* The bytes between the quotes of key's value. */
static size_t value_length(const char *key)
{
    char start[64];
    const char *at, *end;

    snprintf(start, sizeof start, "\"%s\":\"", key);
    at = strstr(line, start);
    assert_non_null(at);
    at += strlen(start);
    for (end = at; *end != '"'; end += *end == '\\' ? 2 : 1)
        ;
    return (size_t)(end - at);
}

static void line_of_exactly_the_most_is_whole(void **state)
{
    struct event e = {.exe = "x"};
    size_t frame = format(&e) - 1;
    char *s = repeat("x", EVENT_LINE_MAX - frame);

    (void)state;
    e.exe = s;
    assert_int_equal(format(&e), EVENT_LINE_MAX);
    assert_has("xxx\"}");
    free(s);
    e.exe = s = repeat("x", EVENT_LINE_MAX - frame + 1);
    assert_int_equal(format(&e), EVENT_LINE_MAX);
    assert_has("xxx\xE2\x80\xA6\"}");
    free(s);
}

static void longest_value_is_cut_first(void **state)
{
    char *reason = repeat("r", 100000), *exe = repeat("e", 900), *object = repeat("o", 2500);
    struct event e = {.reason = reason, .exe = exe, .object = object, .host = "h", .rule = "/p:1"};

    (void)state;
    assert_in_range(format(&e), EVENT_LINE_MAX - 4, EVENT_LINE_MAX);
    assert_int_equal(value_length("exe"), 900);
    assert_int_equal(value_length("object"), value_length("reason"));
    assert_has("o\xE2\x80\xA6\",");
    assert_has("r\xE2\x80\xA6\"}");
    assert_has("\"host\":\"h\"");
    assert_has("\"rule\":\"/p:1\"");
    free(reason);
    free(exe);
    free(object);
}

static void cuts_never_split_a_character(void **state)
{
    static const char *const units[] = {"\xF0\x9F\x98\x80", "\"", "\x01", "\xFF", "\xE2\x82\xAC"};
    static const char *const shown[] = {"\xF0\x9F\x98\x80", "\\\"", "\\u0001", FFFD,
                                        "\xE2\x82\xAC"};

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        for (size_t shift = 0; shift < 7; shift++) {
            char *s = repeat(units[i], 5000);
            char *pad = repeat("n", shift);
            const struct event e = {.exe = s, .node = pad};
            const char *at;
            size_t n = strlen(shown[i]);

            assert_in_range(format(&e), EVENT_LINE_MAX - 8, EVENT_LINE_MAX);
            at = strstr(line, "\"exe\":\"");
            assert_non_null(at);
            for (at += 7; strncmp(at, "\xE2\x80\xA6\"}\n", 6) != 0; at += n)
                assert_memory_equal(at, shown[i], n);
            free(s);
            free(pad);
        }
    }
}

static size_t count(const char *part)
{
    size_t n = 0;

    for (const char *at = line; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

static void lists_lose_their_last_elements(void **state)
{
    struct change changes[EVENT_CHANGES + 1];
    const char *hooks[EVENT_LIST + 1];
    char *s = repeat("v", 200);
    struct event e = {.changes = changes, .nchanges = EVENT_CHANGES + 1, .reason = s};

    (void)state;
    for (size_t i = 0; i < EVENT_CHANGES + 1; i++)
        changes[i] = (struct change){"sslmode", "conninfo", s, s};
    changes[0].option = "first";
    assert_in_range(format(&e), EVENT_LINE_MAX - 400, EVENT_LINE_MAX);
    assert_has("\"changes\":[{\"option\":\"first\",");
    assert_in_range(count("\"option\""), 15, 30);
    assert_true(value_length("reason") >= 64);
    assert_has("}],\"reason\":");

    for (size_t i = 0; i < EVENT_CHANGES + 1; i++)
        changes[i] = (struct change){"o", "uri", "r", "e"};
    format(&e);
    assert_int_equal(count("\"option\""), EVENT_CHANGES);

    for (size_t i = 0; i < EVENT_LIST + 1; i++)
        hooks[i] = "PQping";
    e = (struct event){.hooks = hooks, .nhooks = EVENT_LIST + 1};
    format(&e);
    assert_int_equal(count("PQping"), EVENT_LIST);
    free(s);
}

static void worst_case_fits(void **state)
{
    char *s = repeat("\x01\"\xFF", 3000);
    struct change changes[EVENT_CHANGES];
    struct event_library libpqs[EVENT_LIST];
    const char *list[EVENT_LIST];
    struct event e = {
        .time_ms = INT64_MAX,
        .node = s,
        .event = s,
        .action = s,
        .mode = s,
        .entry = s,
        .pid = INT32_MIN,
        .uid = UINT32_MAX,
        .exe = s,
        .object = s,
        .libpq = s,
        .libpq_version = INT32_MIN,
        .host = s,
        .hostaddr = s,
        .port = s,
        .dbname = s,
        .user = s,
        .application_name = s,
        .changes = changes,
        .nchanges = EVENT_CHANGES,
        .rule = s,
        .reason = s,
        .lost = UINT64_MAX,
        .protocol = s,
        .cipher = s,
        .bits = INT32_MIN,
        .peer_subject = s,
        .peer_issuer = s,
        .peer_names = s,
        .peer_not_after = s,
        .peer_sha256 = s,
        .verified_name = s,
        .root = s,
        .root_sha256 = s,
        .settings = s,
        .libpqs = libpqs,
        .nlibpqs = EVENT_LIST,
        .hooks = list,
        .nhooks = EVENT_LIST,
        .environment = list,
        .nenvironment = EVENT_LIST,
        .preloads = list,
        .npreloads = EVENT_LIST,
    };

    (void)state;
    for (size_t i = 0; i < EVENT_CHANGES; i++)
        changes[i] = (struct change){s, s, s, s};
    for (size_t i = 0; i < EVENT_LIST; i++) {
        libpqs[i] = (struct event_library){s, INT32_MIN};
        list[i] = s;
    }
    format(&e);
    assert_has("\"root_sha256\":\"");
    assert_has("\"pid\":-2147483648,");
    free(s);
}

static void assert_time(int64_t ms, const char *expected)
{
    char buf[25];

    event_time(ms, buf, sizeof buf);
    assert_string_equal(buf, expected);
}

static void times(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(-1, "1969-12-31T23:59:59.999Z");
    assert_time(951782400000, "2000-02-29T00:00:00.000Z");
    assert_time(951868800000, "2000-03-01T00:00:00.000Z");
    assert_time(1795491540123, "2026-11-24T03:39:00.123Z");
    assert_time(4107542399999, "2100-02-28T23:59:59.999Z");
    assert_time(4107542400000, "2100-03-01T00:00:00.000Z");
    assert_time(1735689599999, "2024-12-31T23:59:59.999Z");
    assert_time(253402300799999, "9999-12-31T23:59:59.999Z");
    assert_time(INT64_MAX, "9999-12-31T23:59:59.999Z");
    assert_time(INT64_MIN, "0001-01-01T00:00:00.000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_line),
        cmocka_unit_test(every_field_in_order),
        cmocka_unit_test(small_buffer_writes_nothing),
        cmocka_unit_test(any_bytes_are_valid),
        cmocka_unit_test(hides_what_hints_at_a_secret),
        cmocka_unit_test(hides_values_of_the_program_only),
        cmocka_unit_test(port_is_a_list_of_numbers),
        cmocka_unit_test(uri_hides_all_five_or_none),
        cmocka_unit_test(reasons_are_cleaned),
        cmocka_unit_test(reasons_with_quotes_that_span_lines),
        cmocka_unit_test(reasons_are_cut_whole),
        cmocka_unit_test(line_of_exactly_the_most_is_whole),
        cmocka_unit_test(longest_value_is_cut_first),
        cmocka_unit_test(cuts_never_split_a_character),
        cmocka_unit_test(lists_lose_their_last_elements),
        cmocka_unit_test(worst_case_fits),
        cmocka_unit_test(times),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
