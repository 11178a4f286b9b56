/* stretch: long inputs out of short ones: the bytes \2 N C stand for C so many times as one of
 * pgseal's buffers is long, or up to two more or fewer. */
#ifndef PGSEAL_FUZZ_STRETCH_H
#define PGSEAL_FUZZ_STRETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes N stands for. */
static inline size_t stretch_length(uint8_t n)
{
    static const size_t ends[] = {16,   64,   107,  128,  255,  256,  512,   1023,
                                  1024, 1025, 2048, 4095, 4096, 8192, 16379, 16384};
    return ends[n % 16] + n / 16 % 5 - 2;
}

/* The stretched input in new memory, a NUL behind it; at most 128 KiB become of it. */
static inline char *stretch(const uint8_t *data, size_t size, size_t *len)
{
    enum { MOST = 1 << 17 };
    size_t room = 1;
    for (size_t i = 0; i < size; i++) {
        bool marked = data[i] == 2 && size - i > 2;
        size_t n = marked ? stretch_length(data[i + 1]) : 1;
        room += room + n <= MOST ? n : 0;
        i += marked ? 2 : 0;
    }
    char *out = malloc(room);
    if (out == NULL) {
        abort();
    }
    *len = 0;
    for (size_t i = 0; i < size; i++) {
        bool marked = data[i] == 2 && size - i > 2;
        size_t n = marked ? stretch_length(data[i + 1]) : 1;
        i += marked ? 2 : 0;
        if (*len + n < room) {
            memset(out + *len, data[i], n);
            *len += n;
        }
    }
    out[*len] = '\0';
    return out;
}

#endif
