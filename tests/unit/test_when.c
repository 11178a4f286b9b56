/* test_when: times of logs and options, and the spans that the report counts in. */
#include "cli/report/timeline.h"
#include "cli/report/when.h"
#include "unit.h"

#include <string.h>

static void assert_time(const char *s, const char *utc)
{
    int64_t ms = 0;
    char buf[25];
    assert_true(when_parse(s, &ms));
    when_rfc3339(ms, buf);
    assert_string_equal(buf, utc);
}

static void times_are_read(void **state)
{
    (void)state;
    assert_time("2026-11-24", "2026-11-24T00:00:00.000Z");
    assert_time("2026-11-24T03:39:00.123Z", "2026-11-24T03:39:00.123Z");
    assert_time("2026-11-24 03:39", "2026-11-24T03:39:00.000Z");
    assert_time("2026-11-24T03:39:00.1234567Z", "2026-11-24T03:39:00.123Z");
    assert_time("2026-11-24T03:39:00+01:00", "2026-11-24T02:39:00.000Z");
    assert_time("2026-11-24T23:39:00-0130", "2026-11-25T01:09:00.000Z");
    assert_time("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z");
}

static void what_is_no_time_is_not(void **state)
{
    static const char *const wrong[] = {"",
                                        "2026",
                                        "2026-11-31",
                                        "2026-11-24T",
                                        "2026-11-24x",
                                        "2026-11-24T25:00",
                                        "2026-11-24T03",
                                        "2026-11-24T03:39:00.5Zx",
                                        "tomorrow"};
    int64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(when_parse(wrong[i], &ms));
    }
}

static void ages_are_before_now(void **state)
{
    int64_t ms = 0;
    (void)state;
    assert_true(when_option("2h", 10 * DAY_MS, &ms));
    assert_int_equal(ms, 10 * DAY_MS - INT64_C(7200000));
    assert_true(when_option("1w", 10 * DAY_MS, &ms));
    assert_int_equal(ms, 3 * DAY_MS);
    assert_false(when_option("2y", 0, &ms));
    assert_false(when_option("-2h", 0, &ms));
}

/* However far apart the times are, and in whatever order, none is lost. */
static void spans_hold_every_attempt(void **state)
{
    static struct timeline t;
    uint32_t n = 0;
    (void)state;
    for (int64_t i = 0; i < 2000; i++) {
        int64_t ms = (i * 7919 % 2000 - 1000) * (i < 1000 ? INT64_C(60000) : 30 * DAY_MS);
        timeline_add(&t, ms, SEALED);
        assert_true(t.spans[(ms - t.origin) / t.width][SEALED] > 0);
    }
    timeline_add(&t, INT64_C(253402300799999), FAILED_OUTCOME);
    timeline_add(&t, -INT64_C(62135596800000), FAILED_OUTCOME);
    for (size_t i = 0; i < TIMELINE_SPANS; i++) {
        n += t.spans[i][SEALED] + t.spans[i][FAILED_OUTCOME];
    }
    assert_int_equal(n, 2002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_no_time_is_not),
        cmocka_unit_test(ages_are_before_now),
        cmocka_unit_test(spans_hold_every_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
