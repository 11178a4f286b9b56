/* event_line: a line formatted and looked at, for the tests of the event. */
#ifndef PGSEAL_TEST_EVENT_LINE_H
#define PGSEAL_TEST_EVENT_LINE_H

#include "lib/core/event/event.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FFFD "\xEF\xBF\xBD" /* what stands for a byte that is no UTF-8 */

static char line[EVENT_LINE_MAX + 2];

/* Formats e into line, which gets a NUL; a guard byte behind the buffer must stay. */
static inline size_t format(const struct event *e)
{
    size_t n;

    memset(line, '#', sizeof line);
    errno = 4711;
    n = event_format(e, line);
    assert_int_equal(errno, 4711);
    assert_in_range(n, 2, EVENT_LINE_MAX);
    assert_int_equal(line[EVENT_LINE_MAX], '#');
    assert_int_equal(line[n - 1], '\n');
    line[n] = '\0';
    assert_int_equal(strlen(line), n);
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    return n;
}

static inline void assert_has(const char *part)
{
    if (strstr(line, part) == NULL) {
        fail_msg("%s lacks %s", line, part);
    }
}

static inline void assert_lacks(const char *part)
{
    if (strstr(line, part) != NULL) {
        fail_msg("%s has %s", line, part);
    }
}

#endif
