/* script: the kernel's rules for `#!`, and env(1)'s for what comes after it. */
#include "launch/script.h"

#include <stdio.h>
#include <string.h>

bool script_line(struct script *s, const unsigned char *bytes, size_t size)
{
    *s = (struct script){0};
    if (size < 2 || bytes[0] != '#' || bytes[1] != '!') {
        return false;
    }
    /* The kernel's buffer: the file's first bytes, then zeros. */
    char buffer[SCRIPT_LINE_MAX] = "";
    memcpy(buffer, bytes, size < sizeof(buffer) ? size : sizeof(buffer));
    char *start = buffer + 2;
    char *limit = buffer + sizeof(buffer);
    char *end = memchr(start, '\n', (size_t)(limit - start));
    bool whole = end != NULL || memchr(start, '\0', (size_t)(limit - start)) != NULL;
    if (end == NULL) {
        end = limit - 1;
    }
    *end = '\0';
    start += strspn(start, " \t");
    size_t length = strcspn(start, " \t");
    if (length == 0 || (!whole && start[length] == '\0')) {
        return false; /* nothing there, or the interpreter's name is cut */
    }
    memcpy(s->interpreter, start, length);
    start += length;
    start += strspn(start, " \t");
    size_t rest = strlen(start);
    while (rest > 0 && (start[rest - 1] == ' ' || start[rest - 1] == '\t')) {
        rest--;
    }
    memcpy(s->argument, start, rest);
    return true;
}

bool script_env_name(const struct script *s, char *buf, size_t size)
{
    const char *slash = strrchr(s->interpreter, '/');
    if (strcmp(slash != NULL ? slash + 1 : s->interpreter, "env") != 0) {
        return false;
    }
    const char *name = s->argument;
    bool split = strncmp(name, "-S", 2) == 0;
    if (split) {
        name += 2;
        name += strspn(name, " \t");
    }
    size_t length = strcspn(name, " \t");
    if (length == 0 || length >= size || name[0] == '-' || (!split && name[length] != '\0') ||
        strcspn(name, "=\\'\"$#") < length) {
        return false;
    }
    snprintf(buf, size, "%.*s", (int)length, name);
    return true;
}
