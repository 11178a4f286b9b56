/* find_object: the places to look in, for the launcher and the tool. */
#include "lib/os/find_object.h"

#include "lib/core/text/strbuf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool try_path(const char *directory, size_t length, const char *name, bool resolve,
                     char *buf)
{
    char path[PATH_MAX];
    struct strbuf t;
    strbuf_init(&t, path, sizeof path);
    strbuf_addn(&t, directory, length);
    strbuf_add(&t, "/", name);
    if (t.cut || access(path, F_OK) != 0) {
        return false;
    }
    /* Without "..": people read this path in logs and in LD_PRELOAD. */
    return resolve ? realpath(path, buf) != NULL : strbuf_copy(buf, PATH_MAX, path);
}

bool find_object(const char *own, const char *libdir, char *buf)
{
    static const char *const beside[] = {"libpgseal.so", "../lib/libpgseal.so",
                                         "../lib/pgseal/libpgseal.so"};
    const char *const installed[] = {libdir, "/usr/local/lib", "/usr/lib", "/usr/lib/pgseal"};
    const char *slash = strrchr(own, '/');
    for (size_t i = 0; slash != NULL && i < ARRAY_LEN(beside); i++) {
        if (try_path(own, (size_t)(slash - own), beside[i], i > 0, buf)) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(installed); i++) {
        if (try_path(installed[i], strlen(installed[i]), "libpgseal.so", false, buf)) {
            return true;
        }
    }
    return false;
}
