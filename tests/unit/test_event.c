/* test_event: the line as bytes, field by field. */
#include "event_line.h"

static void assert_line(const struct event *e, const char *expected)
{
    format(e);
    assert_string_equal(line, expected);
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
        .exempt_until = "2027-03-31",
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
        .openssl = "3.0.15",
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
        "\"rule\":\"/etc/pgseal/"
        "policy.conf:3\",\"exempt_until\":\"2027-03-31\",\"reason\":\"because\","
        "\"lost\":18446744073709551615,\"protocol\":\"TLSv1.3\","
        "\"cipher\":\"TLS_AES_256_GCM_SHA384\",\"bits\":256,\"peer_subject\":\"CN=db@example\","
        "\"peer_issuer\":\"CN=ca\",\"peer_names\":\"db,db2\","
        "\"peer_not_after\":\"2027-01-01T00:00:00Z\",\"peer_sha256\":\"ab\","
        "\"verified_name\":\"db\",\"root\":\"/etc/password@://"
        "\",\"root_sha256\":\"cd\",\"openssl\":\"3.0.15\","
        "\"settings\":\"defaults\",\"libpq_copies\":[{\"path\":\"/a/libpq.so.5\","
        "\"version\":150018},{\"path\":\"/b/libpq.so.5\"}],\"hooks\":[\"PQconnectdb\",\"PQping\"],"
        "\"environment\":[\"OPENSSL_CONF\"],\"preloads\":[\"/x/libother.so\"]}\n");
}

/* The JSON string that comes of s, in quotes. */
static void assert_text(const char *s, const char *json)
{
    const struct event e = {.exe = s};
    char expected[512];

    snprintf(expected, sizeof expected, "%s,\"pid\":0,\"uid\":0,\"exe\":\"%s\"}\n", HEAD, json);
    assert_line(&e, expected);
}

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
        cmocka_unit_test(any_bytes_are_valid),
        cmocka_unit_test(times),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
