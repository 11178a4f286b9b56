/* safe: text from outside, made safe to print. */
#include "cli/lib/safe.h"

#include "cli/lib/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the printable UTF-8 sequence at s, or 0 if there is none. */
static size_t sequence(const unsigned char *s)
{
    if (s[0] < 0x80) {
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    }
    size_t n = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
               : (s[0] & 0xf0) == 0xe0       ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) {
        return 0; /* C1 controls: some terminals obey them */
    }
    if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) {
        return 0;
    }
    if (n == 3 && s[0] == 0xe2 &&
        ((s[1] == 0x80 && ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
         (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9))) {
        return 0; /* writing direction, no width, line ends: they make a name look like another */
    }
    if (n == 2 && s[0] == 0xd8 && s[1] == 0x9c) {
        return 0; /* the Arabic letter mark: direction as well */
    }
    if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) {
        return 0;
    }
    return n;
}

char *term_safe(const char *s)
{
    size_t len = strlen(s);
    char *safe = xmalloc(4 * len + 1);
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *)s + i;
        size_t n = sequence(p);
        if (n != 0) {
            memcpy(safe + used, s + i, n);
            used += n;
            i += n;
        } else {
            used += (size_t)sprintf(safe + used, "\\x%02x", *p);
            i++;
        }
    }
    safe[used] = '\0';
    return xrealloc(safe, used + 1);
}

void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *s = xvprintf(format, args);
    va_end(args);
    char *safe = term_safe(s);
    fprintf(stderr, "pgseal: %s\n", safe);
    free(safe);
    free(s);
}

static ssize_t write_safe(void *file, const char *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        const char *end = memchr(bytes + at, '\n', n - at);
        size_t len = end != NULL ? (size_t)(end - bytes) - at : n - at;
        char *line = xstrndup(bytes + at, len);
        char *safe = term_safe(line);
        fprintf(file, "%s%s", safe, end != NULL ? "\n" : "");
        free(safe);
        free(line);
        at += len + (end != NULL ? 1 : 0);
    }
    return (ssize_t)n;
}

void safe_stderr(void)
{
    cookie_io_functions_t functions = {.write = write_safe};
    FILE *safe = fopencookie(stderr, "w", functions);
    if (safe != NULL) {
        setvbuf(safe, NULL, _IOLBF, 0);
        stderr = safe;
    }
}
