/* fuzz_line: whatever a log holds, a line of it is an event, another program's, or broken for a
 * reason; what is an event says so, and an envelope around it changes nothing. */
#include "cli/report/line.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "fuzz_line: %s\n", what);
        abort();
    }
}

/* Whether the line is the event itself, written as pgseal writes its schema. */
static int is_plain(const char *s, size_t n)
{
    json_t *object = json_loadb(s, n, 0, NULL);
    const char *schema = json_string_value(json_object_get(object, "schema"));
    int plain = schema != NULL && strcmp(schema, "pgseal/1") == 0 &&
                memmem(s, n, "pgseal/", strlen("pgseal/")) != NULL;
    json_decref(object);
    return plain;
}

/* The event in docker's JSON, whose text is this line. */
static void check_envelope(const char *s, size_t n, json_t *event)
{
    json_t *text = json_stringn(s, n);
    json_t *inside = NULL;
    const char *reason = NULL;
    if (text == NULL) {
        return; /* no UTF-8 */
    }
    json_t *docker = json_pack("{s:o, s:s}", "log", text, "stream", "stderr");
    char *line = json_dumps(docker, 0);
    check(line_parse(line, strlen(line), &inside, &reason) == LINE_EVENT, "lost in an envelope");
    check(json_equal(inside, event), "another one in an envelope");
    json_decref(inside);
    json_decref(docker);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *event = NULL;
    const char *reason = NULL;
    char *s = malloc(size + 1);
    check(s != NULL, "no memory");
    memcpy(s, data, size);
    switch (line_parse(s, size, &event, &reason)) {
    case LINE_EVENT:
        check(json_is_object(event), "no object");
        check(reason == NULL, "a reason for an event");
        if (is_plain(s, size)) {
            check_envelope(s, size, event);
        }
        break;
    case LINE_BROKEN:
        check(reason != NULL, "broken without a reason");
        check(event == NULL, "broken, with an event");
        break;
    case LINE_OTHER:
        check(event == NULL, "another program's, with an event");
        break;
    }
    json_decref(event);
    free(s);
    return 0;
}
