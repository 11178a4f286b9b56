/* when: times of logs and options, as milliseconds since 1970-01-01 UTC. */
#include "when.h"

#include "lib/core/event/event.h"
#include "lib/core/policy/policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Takes n digits whose number is at most max. */
static bool digits(const char **s, unsigned n, unsigned max, int64_t *value)
{
    *value = 0;
    for (; n > 0; n--, (*s)++) {
        if (!isdigit((unsigned char)**s)) {
            return false;
        }
        *value = *value * 10 + (**s - '0');
    }
    return *value <= max;
}

/* 03:39, 03:39:00, 03:39:00.123 */
static bool time_of_day(const char **s, int64_t *ms)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    if (!digits(s, 2, 23, &hour) || *(*s)++ != ':' || !digits(s, 2, 59, &minute)) {
        return false;
    }
    if (**s == ':') {
        (*s)++;
        if (!digits(s, 2, 60, &second)) {
            return false;
        }
    }
    *ms = ((hour * 60 + minute) * 60 + second) * 1000;
    if (**s == '.') {
        (*s)++;
        for (int64_t unit = 100; isdigit((unsigned char)**s); unit /= 10, (*s)++) {
            *ms += (**s - '0') * unit;
        }
    }
    return true;
}

static bool offset(const char **s, int64_t *ms)
{
    int64_t hour = 0;
    int64_t minute = 0;
    *ms = 0;
    if (**s == 'Z' || **s == 'z') {
        (*s)++;
    } else if (**s == '+' || **s == '-') {
        int sign = *(*s)++ == '+' ? 1 : -1;
        if (!digits(s, 2, 23, &hour)) {
            return false;
        }
        *s += **s == ':';
        if (!digits(s, 2, 59, &minute)) {
            return false;
        }
        *ms = sign * (hour * 60 + minute) * 60000;
    }
    return true;
}

bool when_parse(const char *s, int64_t *ms)
{
    char date[sizeof "2026-11-24"];
    int64_t of_day = 0;
    int64_t zone = 0;
    if (strnlen(s, sizeof date) < sizeof date - 1) {
        return false;
    }
    memcpy(date, s, sizeof date - 1);
    date[sizeof date - 1] = '\0';
    int32_t day = policy_day(date);
    s += sizeof date - 1;
    if (day == INT32_MIN) {
        return false;
    }
    if (*s == 'T' || *s == 't' || *s == ' ') {
        s++;
        if (!time_of_day(&s, &of_day) || !offset(&s, &zone)) {
            return false;
        }
    }
    *ms = day * DAY_MS + of_day - zone;
    return *s == '\0';
}

bool when_option(const char *s, int64_t now, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', 60000}, {'h', 3600000}, {'d', DAY_MS}, {'w', 7 * DAY_MS}};
    char *end = NULL;
    long n = isdigit((unsigned char)*s) ? strtol(s, &end, 10) : -1;
    for (size_t i = 0; n >= 0 && n < 100000 && i < sizeof units / sizeof *units; i++) {
        if (end[0] == units[i].unit && end[1] == '\0') {
            *ms = now - n * units[i].ms;
            return true;
        }
    }
    return when_parse(s, ms);
}

int64_t when_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void when_rfc3339(int64_t ms, char buf[25])
{
    event_time(ms, buf, 25);
}

void when_short(int64_t ms, char buf[17])
{
    char full[25];
    event_time(ms, full, sizeof full);
    full[10] = ' ';
    memcpy(buf, full, 16);
    buf[16] = '\0';
}
