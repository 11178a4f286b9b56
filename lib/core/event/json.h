/* json: writes JSON into a buffer. Any bytes become valid JSON; past the buffer's end it only
 * counts. */
#ifndef PGSEAL_JSON_H
#define PGSEAL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All functions of this file keep errno, allocate nothing and are async-signal-safe. */

struct json {
    char *buf;    /* the caller's; not NUL-terminated */
    size_t size;  /* of buf */
    size_t len;   /* of the text; if it is greater than size, the text did not fit */
    size_t limit; /* most bytes that one string may take between its quotes */
    bool comma;   /* the next element needs one before it */
    size_t start; /* of the string that is being written */
    size_t mark;  /* where that string would be cut: whole characters, and room for the ellipsis */
    bool cut;     /* that string has been cut; the rest of it is dropped */
};

/* Starts an empty text on buf, which stays the caller's. limit is at least 3. */
void json_init(struct json *j, char *buf, size_t size, size_t limit);

/* Opens an object or array ('{' or '['), after a comma if there is an element before it; closes it
 * ('}' or ']'). */
void json_open(struct json *j, char bracket);
void json_close(struct json *j, char bracket);

/* Writes a key of an object, in plain ASCII; a value or an opening bracket must follow. */
void json_key(struct json *j, const char *key);

/* Writes a number. */
void json_number(struct json *j, int64_t v);
void json_unsigned(struct json *j, uint64_t v);

/* Writes a string: invalid UTF-8 (overlong forms and surrogates too: RFC 3629) becomes U+FFFD, one
 * for each byte; quotes, backslashes, control characters (C0, DEL, C1), U+2028 and U+2029 are
 * escaped. Longer than the limit, it is cut after a whole character or escape, and ends in
 * U+2026. */
void json_text(struct json *j, const char *s);

/* The same in pieces. A UTF-8 sequence must not be split between two of them. */
void json_string_begin(struct json *j);
void json_string_add(struct json *j, const char *s, size_t n);
void json_string_end(struct json *j);

#endif
