/* list: libpq's comma-separated lists of hosts, addresses and ports. */
#ifndef PGSEAL_LIST_H
#define PGSEAL_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* Split as parse_comma_separated_list (fe-connect.c) does: no blank is trimmed, nothing is quoted,
 * the empty string is one empty element. All functions of this file take NULL for a list of none,
 * keep errno, allocate nothing and are async-signal-safe. */

/* The number of elements. */
size_t list_length(const char *list);

/* The i-th element from 0: its start in list, its length in *len. Past the end: "" and 0. */
const char *list_element(const char *list, size_t i, size_t *len);

/* Whether an element is empty; false for a list of none. */
bool list_has_empty(const char *list);

/* Copies the i-th element into out; returns false if it was cut. */
bool list_copy(const char *list, size_t i, char *out, size_t size);

#endif
