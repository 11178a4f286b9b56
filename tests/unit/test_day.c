/* test_day: the calendar of exempt_until. */
#include "lib/core/policy/policy.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static void days(void **state)
{
    static const struct {
        const char *date;
        int32_t wanted;
    } rows[] = {{"1970-01-01", 0},         {"1970-01-02", 1},          {"1969-12-31", -1},
                {"2000-02-29", 11016},     {"2000-03-01", 11017},      {"2024-02-29", 19782},
                {"2026-12-31", 20818},     {"2027-01-01", 20819},      {"9999-12-31", 2932896},
                {"0001-01-01", -719162},   {"1900-02-29", INT32_MIN},  {"2100-02-29", INT32_MIN},
                {"2027-02-29", INT32_MIN}, {"2027-04-31", INT32_MIN},  {"2027-00-01", INT32_MIN},
                {"2027-13-01", INT32_MIN}, {"2027-01-00", INT32_MIN},  {"2027-01-32", INT32_MIN},
                {"0000-01-01", INT32_MIN}, {"2027-1-1", INT32_MIN},    {"27-01-01", INT32_MIN},
                {"2027/01/01", INT32_MIN}, {"2027-01-01 ", INT32_MIN}, {" 2027-01-01", INT32_MIN},
                {"2027-01-0x", INT32_MIN}, {"+027-01-01", INT32_MIN},  {"2027-01-01T", INT32_MIN},
                {"", INT32_MIN},           {"2027-01--1", INT32_MIN},  {"20270101", INT32_MIN}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ROW_TRUE(rows[i].date, policy_day(rows[i].date) == rows[i].wanted);
    }
    assert_int_equal(policy_day(NULL), INT32_MIN);
}

/* Four centuries day by day: each is one more than the one before. */
static void every_day(void **state)
{
    int32_t wanted = policy_day("1970-01-01");
    char date[40];
    (void)state;
    for (int y = 1970; y < 2370; y++) {
        for (int m = 1; m <= 12; m++) {
            for (int d = 1; d <= 31; d++) {
                snprintf(date, sizeof date, "%04d-%02d-%02d", y, m, d);
                if (policy_day(date) == INT32_MIN) {
                    assert_true(d > 28);
                } else {
                    ROW_TRUE(date, policy_day(date) == wanted);
                    wanted++;
                }
            }
        }
    }
    assert_int_equal(wanted, 146097);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days),
        cmocka_unit_test(every_day),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
