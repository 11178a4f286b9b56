/* test_verify_as: whose look-ups are answered, and what is known to have been dialled. */
#include "lib/os/settings.h"
#include "shim/session/current.h"
#include "shim/session/slots.h"
#include "shim/session/verify_as.h"
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct rule rules[] = {{.verify_as = "prod.example"}};
static struct policy policy = {.rules = rules, .nrules = 1};

const struct policy *settings_policy(void)
{
    return &policy;
}

static const char *asked;
static struct sockaddr_in found = {.sin_family = AF_INET};
static struct addrinfo answer = {.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&found};

/* Each name has the address 10.0.0.N, where N is the length of the name. */
static int look_up(const char *node, const char *service, const struct addrinfo *hints,
                   struct addrinfo **res)
{
    (void)service;
    (void)hints;
    asked = node;
    found.sin_addr.s_addr = htonl(0x0a000000u + (unsigned)strlen(node));
    *res = &answer;
    errno = EXDEV;
    return 0;
}

static int ask(const char *node, const char *port, int flags)
{
    struct addrinfo *res = NULL;
    struct addrinfo hints = {.ai_flags = flags};
    asked = "";
    struct linked libpq = {.real.getaddrinfo = look_up};
    return slot_getaddrinfo(&libpq, node, port, &hints, &res);
}

static bool dialled(const struct conn_state *d, const char *host, int port, unsigned last)
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000u + last)};
    memcpy(&peer, &in, sizeof in);
    return verify_as_dialled(d, host, port, &peer);
}

static struct conn_state *make(void)
{
    static struct verdict v;
    struct libpq pq = {0};
    v = (struct verdict){.sealed = true, .ndials = 2};
    v.dials[0] = (struct dial){.verify = "prod.example", .host = "one", .port = "5432"};
    v.dials[1] = (struct dial){.verify = "prod.example", .host = "three", .port = "6432"};
    struct conn_state *d = conn_state_new(&pq, &policy, NULL, &v, "test", "");
    assert_non_null(d);
    return d;
}

/* A thread of which nothing is known: one of libpq's own, perhaps. */
static void nobody(void **state)
{
    (void)state;
    assert_int_equal(ask("prod.example", "5432", 0), EAI_FAIL);
    assert_string_equal(asked, "");
    assert_int_equal(ask("prod.example", "5432", AI_NUMERICHOST), 0);
    assert_int_equal(ask("other.example", "5432", 0), 0);
    assert_string_equal(asked, "other.example");
    policy.global.mode = MODE_AUDIT;
    assert_int_equal(ask("prod.example", "5432", 0), 0);
    policy.global.mode = MODE_ENFORCE;
}

static void a_connection(void **state)
{
    struct conn_state *d = make();
    struct current before = current_enter(d);
    (void)state;
    assert_false(dialled(d, "prod.example", 5432, 3)); /* nothing was looked up */
    assert_int_equal(ask("prod.example", "5432", 0), 0);
    assert_int_equal(errno, EXDEV);
    assert_string_equal(asked, "one");
    assert_true(dialled(d, "prod.example", 5432, 3));
    assert_false(dialled(d, "prod.example", 5432, 5)); /* three's, which is on another port */
    assert_false(dialled(d, "prod.example", 6432, 3));
    assert_int_equal(ask("prod.example", "6432", 0), 0);
    assert_string_equal(asked, "three");
    assert_true(dialled(d, "prod.example", 6432, 5));
    assert_int_equal(ask("prod.example", "1", 0), 0); /* no dial of its */
    assert_string_equal(asked, "prod.example");
    assert_true(dialled(d, "prod.example", 1, 99));
    assert_true(dialled(d, "other.example", 5432, 99)); /* verified under its own name */
    verify_as_restart(d);
    assert_false(dialled(d, "prod.example", 5432, 3));
    current_leave(before);
    conn_state_free(d);
}

/* What a longjmp leaves behind names nobody once the connection is gone. */
static void left_behind(void **state)
{
    struct conn_state *d = make();
    (void)state;
    current_enter(d);
    assert_ptr_equal(current_state(), d);
    conn_state_free(d);
    assert_null(current_state());
    assert_int_equal(ask("prod.example", "5432", 0), EAI_FAIL);
    struct conn_state *next = make();
    assert_null(current_state());
    current_enter(next);
    assert_ptr_equal(current_state(), next);
    conn_state_free(next);
    current_enter(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody),
        cmocka_unit_test(a_connection),
        cmocka_unit_test(left_behind),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("verify_as", tests, NULL, NULL);
}
