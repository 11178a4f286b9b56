/* test_strbuf: the string builder cuts, says so, and never overruns (ASan watches). */
#include "lib/core/text/strbuf.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void starts_empty(void **state)
{
    char buf[4] = "xyz";
    struct strbuf t;
    (void)state;
    strbuf_init(&t, buf, sizeof buf);
    assert_string_equal(buf, "");
    assert_int_equal(t.len, 0);
    assert_false(t.cut);
}

static void adds(void **state)
{
    char buf[32];
    struct strbuf t;
    (void)state;
    strbuf_init(&t, buf, sizeof buf);
    strbuf_add(&t, "one");
    strbuf_add(&t, NULL);
    strbuf_add(&t, "");
    strbuf_addn(&t, "twenty", 3);
    strbuf_addn(&t, "twenty", 0);
    assert_string_equal(buf, "onetwe");
    assert_int_equal(t.len, 6);
    assert_false(t.cut);
}

static void fills_to_the_last_byte(void **state)
{
    char *buf = malloc(4);
    struct strbuf t;
    (void)state;
    strbuf_init(&t, buf, 4);
    strbuf_add(&t, "abc");
    assert_false(t.cut);
    strbuf_add(&t, "d");
    assert_true(t.cut);
    assert_string_equal(buf, "abc");
    strbuf_init(&t, buf, 4);
    strbuf_add(&t, "abcdefgh");
    assert_true(t.cut);
    assert_string_equal(buf, "abc");
    assert_int_equal(t.len, 3);
    free(buf);
}

/* What is cut ends with a whole character; bytes of other encodings are cut anywhere. */
static void cuts_between_characters(void **state)
{
    static const struct {
        const char *s, *cut;
    } rows[] = {
        {"abc\xC3\xA9", "abc"},
        {"ab\xE2\x80\xA6", "ab"},
        {"\xF0\x9D\x84\x9E"
         "a",
         "\xF0\x9D\x84\x9E"},
        {"a\xF0\x9D\x84\x9E", "a"},
        {"\xA9\xA9\xA9\xA9\xA9", "\xA9\xA9\xA9\xA9"},
        {"\xC3\xA9\xC3\xA9x", "\xC3\xA9\xC3\xA9"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[5];
        ROW_TRUE(rows[i].s, !strbuf_copy(buf, sizeof buf, rows[i].s));
        ROW_STRING(rows[i].s, buf, rows[i].cut);
    }
}

static void shortens(void **state)
{
    char buf[32];
    struct strbuf t;
    (void)state;
    strbuf_init(&t, buf, sizeof buf);
    strbuf_add_short(&t, "abc", 3);
    strbuf_add_short(&t, "", 0);
    strbuf_add_short(&t,
                     "d\xC3\xA9"
                     "f",
                     2);
    strbuf_add_short(&t, "xy", 0);
    assert_string_equal(buf, "abcd\xE2\x80\xA6\xE2\x80\xA6");
    assert_false(t.cut);
}

static void one_byte_of_room(void **state)
{
    char *buf = malloc(1);
    struct strbuf t;
    (void)state;
    strbuf_init(&t, buf, 1);
    strbuf_add(&t, "");
    assert_false(t.cut);
    strbuf_add(&t, "a");
    strbuf_add_uint(&t, 7, 1);
    assert_true(t.cut);
    assert_string_equal(buf, "");
    free(buf);
}

/* Not even the NUL is written, and cut is set. */
static void no_room_at_all(void **state)
{
    char guard[2] = "#";
    struct strbuf t;
    (void)state;
    strbuf_init(&t, guard, 0);
    assert_true(t.cut);
    strbuf_add(&t, "");
    strbuf_add(&t, "abc");
    strbuf_add_uint(&t, 7, 3);
    assert_int_equal(t.len, 0);
    assert_string_equal(guard, "#");
    assert_false(strbuf_copy(guard, 0, ""));
    assert_string_equal(guard, "#");
    strbuf_init(&t, NULL, 0);
    strbuf_add(&t, "abc");
    assert_true(t.cut);
}

static void numbers(void **state)
{
    static const struct {
        uint64_t v;
        unsigned width;
        const char *wanted;
    } rows[] = {{0, 0, "0"},
                {0, 1, "0"},
                {0, 4, "0000"},
                {7, 3, "007"},
                {1234, 3, "1234"},
                {UINT64_MAX, 1, "18446744073709551615"},
                {5, 22, "0000000000000000000005"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[32];
        struct strbuf t;
        strbuf_init(&t, buf, sizeof buf);
        strbuf_add_uint(&t, rows[i].v, rows[i].width);
        ROW_STRING(rows[i].wanted, buf, rows[i].wanted);
    }
}

static void copies(void **state)
{
    char buf[4];
    (void)state;
    assert_true(strbuf_copy(buf, sizeof buf, "abc"));
    assert_string_equal(buf, "abc");
    assert_false(strbuf_copy(buf, sizeof buf, "abcd"));
    assert_string_equal(buf, "abc");
    assert_true(strbuf_copy(buf, sizeof buf, NULL));
    assert_string_equal(buf, "");
}

static void wipes(void **state)
{
    char buf[8] = "secret!";
    static const char zero[6];
    (void)state;
    strbuf_wipe(buf, 6);
    assert_memory_equal(buf, zero, 6);
    assert_int_equal(buf[6], '!');
    strbuf_wipe(buf + 6, 0);
    assert_int_equal(buf[6], '!');
}

static void keeps_errno(void **state)
{
    char buf[4];
    struct strbuf t;
    (void)state;
    errno = EXDEV;
    strbuf_init(&t, buf, sizeof buf);
    strbuf_add(&t, "long enough");
    strbuf_add_uint(&t, 99, 9);
    strbuf_copy(buf, sizeof buf, "long enough");
    strbuf_wipe(buf, sizeof buf);
    assert_int_equal(errno, EXDEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(adds),
        cmocka_unit_test(fills_to_the_last_byte),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(shortens),
        cmocka_unit_test(one_byte_of_room),
        cmocka_unit_test(no_room_at_all),
        cmocka_unit_test(numbers),
        cmocka_unit_test(copies),
        cmocka_unit_test(wipes),
        cmocka_unit_test(keeps_errno),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("strbuf", tests, NULL, NULL);
}
