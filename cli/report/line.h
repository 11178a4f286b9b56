/* line: a line of any log, and the pgseal/1 object in it: as it is, behind a prefix, or inside the
 * JSON of journald, docker and shippers. */
#ifndef PGSEAL_CLI_REPORT_LINE_H
#define PGSEAL_CLI_REPORT_LINE_H

#include <jansson.h>
#include <stddef.h>

enum line_kind {
    LINE_EVENT,  /* a line of pgseal's log */
    LINE_OTHER,  /* some other program's line, or a blank one */
    LINE_BROKEN, /* a line of pgseal's that cannot be read, or incomplete JSON */
};

/* Reads n bytes without their newline, which need not end in a NUL. For LINE_EVENT *event is an
 * object that is the caller's to drop, and whose "schema" is pgseal/1; else it is NULL. For
 * LINE_BROKEN *reason is a static text. Pure: no I/O, no state. */
enum line_kind line_parse(const char *s, size_t n, json_t **event, const char **reason);

#endif
