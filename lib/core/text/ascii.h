/* ascii: characters, whatever the locale. */
#ifndef PGSEAL_ASCII_H
#define PGSEAL_ASCII_H

#include <stdbool.h>

/* All are pure. */

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* isspace(3) in the C locale. */
static inline bool ascii_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value of a hexadecimal digit, or -1. */
static inline int ascii_hex(char c)
{
    char l = ascii_lower(c);
    return c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/* Whether s has a control character other than a tab. */
static inline bool ascii_control(const char *s)
{
    for (; *s != '\0'; s++) {
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f) {
            return true;
        }
    }
    return false;
}

#endif
