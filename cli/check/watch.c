/* watch: reads the log of a command that runs under the object, wherever it goes. */
#include "cli/check/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_MAX = 64 << 20 };

static off_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* No policy file is in force: sends the log to a temporary file. */
static char *lead_log(struct watch *w)
{
    char *directory = xstrdup("/tmp/pgseal-check.XXXXXX");
    if (mkdtemp(directory) == NULL) {
        char *reason = xprintf("%s: %s", directory, strerror(errno));
        free(directory);
        return reason;
    }
    w->directory = directory;
    w->path = xprintf("%s/log", directory);
    w->sink = "file";
    /* Workers that give up root (php-fpm) must be able to append to it. */
    int fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && fchmod(fd, 0666) == 0 && chmod(directory, 0711) == 0;
    char *reason = good ? NULL : xprintf("%s: %s", w->path, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return reason;
}

static void find_sink(struct watch *w)
{
    switch (w->policy.log) {
    case LOG_TO_FILE:
        w->sink = "file";
        w->path = xstrdup(w->policy.log_path);
        w->from = size_of(w->path);
        break;
    case LOG_TO_SYSLOG:
        w->sink = "syslog";
        break;
    case LOG_TO_NONE:
        w->sink = "none";
        break;
    case LOG_TO_STDERR:
        w->sink = "stderr";
        break;
    }
}

char *watch_start(struct watch *w, const char *policy)
{
    *w = (struct watch){.pipe = -1};
    if (policy != NULL) {
        char *absolute = realpath(policy, NULL);
        if (absolute == NULL) {
            return xprintf("%s: %s", policy, strerror(errno));
        }
        if (access(POLICY_FILE, F_OK) == 0) {
            free(absolute);
            return xstrdup(POLICY_FILE " is in force and cannot be overridden");
        }
        setenv("PGSEAL_POLICY", absolute, 1);
        free(absolute);
    }
    preview_settings(&w->settings, &w->policy, NULL);
    w->installed = w->settings.name != NULL;
    if (!w->installed) {
        return lead_log(w);
    }
    find_sink(w);
    return NULL;
}

void watch_child(const struct watch *w, int end)
{
    if (!w->installed) {
        char *sink = xprintf("file:%s", w->path);
        setenv("PGSEAL_LOG", sink, 1);
        setenv("PGSEAL_LOG_LEVEL", "all", 1);
        free(sink);
    }
    if (end >= 0) {
        dup2(end, STDERR_FILENO);
    }
}

bool watch_drain(struct watch *w)
{
    char buf[16384];
    struct pollfd p = {.fd = w->pipe, .events = POLLIN};
    while (w->pipe >= 0 && poll(&p, 1, 0) > 0) {
        ssize_t n = read(w->pipe, buf, sizeof buf);
        if (n <= 0) {
            return n < 0 && errno == EINTR;
        }
        if (w->seen.n + (size_t)n <= LOG_MAX) {
            w->seen.at = xrealloc(w->seen.at, w->seen.n + (size_t)n + 1);
            memcpy(w->seen.at + w->seen.n, buf, (size_t)n);
            w->seen.n += (size_t)n;
        }
        fwrite(buf, 1, (size_t)n, stderr);
    }
    return w->pipe >= 0;
}

static struct bytes read_file(struct watch *w)
{
    struct bytes bytes = {0};
    int fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return bytes;
    }
    /* A log that was rotated meanwhile is read from its beginning. */
    if (size_of(w->path) < w->from || lseek(fd, w->from, SEEK_SET) < 0) {
        lseek(fd, 0, SEEK_SET);
    }
    if (bytes_read(fd, LOG_MAX, &bytes) != 0) {
        bytes = (struct bytes){0};
    }
    close(fd);
    return bytes;
}

/* Adds pgseal's lines among others. */
static void add_lines(json_t *lines, const struct bytes *seen)
{
    for (size_t at = 0; at < seen->n;) {
        const char *line = seen->at + at;
        const char *end = memchr(line, '\n', seen->n - at);
        size_t n = end != NULL ? (size_t)(end - line) : seen->n - at;
        json_t *object = n > 0 && line[0] == '{' ? json_loadb(line, n, 0, NULL) : NULL;
        const char *schema = json_string_value(json_object_get(object, "schema"));
        if (schema != NULL && strcmp(schema, "pgseal/1") == 0) {
            json_array_append(lines, object);
        }
        json_decref(object);
        at += n + 1;
    }
}

char *watch_launcher(const struct watch *w)
{
    static const char name[] = "pgseal-run: ";
    static const char warning[] = "warning: ";
    char *last = NULL;
    for (size_t at = 0; at < w->seen.n;) {
        const char *line = w->seen.at + at;
        const char *end = memchr(line, '\n', w->seen.n - at);
        size_t n = end != NULL ? (size_t)(end - line) : w->seen.n - at;
        if (n > sizeof name - 1 && memcmp(line, name, sizeof name - 1) == 0 &&
            strncmp(line + sizeof name - 1, warning, sizeof warning - 1) != 0) {
            free(last);
            last = xstrndup(line + sizeof name - 1, n - (sizeof name - 1));
        }
        at += n + 1;
    }
    return last;
}

json_t *watch_end(struct watch *w)
{
    json_t *lines = json_array();
    watch_drain(w);
    if (w->path != NULL) {
        struct bytes bytes = read_file(w);
        add_lines(lines, &bytes);
        free(bytes.at);
    }
    add_lines(lines, &w->seen);
    if (w->directory != NULL && w->path != NULL) {
        unlink(w->path);
        rmdir(w->directory);
    }
    if (w->pipe >= 0) {
        close(w->pipe);
    }
    free(w->seen.at);
    free(w->path);
    free(w->directory);
    return lines;
}
