/* line: a line of any log, and the pgseal/1 object in it. */
#include "line.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MARK "pgseal/"

enum {
    DEPTH = 4, /* envelopes in envelopes: a journal line that a shipper read from docker's file */
    LONG = 64 * 1024, /* what is longer and shows no sign of pgseal is not parsed */
    BRACES = 8,       /* how many opening braces a prefix may have */
};

static bool has_mark(const char *s, size_t n)
{
    return memmem(s, n, MARK, strlen(MARK)) != NULL;
}

static json_t *find(json_t *object, unsigned depth, const char **reason);

/* Finds the object in an envelope's text: it begins at one of the braces, and ends at its own
 * end. */
static json_t *find_in_text(const char *s, size_t n, unsigned depth, const char **reason)
{
    const char *at = s;
    const char *end = s + n;
    json_t *event = NULL;
    for (unsigned i = 0; event == NULL && i < BRACES; i++) {
        at = at < end ? memchr(at, '{', (size_t)(end - at)) : NULL;
        if (at == NULL) {
            break;
        }
        json_t *object = json_loadb(at, (size_t)(end - at), 0, NULL);
        if (object != NULL) {
            event = find(object, depth, reason);
            json_decref(object);
            break;
        }
        at++;
    }
    return event;
}

/* journald writes a message that it takes for binary data as an array of bytes. */
static json_t *find_in_bytes(json_t *array, unsigned depth, const char **reason)
{
    size_t n = json_array_size(array);
    char *bytes = malloc(n + 1);
    json_t *event = NULL;
    if (bytes == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)json_integer_value(json_array_get(array, i));
    }
    event = find_in_text(bytes, n, depth, reason);
    free(bytes);
    return event;
}

/* The event that this object is or holds, as a new reference; NULL: none. */
static json_t *find(json_t *object, unsigned depth, const char **reason)
{
    /* docker and CRI's shippers; journald; Vector, Fluentd, rsyslog; OpenTelemetry; ECS. */
    static const char *const holders[] = {"log", "MESSAGE", "message", "msg", "body", "event"};
    const char *schema = json_string_value(json_object_get(object, "schema"));
    if (schema != NULL && strcmp(schema, "pgseal/1") == 0) {
        return json_incref(object);
    }
    if (schema != NULL && strncmp(schema, MARK, strlen(MARK)) == 0) {
        *reason = "a schema unknown to this version";
        return NULL;
    }
    json_t *event = NULL;
    for (size_t i = 0; depth > 0 && event == NULL && i < sizeof holders / sizeof *holders; i++) {
        json_t *value = json_object_get(object, holders[i]);
        if (json_is_object(value)) {
            event = find(value, depth - 1, reason);
        } else if (json_is_string(value) &&
                   has_mark(json_string_value(value), json_string_length(value))) {
            *reason = "the text inside is not complete JSON";
            event = find_in_text(json_string_value(value), json_string_length(value), depth - 1,
                                 reason);
        } else if (json_is_array(value)) {
            event = find_in_bytes(value, depth - 1, reason);
        }
    }
    return event;
}

/* Whether this may be the end of a torn line: it contains a key of JSON, and more closing than
 * opening braces. */
static bool looks_torn(const char *s, size_t n)
{
    size_t opened = 0;
    size_t closed = 0;
    for (size_t i = 0; i < n; i++) {
        opened += s[i] == '{';
        closed += s[i] == '}';
    }
    return closed > opened && memmem(s, n, "\":", 2) != NULL;
}

enum line_kind line_parse(const char *s, size_t n, json_t **event, const char **reason)
{
    *event = NULL;
    *reason = NULL;
    while (n > 0 && isspace((unsigned char)s[n - 1])) {
        n--;
    }
    while (n > 0 && isspace((unsigned char)*s)) {
        s++;
        n--;
    }
    if (n == 0) {
        return LINE_OTHER;
    }
    if (n > LONG && !has_mark(s, n)) {
        return LINE_OTHER;
    }
    if (*s == '{') {
        json_t *object = json_loadb(s, n, 0, NULL);
        *event = object != NULL ? find(object, DEPTH, reason) : NULL;
        json_decref(object);
        if (object == NULL) {
            *reason = "not complete JSON";
        }
    } else if (has_mark(s, n)) {
        *reason = "no complete JSON after the prefix";
        *event = find_in_text(s, n, DEPTH, reason);
    } else if (looks_torn(s, n)) {
        *reason = "the end of a torn line";
    }
    if (*event != NULL) {
        *reason = NULL;
        return LINE_EVENT;
    }
    return *reason != NULL ? LINE_BROKEN : LINE_OTHER;
}
