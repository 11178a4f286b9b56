/* test_opens: what is taken for opened RTLD_DEEPBIND, by the names that were announced. */
#include "shim/dynlink/opens.h"
#include "unit.h"

static void names(void **state)
{
    (void)state;
    opens_announce("/a/libplain.so.2", false);
    assert_false(opens_deep("/a/libplain.so.2", true));
    opens_announce("dir/libext.so.05", true);
    assert_true(opens_deep("/b/libext.so.05", false));
    assert_true(opens_deep("/b/libext.so.5", false)); /* what ld.so.cache may make of it */
    assert_false(opens_deep("/b/libext.so.50", false));
    assert_false(opens_deep("/b/libother.so", false));
    assert_true(opens_deep("/b/libother.so", true)); /* it came after what was: its library */
    assert_false(opens_deep("/c/libplain.so.2", true));
    opens_end();
    assert_false(opens_deep("/b/libext.so.5", false));
    assert_true(opens_deep("/a/libplain.so.2", true));
}

static void unknown(void **state)
{
    (void)state;
    opens_announce("/a/x$LIB", true);
    opens_announce("plain.so", false);
    assert_true(opens_deep("/b/any.so", false));
    assert_false(opens_deep("/b/plain.so", false));
    opens_end();
    assert_false(opens_deep("/b/any.so", false));
}

static void inside_a_call(void **state)
{
    (void)state;
    opens_announce("ext.so", true);
    opens_call();
    assert_true(opens_inside());
    opens_end(); /* as from a hook that another preload's malloc calls */
    assert_true(opens_deep("/a/ext.so", false));
    opens_call_returned();
    assert_false(opens_inside());
    opens_end();
    assert_true(opens_deep("/a/ext.so", false));
    opens_call_end();
    assert_false(opens_deep("/a/ext.so", false));
    assert_false(opens_pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(unknown),
        cmocka_unit_test(inside_a_call),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("opens", tests, NULL, NULL);
}
