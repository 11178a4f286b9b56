/* preload: composes LD_PRELOAD, and warns where another preload could get between a program and the
 * seal. */
#include "launch/preload.h"

#include "launch/say.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* glibc splits at blank and colon, musl at any white space and colon. */
#define SEPARATORS " :\t\n\v\f\r"

/* Copies the next entry of the list at *cursor into buf; returns false at its end. An entry longer
 * than a path can be is nothing that a loader could open, and is left out. */
static bool next_entry(const char **cursor, char *buf, size_t size)
{
    for (;;) {
        *cursor += strspn(*cursor, SEPARATORS);
        size_t length = strcspn(*cursor, SEPARATORS);
        if (length == 0) {
            return false;
        }
        const char *start = *cursor;
        *cursor += length;
        if (length < size) {
            memcpy(buf, start, length);
            buf[length] = '\0';
            return true;
        }
    }
}

static bool is_object(const struct object *o, const char *entry)
{
    struct stat st;
    return strcmp(entry, o->path) == 0 || (strchr(entry, '/') != NULL && stat(entry, &st) == 0 &&
                                           st.st_dev == o->device && st.st_ino == o->inode);
}

void preload_set(struct object *o)
{
    const char *old = getenv("LD_PRELOAD");
    char entry[PATH_MAX];
    char first[PATH_MAX] = "";
    const char *cursor = old != NULL ? old : "";
    while (next_entry(&cursor, entry, sizeof(entry))) {
        if (is_object(o, entry)) {
            if (first[0] != '\0') {
                warn("LD_PRELOAD: %s stands before %s", first, entry);
            }
            strbuf_copy(o->path, sizeof(o->path), entry);
            return;
        }
        if (first[0] == '\0') {
            strbuf_copy(first, sizeof(first), entry);
        }
    }
    size_t size = strlen(o->path) + 1 + (old != NULL ? strlen(old) : 0) + 1;
    char *value = malloc(size);
    if (value == NULL) {
        refuse(STATUS_REFUSED, "no memory");
    }
    snprintf(value, size, "%s%s%s", o->path, first[0] != '\0' ? ":" : "",
             first[0] != '\0' ? old : "");
    if (setenv("LD_PRELOAD", value, 1) != 0) {
        refuse(STATUS_REFUSED, "LD_PRELOAD cannot be set: %s", strerror(errno));
    }
    free(value);
}

/* Copies the file that the loader found for a name without a slash from its list: "\tNAME => PATH
 * (0x…)". */
static bool resolved(const char *list, const char *name, char *buf, size_t size)
{
    size_t length = strlen(name);
    for (const char *line = list; *line != '\0';) {
        const char *path = line + 1 + length + 4;
        if (line[0] == '\t' && strncmp(line + 1, name, length) == 0 &&
            strncmp(line + 1 + length, " => ", 4) == 0) {
            const char *end = strstr(path, " (0x");
            if (end == NULL || (size_t)(end - path) >= size) {
                return false;
            }
            memcpy(buf, path, (size_t)(end - path));
            buf[end - path] = '\0';
            return true;
        }
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}

static void judge_other(const struct object *o, const char *entry, const char *list)
{
    char path[PATH_MAX];
    if (strchr(entry, '/') != NULL) {
        strbuf_copy(path, sizeof(path), entry);
    } else if (!resolved(list, entry, path, sizeof(path))) {
        return; /* the loader does not find it either, and says so itself */
    }
    int fd = is_object(o, path) ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return;
    }
    struct elf e;
    char symbol[80];
    if (elf_open(&e, fd) == ELF_OK && elf_defines_pq(&e, symbol, sizeof(symbol))) {
        warn("%s is preloaded too and defines %s", entry, symbol);
    }
    elf_close(&e);
    close(fd);
}

static void judge_list(const struct object *o, const char *entries, const char *list)
{
    char entry[PATH_MAX];
    while (next_entry(&entries, entry, sizeof(entry))) {
        judge_other(o, entry, list);
    }
}

void preload_judge_others(const struct object *o, const char *list)
{
    const char *value = getenv("LD_PRELOAD");
    judge_list(o, value != NULL ? value : "", list);
    int fd = open("/etc/ld.so.preload", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        char text[8192];
        ssize_t n = read(fd, text, sizeof(text) - 1);
        text[n > 0 ? n : 0] = '\0';
        judge_list(o, text, list);
        close(fd);
    }
}
