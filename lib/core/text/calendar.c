/* calendar: dates of the Gregorian calendar as days since 1970-01-01. Years are counted from March,
 * so that they end with the leap day. */
#include "lib/core/text/calendar.h"

enum { EPOCH = 719468, ERA = 146097 }; /* days from 0000-03-01 to 1970-01-01; days of 400 years */

int64_t calendar_days(int year, int month, int day)
{
    int64_t y = month < 3 ? year - 1 : year;
    int64_t of_year = (153 * (month < 3 ? month + 9 : month - 3) + 2) / 5 + day - 1;
    return y / 400 * ERA + y % 400 * 365 + y % 400 / 4 - y % 400 / 100 + of_year - EPOCH;
}

void calendar_date(int64_t days, int *year, int *month, int *day)
{
    int64_t since = days + EPOCH;
    int64_t of_era = since % ERA;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153; /* from March */
    *year = (int)(y + since / ERA * 400 + (m >= 10));
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
}

int calendar_month_days(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 ? leap : 0);
}
