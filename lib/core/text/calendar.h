/* calendar: dates of the Gregorian calendar as days since 1970-01-01. */
#ifndef PGSEAL_CALENDAR_H
#define PGSEAL_CALENDAR_H

#include <stdint.h>

/* Both are pure, keep errno and take the years 1 to 9999. */

/* The days since 1970-01-01 of a date that there is. */
int64_t calendar_days(int year, int month, int day);

/* The date of that day. */
void calendar_date(int64_t days, int *year, int *month, int *day);

/* The days of a month, 1 to 12. */
int calendar_month_days(int year, int month);

#endif
