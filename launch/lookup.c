/* lookup: execvp(3)'s search along PATH, without executing. */
#include "launch/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int lookup_executable(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return EACCES;
    }
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int lookup(const char *name, char *path, size_t size)
{
    if (name[0] == '\0') {
        return ENOENT;
    }
    if (strchr(name, '/') != NULL) {
        /* The path goes to the loader's command line too, where a leading '-' would be an
         * option. */
        int n = snprintf(path, size, "%s%s", name[0] == '-' ? "./" : "", name);
        return n < 0 || (size_t)n >= size ? ENAMETOOLONG : lookup_executable(path);
    }
    const char *list = getenv("PATH");
    if (list == NULL) {
        list = "/bin:/usr/bin"; /* _CS_PATH */
    }
    int result = ENOENT;
    for (const char *start = list;; start++) {
        size_t length = strcspn(start, ":");
        int n = snprintf(path, size, "%s%.*s/%s",
                         length == 0       ? "."
                         : start[0] == '-' ? "./"
                                           : "",
                         (int)length, start, name);
        int fault = n < 0 || (size_t)n >= size ? ENAMETOOLONG : lookup_executable(path);
        if (fault == 0) {
            return 0;
        }
        if (fault == EACCES) {
            result = EACCES; /* reported only when no later directory has it */
        }
        start += length;
        if (*start == '\0') {
            return result;
        }
    }
}
