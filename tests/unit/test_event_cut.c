/* test_event_cut: what is cut from a line that would be too long, and where. */
#include "event_line.h"

static char *repeat(const char *unit, size_t times)
{
    size_t n = strlen(unit);
    char *s = malloc(n * times + 1);

    assert_non_null(s);
    for (size_t i = 0; i < times; i++) {
        memcpy(s + i * n, unit, n);
    }
    s[n * times] = '\0';
    return s;
}

/* The bytes between the quotes of key's value. */
static size_t value_length(const char *key)
{
    char start[64];
    const char *at;
    const char *end;

    snprintf(start, sizeof start, "\"%s\":\"", key);
    at = strstr(line, start);
    assert_non_null(at);
    at += strlen(start);
    for (end = at; *end != '"'; end += *end == '\\' ? 2 : 1) {
        ;
    }
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

/* No field takes the room of another: what is long takes what is left. */
static void each_field_has_its_room(void **state)
{
    char *reason = repeat("r", 100000);
    char *exe = repeat("e", 900);
    char *object = repeat("o", 100000);
    struct event e = {.reason = reason, .exe = exe, .object = object, .host = "h", .rule = "/p:1"};

    (void)state;
    assert_in_range(format(&e), EVENT_LINE_MAX - 40, EVENT_LINE_MAX);
    assert_int_equal(value_length("exe"), 900);
    assert_in_range(value_length("reason"), 512, 560);
    assert_in_range(value_length("object"), 2000, 2600);
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
            for (at += 7; strncmp(at, "\xE2\x80\xA6\"}\n", 6) != 0; at += n) {
                assert_memory_equal(at, shown[i], n);
            }
            free(s);
            free(pad);
        }
    }
}

static size_t count(const char *part)
{
    size_t n = 0;

    for (const char *at = line; (at = strstr(at, part)) != NULL; at++) {
        n++;
    }
    return n;
}

static void lists_lose_their_last_elements(void **state)
{
    struct change changes[EVENT_CHANGES + 1];
    const char *hooks[EVENT_LIST + 1];
    char *s = repeat("v", 200);
    struct event e = {.changes = changes, .nchanges = EVENT_CHANGES + 1, .reason = s};

    (void)state;
    for (size_t i = 0; i < EVENT_CHANGES + 1; i++) {
        changes[i] = (struct change){"sslmode", "conninfo", s, s};
    }
    changes[0].option = "first";
    assert_in_range(format(&e), EVENT_LINE_MAX - 480, EVENT_LINE_MAX);
    assert_has("\"changes\":[{\"option\":\"first\",");
    assert_in_range(count("\"option\""), 6, 9);
    assert_int_equal(value_length("reason"), 200);
    assert_has("}],\"reason\":");

    for (size_t i = 0; i < EVENT_CHANGES + 1; i++) {
        changes[i] = (struct change){"o", "uri", "r", "e"};
    }
    format(&e);
    assert_int_equal(count("\"option\""), EVENT_CHANGES);

    for (size_t i = 0; i < EVENT_LIST + 1; i++) {
        hooks[i] = "PQping";
    }
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
        .exempt_until = s,
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
        .openssl = s,
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
    for (size_t i = 0; i < EVENT_CHANGES; i++) {
        changes[i] = (struct change){s, s, s, s};
    }
    for (size_t i = 0; i < EVENT_LIST; i++) {
        libpqs[i] = (struct event_library){s, INT32_MIN};
        list[i] = s;
    }
    format(&e);
    assert_has("\"root_sha256\":\"");
    assert_has("\"pid\":-2147483648,");
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_of_exactly_the_most_is_whole),
        cmocka_unit_test(each_field_has_its_room),
        cmocka_unit_test(cuts_never_split_a_character),
        cmocka_unit_test(lists_lose_their_last_elements),
        cmocka_unit_test(worst_case_fits),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("event_cut", tests, NULL, NULL);
}
