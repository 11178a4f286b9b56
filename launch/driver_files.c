/* driver_files: NODE_EXTRA_CA_CERTS and pgjdbc. */
#include "launch/driver_files.h"

#include "launch/lookup.h"
#include "launch/say.h"
#include "launch/scratch.h"
#include "lib/core/text/pem.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOTS_MAX = 4 << 20 };

/* Reads a file that holds certificates and nothing else. Returns its bytes (malloc'ed), or NULL
 * with why in *reason. */
static char *read_roots(const char *path, size_t *len, const char **reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    char *bytes = NULL;
    if (fd < 0 || fstat(fd, &st) != 0) {
        *reason = sys_error(errno);
    } else if (!S_ISREG(st.st_mode)) {
        *reason = "not a regular file";
    } else if ((bytes = sys_read_file(fd, ROOTS_MAX, false, len)) == NULL) {
        *reason = sys_error(errno);
    } else {
        void *blocks = malloc(*len + 1);
        *reason =
            blocks == NULL ? "no memory" : pem_read(bytes, *len, PEM_CERTIFICATES, blocks, NULL);
        free(blocks);
        if (*reason != NULL) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return bytes;
}

/* Writes both files' certificates into one, whose path goes to buf; in a dry run only looks whether
 * they can be joined. Returns NULL, or why not. */
static const char *join(bool dry_run, const char *root, const char *other, char *buf, size_t size)
{
    const char *reason = NULL;
    size_t root_len = 0;
    size_t other_len = 0;
    char *first = read_roots(root, &root_len, &reason);
    char *second = first != NULL ? read_roots(other, &other_len, &reason) : NULL;
    char *both = second != NULL ? malloc(root_len + 1 + other_len) : NULL;
    if (both != NULL) {
        memcpy(both, first, root_len);
        both[root_len] = '\n';
        memcpy(both + root_len + 1, second, other_len);
        reason = dry_run ? NULL
                         : scratch_write("roots", "roots.pem", both, root_len + 1 + other_len, buf,
                                         size);
    } else if (reason == NULL) {
        reason = "no memory";
    }
    free(first);
    free(second);
    free(both);
    return reason;
}

void driver_extra_root(const struct changes *c, const char *name, const char *root,
                       const char *reason)
{
    const char *old = getenv(name);
    if (old == NULL || old[0] == '\0' || strcmp(old, root) == 0) {
        change_variable(c, name, root, NULL);
        return;
    }
    char path[PATH_MAX] = "(a file that holds both)";
    const char *fault = join(c->dry_run, root, old, path, sizeof path);
    if (fault == NULL) {
        change_variable(c, name, path, NULL);
        return;
    }
    char text[1024];
    snprintf(text, sizeof text,
             "its roots cannot be combined with the policy's and are left out: %s; %s", fault,
             reason);
    change_variable(c, name, root, text);
}

/* Appends "key=value\n" with the value escaped as java.util.Properties reads it. Returns false if
 * it holds what would need Java's own encoding. */
static bool add_property(struct strbuf *t, const char *key, const char *value)
{
    strbuf_add(t, key);
    strbuf_add(t, "=");
    for (const char *s = value; *s != '\0'; s++) {
        if (*s < ' ' || *s > '~') {
            return false;
        }
        strbuf_add(t, *s == '\\' ? "\\" : "");
        strbuf_addn(t, s, 1);
    }
    strbuf_add(t, "\n");
    return !t->cut;
}

/* Writes the properties; the directory goes to buf. Returns NULL, or why not. */
static const char *write_properties(const char *root, char *buf, size_t size)
{
    static const char file[] = "org/postgresql/driverconfig.properties";
    char text[2 * PATH_MAX];
    struct strbuf t;
    strbuf_init(&t, text, sizeof text);
    strbuf_add(&t, "sslmode=verify-full\ngssEncMode=disable\n");
    if (root != NULL && !add_property(&t, "sslrootcert", root)) {
        return "the root's path is not plain ASCII";
    }
    const char *reason = scratch_write("jdbc", file, text, t.len, buf, size);
    if (reason == NULL) {
        buf[strlen(buf) - sizeof file] = '\0'; /* the file's name and the slash before it */
    }
    return reason;
}

static bool has_java(void)
{
    char path[PATH_MAX];
    const char *home = getenv("JAVA_HOME");
    return (home != NULL && home[0] != '\0') || lookup("java", path, sizeof path) == 0;
}

void driver_java(const struct changes *c, const char *name, const char *root)
{
    char directory[PATH_MAX] = "(pgjdbc's defaults)";
    const char *reason = c->dry_run ? NULL : write_properties(root, directory, sizeof directory);
    if (reason != NULL) {
        if (has_java()) {
            warn("pgjdbc is not asked for verification: %s", reason);
        }
        return;
    }
    char option[PATH_MAX + 32];
    snprintf(option, sizeof option, "-Xbootclasspath/a:%s", directory);
    const char *old = getenv(name);
    if (old == NULL || old[0] == '\0') {
        change_variable(c, name, option, NULL);
    } else if (strstr(old, option) == NULL) {
        size_t size = strlen(old) + 1 + sizeof option;
        char *value = malloc(size);
        if (value == NULL) {
            refuse(STATUS_REFUSED, "no memory");
        }
        snprintf(value, size, "%s %s", old, option);
        change_variable(c, name, value, NULL);
        free(value);
    }
}
