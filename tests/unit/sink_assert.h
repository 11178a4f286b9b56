/* sink_assert: what must hold of a process that logged, and of what it wrote. */
#ifndef PGSEAL_TEST_SINK_ASSERT_H
#define PGSEAL_TEST_SINK_ASSERT_H

#define _GNU_SOURCE
#include "sink_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The process ended by itself and nothing of it has changed but the log. */
static inline void assert_unharmed(int status)
{
    assert_int_equal(status, 0);
    assert_true(seen->done);
    assert_int_equal(seen->errno_lost, 0);
    assert_int_equal(seen->mask_changed, 0);
    assert_int_equal(seen->descriptors_changed, 0);
    assert_int_equal(seen->flags_changed, 0);
    assert_int_equal(seen->pending, 0);
}

static inline void run_unharmed(void (*body)(void))
{
    assert_unharmed(run(body));
}

static inline void assert_sent(const char *expected)
{
    char sent[SENT_MAX + 1] = "";

    for (int i = 0; i < seen->calls; i++) {
        sent[i] = seen->sent[i] ? 'y' : 'n';
    }
    assert_string_equal(sent, expected);
}

/* One line stands in s from `from`, whole, with this reason and count of lost lines; returns where
 * the next begins. */
static inline const char *assert_line(const char *from, const char *reason, unsigned lost)
{
    const char *end = strchr(from, '\n');
    char tail[160];

    snprintf(tail, sizeof tail,
             lost > 0 ? ",\"reason\":\"%s\",\"lost\":%u}" : ",\"reason\":\"%s\"}", reason, lost);
    assert_non_null(end);
    assert_memory_equal(from, "{\"schema\":\"pgseal/1\",", 21);
    assert_true((size_t)(end - from) > strlen(tail));
    assert_memory_equal(end - strlen(tail), tail, strlen(tail));
    return end + 1;
}

/* The line before the first that is handed over: why. Returns where the next begins. */
static inline const char *assert_why(const char *from, const char *log, const char *reason)
{
    const char *end = strchr(from, '\n');
    char expected[512];

    assert_non_null(end);
    snprintf(expected, sizeof expected,
             "\"reason\":\"log = %s: %s; log lines go to standard error instead, or to syslog if "
             "that fails\"",
             log, reason);
    assert_non_null(strstr(from, "\"event\":\"process\""));
    assert_non_null(strstr(from, expected));
    assert_true(strstr(from, expected) < end);
    return end + 1;
}

static inline void assert_only_line(char *s, const char *reason, unsigned lost)
{
    assert_string_equal(assert_line(s, reason, lost), "");
    free(s);
}

static inline void assert_content(char *s, const char *expected)
{
    assert_string_equal(s, expected);
    free(s);
}

static inline void fill(int fd)
{
    static const char block[4096];
    int flags = fcntl(fd, F_GETFL);

    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0 || write(fd, block, 1) > 0) {
        ;
    }
    fcntl(fd, F_SETFL, flags);
}
#endif
