/* test_list: libpq's comma-separated lists. */
#include "lib/core/text/array.h"
#include "lib/core/text/list.h"
#include "unit.h"

#include <string.h>

static void splits_as_libpq_does(void **state)
{
    static const struct {
        const char *list;
        size_t n;
        const char *elements[4];
        bool empty;
    } rows[] = {
        {NULL, 0, {"", ""}, false},
        {"", 1, {"", ""}, true},
        {"a", 1, {"a", ""}, false},
        {",", 2, {"", "", ""}, true},
        {"a,", 2, {"a", "", ""}, true},
        {",a", 2, {"", "a", ""}, true},
        {"a,b,c", 3, {"a", "b", "c"}, false},
        {"a,,c", 3, {"a", "", "c"}, true},
        {" a , b ", 2, {" a ", " b ", ""}, false},
        {"\"a,b\"", 2, {"\"a", "b\""}, false},
        {"a\\,b", 2, {"a\\", "b"}, false},
    };
    char out[8];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *row = rows[i].list != NULL ? rows[i].list : "(null)";
        ROW_TRUE(row, list_length(rows[i].list) == rows[i].n);
        ROW_TRUE(row, list_has_empty(rows[i].list) == rows[i].empty);
        for (size_t k = 0; k < ARRAY_LEN(rows[i].elements) && rows[i].elements[k] != NULL; k++) {
            size_t len = 99;
            const char *s = list_element(rows[i].list, k, &len);
            ROW_TRUE(row, len == strlen(rows[i].elements[k]));
            ROW_TRUE(row, memcmp(s, rows[i].elements[k], len) == 0);
            ROW_TRUE(row, list_copy(rows[i].list, k, out, sizeof out));
            ROW_STRING(row, out, rows[i].elements[k]);
        }
    }
}

static void copies_say_when_they_cut(void **state)
{
    char out[4] = "xyz";
    (void)state;
    assert_true(list_copy("abc,defg", 0, out, sizeof out));
    assert_string_equal(out, "abc");
    assert_false(list_copy("abc,defg", 1, out, sizeof out));
    assert_string_equal(out, "def");
    assert_false(list_copy("abc", 0, out, 0));
    assert_string_equal(out, "def");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_libpq_does),
        cmocka_unit_test(copies_say_when_they_cut),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
