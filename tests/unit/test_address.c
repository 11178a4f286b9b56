/* test_address: literals are read as this libc's getaddrinfo(3) reads them. */
#include "lib/core/text/address.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* What the libc makes of a literal that its getaddrinfo takes as numbers, or false. */
static bool libc_text(const char *s, char out[INET6_ADDRSTRLEN])
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(s, "1", &hints, &found) != 0) {
        return false;
    }
    if (found->ai_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)found->ai_addr;
        inet_ntop(AF_INET, &a->sin_addr, out, INET6_ADDRSTRLEN);
    } else {
        const struct sockaddr_in6 *a = (const void *)found->ai_addr;
        if (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr)) {
            inet_ntop(AF_INET, a->sin6_addr.s6_addr + 12, out, INET6_ADDRSTRLEN);
        } else {
            inet_ntop(AF_INET6, &a->sin6_addr, out, INET6_ADDRSTRLEN);
        }
    }
    freeaddrinfo(found);
    return true;
}

/* 300,000 strings from the alphabet of addresses: ours and getaddrinfo's reading are the same. */
static void as_the_libc(void **state)
{
    static const char *const pieces[] = {"0",  "1",  "255",  "256",   "0x",      "0x7f", "017",
                                         "08", "ff", "FFFF", "10000", ".",       ".",    ".",
                                         ":",  ":",  "::",   "db8",   "1.2.3.4", "x"};
    uint32_t seed = 20260101;
    unsigned literals = 0;
    (void)state;
    for (int round = 0; round < 300000; round++) {
        char s[128] = "";
        char ours[ADDRESS_MAX];
        char theirs[INET6_ADDRSTRLEN];
        size_t n = 1 + (seed >> 8) % 15;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            strcat(s, pieces[(seed >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        bool is = libc_text(s, theirs);
        if (address_text(s, strlen(s), ours) != is) {
            fail_msg("\"%s\" is %s literal to getaddrinfo", s, is ? "a" : "no");
        }
        if (is) {
            literals++;
            ROW_STRING(s, ours, theirs);
        }
    }
    assert_true(literals > 5000);
}

/* And all 256 patterns of zero and other words, for where "::" goes. */
static void zero_runs(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 256; mask++) {
        char s[64] = "";
        char ours[ADDRESS_MAX];
        char theirs[INET6_ADDRSTRLEN];
        for (unsigned i = 0; i < 8; i++) {
            sprintf(s + strlen(s), "%s%x", i > 0 ? ":" : "", mask >> i & 1 ? 0x10 * i + 1 : 0);
        }
        assert_true(libc_text(s, theirs));
        ROW_TRUE(s, address_text(s, strlen(s), ours));
        ROW_STRING(s, ours, theirs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_libc),
        cmocka_unit_test(zero_runs),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
