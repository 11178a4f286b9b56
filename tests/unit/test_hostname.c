/* test_hostname: canonical hosts and ports. */
#include "lib/core/text/hostname.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void canonical(void **state)
{
    static const struct {
        const char *host, *wanted;
    } rows[] = {
        {"db", "db"},
        {"DB.Example.COM", "db.example.com"},
        {"db.example.com.", "db.example.com"},
        {"db..", "db."},
        {".", "."},
        {"", ""},
        {"\xc3\x84.DE", "\xc3\x84.de"},
        {"127.0.0.1", "127.0.0.1"},
        {"127.1", "127.0.0.1"},
        {"127.0.1", "127.0.0.1"},
        {"0x7f.1", "127.0.0.1"},
        {"0X7F.0x0.0.1", "127.0.0.1"},
        {"0177.0.0.01", "127.0.0.1"},
        {"2130706433", "127.0.0.1"},
        {"0", "0.0.0.0"},
        {"4294967295", "255.255.255.255"},
        {"4294967296", "4294967296"},
        {"256.1.1.1", "256.1.1.1"},
        {"1.2.3.256", "1.2.3.256"},
        {"1.2.65536", "1.2.65536"},
        {"1.16777216", "1.16777216"},
        {"08.1.1.1", "08.1.1.1"},
        {"0x.1.1.1", "0x.1.1.1"},
        {"1.2.3.4.5", "1.2.3.4.5"},
        {"1.2.3.4 ", "1.2.3.4 "},
        {"1.2.3.4 x", "1.2.3.4 x"},
        {" 1.2.3.4", " 1.2.3.4"},
        {"1..2", "1..2"},
        {"-1", "-1"},
        {"127.0.0.1.", "127.0.0.1."}, /* the DNS would be asked for this one */
        {"127.1.", "127.1."},
        {"::1", "::1"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"::", "::"},
        {"::1.", "::1."},
        {"2001:DB8::0:1", "2001:db8::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"::FFFF:127.0.0.1", "127.0.0.1"},
        {"::ffff:7f00:1", "127.0.0.1"},
        {"0:0:0:0:0:ffff:127.0.0.1", "127.0.0.1"},
        {"::ffff:0127.0.0.1", "::ffff:0127.0.0.1"},
        {"::1.2.3.4", "::1.2.3.4"},
        {"fe80::1%eth0", "fe80::1%eth0"},
        {"FE80::0001%Eth0", "fe80::1%Eth0"},
        {"fe80::1%", "fe80::1%"},
        {"::ffff:127.0.0.1%1", "::ffff:127.0.0.1%1"},
        {"[::1]", "[::1]"}, /* a name to getaddrinfo */
        {":::", ":::"},
        {"::1::", "::1::"},
        {"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"},
        {"12345::", "12345::"},
        {"1:2:3", "1:2:3"},
        {"::G", "::g"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[HOST_MAX];
        ROW_TRUE(rows[i].host, host_canonical(rows[i].host, out, sizeof out));
        ROW_STRING(rows[i].host, out, rows[i].wanted);
        char again[HOST_MAX];
        if (strcmp(rows[i].host, "db..") != 0) {
            ROW_TRUE(rows[i].host, host_canonical(out, again, sizeof again));
            ROW_STRING(rows[i].host, again, out);
        }
    }
}

static void too_long(void **state)
{
    char *out = malloc(10);
    (void)state;
    assert_true(host_canonical("db.exampl", out, 10));
    assert_false(host_canonical("db.example", out, 10));
    assert_true(host_canonical("dB.exampl.", out, 10));
    assert_string_equal(out, "db.exampl");
    assert_true(host_canonical("127.1", out, 10));
    assert_false(host_canonical("127.1", out, 9));
    free(out);
}

static void ports(void **state)
{
    static const struct {
        const char *port;
        int wanted;
    } rows[] = {{"5432", 5432},
                {"05432", 5432},
                {"+5432", 5432},
                {" 5432 ", 5432},
                {"\t\n5432\v\f\r", 5432},
                {"1", 1},
                {"65535", 65535},
                {"65536", -1},
                {"0", -1},
                {"-1", -1},
                {"-0", -1},
                {"", -1},
                {" ", -1},
                {"+", -1},
                {"5432x", -1},
                {"54 32", -1},
                {"0x10", -1},
                {"++1", -1},
                {"+ 1", -1},
                {"99999999999999999999", -1},
                {"000000000000000000000000001", 1},
                {"5432,5433", -1},
                {"5432.0", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ROW_TRUE(rows[i].port, port_number(rows[i].port) == rows[i].wanted);
    }
    assert_int_equal(port_number(NULL), -1);
}

static void keeps_errno(void **state)
{
    char out[HOST_MAX];
    (void)state;
    errno = EXDEV;
    host_canonical("2001:db8::1", out, sizeof out);
    port_number("99999999999");
    assert_int_equal(errno, EXDEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical),
        cmocka_unit_test(too_long),
        cmocka_unit_test(ports),
        cmocka_unit_test(keeps_errno),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hostname", tests, NULL, NULL);
}
