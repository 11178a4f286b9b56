/* preload: makes LD_PRELOAD, and warns about other preloads that come before the object or define
 * functions of libpq. */
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
 * than a path is left out: no dynamic linker could open it. */
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

/* Whether this is AddressSanitizer's runtime, by gcc's or clang's name for it. */
static bool is_sanitizer(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    return strncmp(name, "libasan.so", 10) == 0 || strncmp(name, "libclang_rt.asan", 16) == 0;
}

static void add_entry(char *value, size_t size, const char *entry)
{
    size_t length = strlen(value);
    int n = snprintf(value + length, size - length, "%s%s", length > 0 ? ":" : "", entry);
    if (n < 0 || (size_t)n >= size - length) {
        refuse(STATUS_REFUSED, "LD_PRELOAD is too long");
    }
}

/* If the object is already in LD_PRELOAD: copies that entry, as an absolute path, into o. A
 * relative one would mean another file after the program changed its directory. */
static bool find_own(struct object *o, const char *list, bool *relative)
{
    char entry[PATH_MAX];
    char first[PATH_MAX] = "";
    while (next_entry(&list, entry, sizeof(entry))) {
        if (is_object(o, entry)) {
            if (first[0] != '\0') {
                warn("LD_PRELOAD: %s comes before %s", first, entry);
            }
            *relative = entry[0] != '/';
            const char *start = entry;
            while (strncmp(start, "./", 2) == 0) {
                start += 2;
            }
            make_absolute(o->path, sizeof(o->path), start, "LD_PRELOAD:");
            return true;
        }
        if (first[0] == '\0' && !is_sanitizer(entry)) {
            strbuf_copy(first, sizeof(first), entry);
        }
    }
    return false;
}

void preload_set(struct object *o)
{
    static char value[256 * 1024]; /* the kernel accepts no variable above 128 KiB */
    const char *old = getenv("LD_PRELOAD");
    const char *cursor = old != NULL ? old : "";
    char entry[PATH_MAX];
    bool relative = false;
    bool there = find_own(o, cursor, &relative);
    bool put = there;
    if (there && !relative) {
        return;
    }
    while (next_entry(&cursor, entry, sizeof(entry))) {
        if (!put && !is_sanitizer(entry)) {
            add_entry(value, sizeof(value), o->path);
            put = true;
        }
        add_entry(value, sizeof(value), there && is_object(o, entry) ? o->path : entry);
    }
    if (!put) {
        add_entry(value, sizeof(value), o->path);
    }
    if (setenv("LD_PRELOAD", value, 1) != 0) {
        refuse(STATUS_REFUSED, "LD_PRELOAD cannot be set: %s", strerror(errno));
    }
}

/* Reads /etc/ld.so.preload, without its comments; false if there is none. */
static bool read_listed(char *text, size_t size)
{
    int fd = open("/etc/ld.so.preload", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    for (char *at = text; (at = strchr(at, '#')) != NULL;) {
        memset(at, ' ', strcspn(at, "\n"));
    }
    return n > 0;
}

bool preload_listed(struct object *o)
{
    char text[8192];
    char entry[PATH_MAX];
    const char *cursor = text;
    bool found = false;
    if (!read_listed(text, sizeof(text))) {
        return false;
    }
    while (!found && next_entry(&cursor, entry, sizeof(entry))) {
        struct elf e;
        struct stat st;
        int fd = entry[0] == '/' ? open(entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
        if (fd < 0) {
            continue;
        }
        bool is_elf = elf_open(&e, fd) == ELF_OK;
        const char *version = is_elf ? elf_pgseal_version(&e) : NULL;
        found = version != NULL && strcmp(version, PGSEAL_VERSION) == 0 && fstat(fd, &st) == 0;
        if (found) {
            strbuf_copy(o->path, sizeof(o->path), entry);
            o->device = st.st_dev;
            o->inode = st.st_ino;
        }
        elf_close(&e);
        close(fd);
    }
    return found;
}

void preload_judge_sanitizer(const char *list)
{
    const char *options = getenv("ASAN_OPTIONS");
    const char *preload = getenv("LD_PRELOAD");
    const char *cursor = preload != NULL ? preload : "";
    char entry[PATH_MAX] = "";
    if ((next_entry(&cursor, entry, sizeof(entry)) && is_sanitizer(entry)) ||
        (options != NULL && strstr(options, "verify_asan_link_order=0") != NULL)) {
        return;
    }
    /* "\tlibasan.so.8 => /usr/lib/…/libasan.so.8 (0x…)" */
    for (const char *line = list; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        char text[PATH_MAX];
        snprintf(text, sizeof(text), "%.*s", (int)length, line);
        char *end = strstr(text, " (0x");
        char *path = strchr(text, '/');
        if (end != NULL && path != NULL && path < end) {
            *end = '\0';
            if (is_sanitizer(path)) {
                refuse(STATUS_REFUSED,
                       "the program needs AddressSanitizer's runtime, which must come before "
                       "libpgseal.so; start it with LD_PRELOAD=%s pgseal-run …",
                       path);
            }
        }
        line += length;
        line += *line == '\n';
    }
}

/* Copies the path that the dynamic linker found for a name without a slash, from its list: "\tNAME
 * => PATH (0x…)". */
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
        return; /* the dynamic linker does not find it either, and reports that */
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
    char text[8192];
    judge_list(o, value != NULL ? value : "", list);
    if (read_listed(text, sizeof(text))) {
        judge_list(o, text, list);
    }
}
