/* test_opens: what is taken for opened RTLD_DEEPBIND, by the names that were announced. */
#include "shim/dynlink/opens.h"
#include "unit.h"

static void names(void **state)
{
    (void)state;
    opens_announce("/a/libplain.so.2", false);
    assert_int_equal(opens_depth("/a/libplain.so.2", DEEP, true), PLAIN); /* none was deep yet */
    opens_announce("dir/libext.so.05", true);
    assert_int_equal(opens_depth("/b/libext.so.05", PLAIN, false), DEEP);
    assert_int_equal(opens_depth("/b/libext.so.5", PLAIN, false), DEEP); /* as in ld.so.cache */
    assert_int_equal(opens_depth("/b/libext.so.50", PLAIN, false), PROBABLY_PLAIN);
    assert_int_equal(opens_depth("/b/libother.so", PLAIN, false), PROBABLY_PLAIN);
    /* it came after what was: its library */
    assert_int_equal(opens_depth("/b/libother.so", DEEP, false), DEEP);
    assert_int_equal(opens_depth("/b/libother.so", EITHER, false), EITHER);
    assert_int_equal(opens_depth("/b/libother.so", PROBABLY_PLAIN, false), PROBABLY_PLAIN);
    opens_end();
    assert_int_equal(opens_depth("/b/libext.so.5", PLAIN, false), PROBABLY_PLAIN);
    assert_int_equal(opens_depth("/a/libplain.so.2", DEEP, false), DEEP);
}

static void both(void **state)
{
    (void)state;
    opens_announce("/a/libplain.so.2", false);
    opens_announce("/a/libboth.so", false);
    opens_announce("/b/libboth.so", true);
    assert_int_equal(opens_depth("/c/libplain.so.2", PLAIN, false), PROBABLY_PLAIN);
    assert_int_equal(opens_depth("/c/libplain.so.2", DEEP, false), PROBABLY_PLAIN);
    assert_int_equal(opens_depth("/c/libplain.so.2", DEEP, true), EITHER);
    assert_int_equal(opens_depth("/c/libplain.so.2", EITHER, true), EITHER);
    assert_int_equal(opens_depth("/c/libboth.so", PLAIN, false), EITHER);
    opens_end();
    assert_true(opens_same_file("libx.so.5", "/a/libx.so.05"));
    assert_true(opens_same_file("/a/$LIB", "libx.so.5"));
    assert_false(opens_same_file("libx.so.5", "/libx.so.5/liby.so"));
}

static void unknown(void **state)
{
    (void)state;
    opens_announce("/a/x$LIB", true);
    opens_announce("plain.so", false);
    assert_int_equal(opens_depth("/b/any.so", PLAIN, false), DEEP);
    assert_int_equal(opens_depth("/b/plain.so", PLAIN, false), PROBABLY_PLAIN);
    assert_int_equal(opens_depth("/b/plain.so", DEEP, true), EITHER);
    opens_end();
    assert_int_equal(opens_depth("/b/any.so", PLAIN, false), PROBABLY_PLAIN);
}

static void inside_a_call(void **state)
{
    (void)state;
    opens_announce("ext.so", true);
    opens_call();
    assert_true(opens_inside());
    opens_end(); /* as from a hook that another preload's malloc calls */
    assert_int_equal(opens_depth("/a/ext.so", PLAIN, false), DEEP);
    opens_call_returned();
    assert_false(opens_inside());
    opens_end();
    assert_int_equal(opens_depth("/a/ext.so", PLAIN, false), DEEP);
    opens_call_end();
    assert_int_equal(opens_depth("/a/ext.so", PLAIN, false), PROBABLY_PLAIN);
    assert_false(opens_pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(both),
        cmocka_unit_test(unknown),
        cmocka_unit_test(inside_a_call),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("opens", tests, NULL, NULL);
}
