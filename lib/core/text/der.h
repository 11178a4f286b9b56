/* der: steps through DER elements in memory. */
#ifndef PGSEAL_DER_H
#define PGSEAL_DER_H

#include <stdbool.h>
#include <stddef.h>

enum der_tag {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_T61_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_TIME = 0x18,
    DER_VISIBLE_STRING = 0x1a,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_TAG_0 = 0xa0,
};

/* The bytes from at to end are still to be read. */
struct der {
    const unsigned char *at;
    const unsigned char *end;
};

/* Reads one element with a low tag and a definite length, and advances d past it. Returns its tag,
 * and its contents in *content. Returns -1, and leaves d as it was, if there is none. Pure. */
int der_next(struct der *d, struct der *content);

/* The same for an element that must have this tag; content may be NULL. */
bool der_take(struct der *d, int tag, struct der *content);

#endif
