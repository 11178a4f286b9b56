/* test_host_pattern: what a [host] section's pattern matches, and what is wrong with one. */
#include "lib/core/text/host_filter.h"
#include "lib/core/text/hostname.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

/* The filter lets through whatever matches. */
static void assert_passes(const char *pattern, const char *host, bool matches)
{
    char canonical[HOST_MAX];
    struct host_filter filter = host_filter_of(pattern);
    if (!matches || !host_canonical(host, canonical, sizeof canonical)) {
        return;
    }
    struct filtered_host filtered = filtered_host_of(canonical);
    if (!host_filter_passes(&filter, &filtered)) {
        fail_msg("%s matches %s, and the filter stops it", pattern, host);
    }
}

static void filter_stops(void **state)
{
    static const char *const rows[][2] = {
        {"db1.example", "db2.example"},
        {"*.example", "a.example.org"},
        {"db*", "a.db"},
        {"a*b", "ab.c"},
        {"aa*aa", "aaa"},
        {"127.0.0.1", "127.0.0.2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct host_filter filter = host_filter_of(rows[i][0]);
        struct filtered_host host = filtered_host_of(rows[i][1]);
        ROW_TRUE(rows[i][0], !host_filter_passes(&filter, &host));
    }
}

static void matches(void **state)
{
    static const struct {
        const char *pattern, *host;
        int port;
        bool wanted;
    } rows[] = {
        {"db", "db", 5432, true},
        {"db", "DB.", 5432, true},
        {"DB.", "db", 5432, true},
        {"db", "db2", 5432, false},
        {"db", "d", 5432, false},
        {"db", "", 5432, false},
        {"db.", "db..", 5432, false},
        {"*", "", 5432, false},
        {"*", "db", 5432, true},
        {"*", "a.b.c", 1, true},
        {"*", "/tmp", 5432, false},
        {"*", "@x", 5432, false},
        {"*", "a/b", 5432, false},
        {"*", "u@h", 5432, false},
        {"*", "a b", 5432, false},
        {"*", "a\tb", 5432, false},
        {"*", "a\nb", 5432, false},
        {"db*", "db x", 5432, false},
        {"*.rds.amazonaws.com", "x.eu-west-1.rds.amazonaws.com", 5432, true},
        {"*.rds.amazonaws.com", "X.RDS.AmazonAWS.com.", 5432, true},
        {"*.rds.amazonaws.com", "rds.amazonaws.com", 5432, false},
        {"*.rds.amazonaws.com", "x.rds.amazonaws.com.evil.org", 5432, false},
        {"*.rds.amazonaws.com", "evil/x.rds.amazonaws.com", 5432, false},
        {"a*b*c", "abc", 5432, true},
        {"a*b*c", "axxbxxbxxc", 5432, true},
        {"a*b*c", "axxcxxb", 5432, false},
        {"**", "x", 5432, true},
        {"a*", "a", 5432, true},
        {"a*a", "a", 5432, false},
        {"a?", "ab", 5432, false},
        {"a?", "a?", 5432, true},
        {"db.*", "dbx", 5432, false},
        {"db:5432", "db", 5432, true},
        {"db:5432", "db", 5433, false},
        {"db:05432", "db", 5432, true},
        {"*:6432", "db", 6432, true},
        {"*:6432", "db", 5432, false},
        {"db:x", "db", -1, false},
        {"db:x", "DB:x", 5432, true},
        {"my-project:my-instance", "my-project:my-instance", 5432, true},
        {"my-project:my-instance", "my-project", 5432, false},
        {"my-project:my-instance:5433", "my-project:my-instance", 5433, true},
        {"my-project:my-instance:5433", "my-project:my-instance", 5432, false},
        {"my-project:*", "my-project:my-instance", 5432, true},
        {"127.0.0.1", "127.1", 5432, true},
        {"127.0.0.1", "0x7f.1", 5432, true},
        {"127.0.0.1", "2130706433", 5432, true},
        {"127.0.0.1", "::ffff:127.0.0.1", 5432, true},
        {"::ffff:127.0.0.1", "127.0.0.1", 5432, true},
        {"127.1:6432", "127.0.0.1", 6432, true},
        {"127.0.0.1", "127.0.0.1.", 5432, false},
        {"127.0.0.1", "127.0.0.1 ", 5432, false},
        {"127.0.0.1", "127.0.0.2", 5432, false},
        {"127.*", "127.1", 5432, true},
        {"10.*", "10.0.0.7", 5432, true},
        {"10.*", "10.1", 5432, true},
        {"10.*", "10.evil.example", 5432, false}, /* a name, whatever it resolves to */
        {"10.*:5432", "10.evil.example", 5432, false},
        {"10.*", "10.0.0.7.evil.example", 5432, false},
        {"10.*", "10.", 5432, false},
        {"1*", "1and1.example", 5432, false},
        {"*.7", "10.0.0.7", 5432, true},
        {"*.7", "evil.7", 5432, false},
        {"10.*.example", "10.db.example", 5432, true},
        {"10-*", "10-0-0-7", 5432, true},
        {"::1", "::1", 5432, true},
        {"[::1]", "::1", 5432, true},
        {"[::1]:5432", "::1", 5432, true},
        {"[::1]:5432", "0:0::1", 5432, true},
        {"[::1]:5432", "::1", 5433, false},
        {"::1", "[::1]", 5432, false},
        {"[::1]", "[::1]", 5432, false},
        {"2001:db8:*", "2001:DB8::7", 5432, true},
        {"[2001:db8:*]:1", "2001:db8::7", 1, true},
        {"[2001:db8:*]:1", "2001:db8::7", 2, false},
        {"fe80::1%eth0", "FE80::1%eth0", 5432, true},
        {"fe80::1%eth0", "fe80::1%eth1", 5432, false},
        {"fe80::1", "fe80::1%eth0", 5432, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_passes(rows[i].pattern, rows[i].host, rows[i].wanted);
        if (host_matches(rows[i].pattern, rows[i].host, rows[i].port) != rows[i].wanted) {
            fail_msg("[host %s] and \"%s\" port %d: wanted %d", rows[i].pattern, rows[i].host,
                     rows[i].port, rows[i].wanted);
        }
    }
}

/* A pattern of many stars is no trap. */
static void many_stars(void **state)
{
    char pattern[1000];
    char host[4000];
    (void)state;
    for (size_t i = 0; i < sizeof pattern - 2; i += 2) {
        memcpy(pattern + i, "*a", 2);
    }
    pattern[998] = 'b';
    pattern[999] = '\0';
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    assert_false(host_matches(pattern, host, 5432));
    host[sizeof host - 2] = 'b';
    assert_true(host_matches(pattern, host, 5432));
}

static void same_patterns(void **state)
{
    static const struct {
        const char *a, *b;
        bool wanted;
    } rows[] = {{"db", "DB.", true},
                {"db", "db:5432", false},
                {"db:05432", "db:5432", true},
                {"::1", "[::1]", true},
                {"[::1]:5", "[0::1]:5", true},
                {"127.1", "::ffff:127.0.0.1", true},
                {"*", "*", true},
                {"*", "**", false},
                {"*.X", "*.x", true},
                {"a", "ab", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ROW_TRUE(rows[i].a, host_same_pattern(rows[i].a, rows[i].b) == rows[i].wanted);
        ROW_TRUE(rows[i].a, host_same_pattern(rows[i].b, rows[i].a) == rows[i].wanted);
        /* The parser compares only patterns whose filters have one hash. */
        ROW_TRUE(rows[i].a, !rows[i].wanted ||
                                host_filter_of(rows[i].a).hash == host_filter_of(rows[i].b).hash);
    }
}

static void pattern_faults(void **state)
{
    static const char brackets[] = "brackets are only for IPv6 addresses";
    static const char port[] = "a port is a number from 1 to 65535";
    static const char all_ports[] =
        "a port is a number from 1 to 65535; without one, all ports match";
    static const char network[] =
        "an address with a prefix length matches nothing; use a pattern such as 10.*";
    static const char special[] = "only * is a wildcard, and no host name contains this character";
    static const struct {
        const char *pattern, *wanted;
    } rows[] = {
        {"db", NULL},
        {"*", NULL},
        {"*.rds.amazonaws.com", NULL},
        {"db:5432", NULL},
        {"127.0.0.1:6432", NULL},
        {"::1", NULL},
        {"[::1]", NULL},
        {"[::1]:5432", NULL},
        {"[fe80::*]:1", NULL},
        {"fe80::*", NULL},
        {"fe80::1%eth0", NULL},
        {"", "no host"},
        {":5432", "no host"},
        {"[]", "no host"},
        {"/tmp", "a socket is not a host"},
        {"@x", "a socket is not a host"},
        {"a/b", "a socket is not a host"},
        {"u@h", "a socket is not a host"},
        {"a b", "use one section for each host"},
        {"a,b", "a list matches nothing; give each host its own section"},
        {".example", "no host name begins with a dot; for all hosts of a domain use *.example"},
        {"10.0.0.0/8", network},
        {"2001:db8::/32", network},
        {"10.0.0.256", "not an address"},
        {"10.0.0.0.0", "not an address"},
        {"db[0-9]", brackets},
        {"db?", special},
        {"(a|b)", special},
        {"db\\.example", special},
        {"'db'", special},
        {"a\tb", "use one section for each host"},
        {"a\x01", "a control character"},
        {"a\x7f", "a control character"},
        {"db:", port},
        {"db:0", port},
        {"db:65536", port},
        {"db.example:*", all_ports},
        {"localhost:*", all_ports},
        {"127.0.0.1:*", all_ports},
        {"my-project:my-instance", NULL},
        {"example.com:my-project:my-instance", NULL},
        {"my-project:my-instance:5432", NULL},
        {"my-project:my-instance:0", port},
        {"my-project:*", NULL},
        {"db: 1", "use one section for each host"},
        {"[::1]:", port},
        {"[::1]:70000", port},
        {"[::1", brackets},
        {"::1]", brackets},
        {"[::1]5432", brackets},
        {"[db]", brackets},
        {"[db]:5432", brackets},
        {"[127.0.0.1]:1", brackets},
        {"[[::1]]", brackets},
        {"d[b]", brackets},
        {"a:b:c", "neither host:port nor an IPv6 address"},
        {"a:b:1", "neither host:port nor an IPv6 address"},
        {"q:b:c", NULL},
        {"::1::", "neither host:port nor an IPv6 address"},
        {"[::g]:1", "neither host:port nor an IPv6 address"},
        {"::1.", "neither host:port nor an IPv6 address"},
    };
    char longest[HOST_MAX + 1];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ROW_STRING(rows[i].pattern, host_pattern_fault(rows[i].pattern), rows[i].wanted);
    }
    memset(longest, 'a', sizeof longest);
    longest[HOST_MAX - 1] = '\0';
    assert_null(host_pattern_fault(longest));
    longest[HOST_MAX - 1] = 'a';
    longest[HOST_MAX] = '\0';
    assert_string_equal(host_pattern_fault(longest), "too long for a host");
}

static void keeps_errno(void **state)
{
    (void)state;
    errno = EXDEV;
    host_matches("*.x:70000", "a.x", 1);
    host_pattern_fault("[x");
    assert_int_equal(errno, EXDEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_stops),   cmocka_unit_test(matches),
        cmocka_unit_test(many_stars),     cmocka_unit_test(same_patterns),
        cmocka_unit_test(pattern_faults), cmocka_unit_test(keeps_errno),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("host_pattern", tests, NULL, NULL);
}
