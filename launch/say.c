/* say: the launcher's messages. */
#include "launch/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write(2) per line, so that another process's output cannot come in between. */
__attribute__((format(printf, 2, 0))) static void say(const char *prefix, const char *format,
                                                      va_list arguments)
{
    char line[8192];
    size_t room = sizeof(line) - 1; /* room for the newline */
    size_t length = (size_t)snprintf(line, room, "pgseal-run: %s", prefix);
    int n = vsnprintf(line + length, room - length, format, arguments);
    if (n > 0) {
        length += (size_t)n < room - length ? (size_t)n : room - length - 1;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        return; /* standard error cannot be written; the exit status still tells */
    }
}

void refuse(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
    exit(status);
}

void warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}
