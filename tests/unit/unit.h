/* unit: what every unit test includes: cmocka with the headers it wants before it, and TAP. */
#ifndef PGSEAL_UNIT_H
#define PGSEAL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Names the row at hand where a table's row fails. */
#define ROW_TRUE(row, what)                                                                        \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fail_msg("row \"%s\": %s", (row), #what);                                              \
        }                                                                                          \
    } while (0)

#define ROW_STRING(row, got, wanted)                                                               \
    do {                                                                                           \
        const char *got_ = (got);                                                                  \
        const char *wanted_ = (wanted);                                                            \
        if ((got_ == NULL) != (wanted_ == NULL) || (got_ != NULL && strcmp(got_, wanted_) != 0)) { \
            fail_msg("row \"%s\": got \"%s\", wanted \"%s\"", (row), got_ ? got_ : "(null)",       \
                     wanted_ ? wanted_ : "(null)");                                                \
        }                                                                                          \
    } while (0)

#endif
