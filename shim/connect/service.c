/* service: libpq speaks LDAP while it merely resolves a service, so somebody has to look first. */
#include "shim/connect/service.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"
#include "lib/os/trust_files.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

enum { SERVICE_MAX = 1 << 20, PATH_ROOM = 1025 };

enum look { LOOK_ABSENT, LOOK_FOUND, LOOK_REFUSED };

struct looking {
    const char *service;
    struct stanza *stanza;
    char *why;
    size_t size;
};

static enum look refuse(struct looking *l, const char *path, const char *why)
{
    struct strbuf t;
    strbuf_init(&t, l->why, l->size);
    strbuf_add(&t, "service file ");
    strbuf_add(&t, path);
    strbuf_add(&t, ": ");
    strbuf_add(&t, why);
    return LOOK_REFUSED;
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One line of the file, trimmed; tells whether the stanza goes on behind it. */
static bool ldap_line(struct looking *l, const char *line, size_t len, bool *inside, bool *found)
{
    if (len == 0 || line[0] == '#') {
        return false;
    }
    if (line[0] == '[') {
        size_t n = strlen(l->service);
        *inside = len >= n + 2 && memcmp(line + 1, l->service, n) == 0 && line[n + 1] == ']';
        *found = *found || *inside;
        return false;
    }
    if (!*inside) {
        return false;
    }
    if (len >= 4 && memcmp(line, "ldap", 4) == 0) {
        return true;
    }
    const char *equals = memchr(line, '=', len);
    struct strbuf t = {
        .buf = l->stanza->keys, .size = sizeof l->stanza->keys, .len = strlen(l->stanza->keys)};
    if (equals != NULL) {
        strbuf_addn(&t, line, (size_t)(equals - line));
        strbuf_add(&t, "\n");
    }
    return false;
}

/* Every stanza of that name is judged, though libpq stops after the first: when unsure, refuse. */
static enum look look_at(struct looking *l, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? LOOK_ABSENT
                   : refuse(l, path, sys_error(errno));
    }
    if (sys_fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return refuse(l, path,
                      "not a regular file: it could say one thing to pgseal and another to libpq");
    }
    size_t len;
    char *bytes = sys_read_file(fd, SERVICE_MAX, false, &len);
    int error = errno;
    close(fd);
    if (bytes == NULL) {
        return refuse(l, path, sys_error(error));
    }
    if (memchr(bytes, '\0', len) != NULL) { /* libpq goes on behind it with the next line */
        free(bytes);
        return refuse(l, path, "holds a NUL byte");
    }

    bool inside = false;
    bool found = false;
    bool ldap = false;
    for (size_t at = 0; at < len && !ldap;) {
        size_t end = at;
        while (end < len && bytes[end] != '\n') {
            end++;
        }
        size_t from = at;
        size_t to = end;
        while (from < to && blank(bytes[from])) {
            from++;
        }
        while (to > from && blank(bytes[to - 1])) {
            to--;
        }
        ldap = ldap_line(l, bytes + from, to - from, &inside, &found);
        at = end + 1;
    }
    free(bytes);
    if (ldap) {
        return refuse(l, path,
                      "the service asks an LDAP server, in clear, for the connection's options; "
                      "write them into the file");
    }
    return found ? LOOK_FOUND : LOOK_ABSENT;
}

/* Looks into DIR/pg_service.conf for each string in libpq's read-only memory that is an absolute
 * path: one of them is its compiled SYSCONFDIR, which no function tells. */
struct scanning {
    struct looking *looking;
    const void *base;
    enum look result;
};

static enum look try_directory(struct looking *l, const char *dir, size_t len)
{
    char path[PATH_ROOM];
    struct strbuf t;
    struct stat st;
    strbuf_init(&t, path, sizeof path);
    strbuf_addn(&t, dir, len);
    strbuf_add(&t, "/pg_service.conf");
    if (t.cut || t.len >= PATH_ROOM - 1) { /* libpq cuts it and opens another file (MAXPGPATH) */
        return refuse(l, "…", "its path is longer than libpq keeps");
    }
    return sys_stat(path, &st) != 0 ? LOOK_ABSENT : look_at(l, path);
}

static void scan_segment(struct scanning *s, const char *from, const char *end)
{
    for (const char *at = from; at < end && s->result == LOOK_ABSENT; at++) {
        if (*at != '/' || (at > from && at[-1] != '\0')) {
            continue;
        }
        const char *stop = memchr(at, '\0', (size_t)(end - at));
        if (stop == NULL) {
            return;
        }
        bool printable = stop - at < PATH_ROOM;
        for (const char *c = at; c < stop && printable; c++) {
            printable = *c > ' ' && *c < 0x7f;
        }
        if (printable) {
            s->result = try_directory(s->looking, at, (size_t)(stop - at));
        }
        at = stop;
    }
}

static int scan_object(struct dl_phdr_info *info, size_t size, void *data)
{
    struct scanning *s = data;
    bool same = false;
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        same = same || (ph->p_type == PT_DYNAMIC &&
                        (const char *)info->dlpi_addr + ph->p_vaddr == (const char *)s->base);
    }
    if (!same) {
        return 0;
    }
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
        if (ph->p_type == PT_LOAD && (ph->p_flags & (PF_R | PF_W)) == PF_R &&
            (ph->p_flags & PF_X) == 0) {
            const char *from = (const char *)info->dlpi_addr + ph->p_vaddr;
            scan_segment(s, from, from + ph->p_memsz);
        }
    }
    return 1;
}

static enum look look_in_system(struct looking *l, const void *base)
{
    const char *dir = getenv("PGSYSCONFDIR");
    if (dir != NULL) {
        return try_directory(l, dir, strlen(dir));
    }
    struct scanning s = {.looking = l, .base = base, .result = LOOK_ABSENT};
    dl_iterate_phdr(scan_object, &s);
    return s.result;
}

bool service_ok(const char *service, const char *file, int version, const void *base,
                struct stanza *stanza, char *why, size_t size)
{
    int saved = errno;
    struct looking l = {.service = service, .stanza = stanza, .why = why, .size = size};
    enum look result = LOOK_ABSENT;
    char path[PATH_ROOM];

    stanza->keys[0] = '\0';
    if (file == NULL) {
        file = getenv("PGSERVICEFILE");
    }
    if (file != NULL) {
        /* libpq cuts a longer path and opens another file (MAXPGPATH). */
        result = strlen(file) >= PATH_ROOM - 1
                     ? refuse(&l, "…", "its path is longer than libpq keeps")
                     : look_at(&l, file);
    } else if (files_home(version, path, sizeof path)) {
        struct strbuf t = {.buf = path, .size = sizeof path, .len = strlen(path)};
        strbuf_add(&t, "/.pg_service.conf");
        result = t.cut || t.len >= PATH_ROOM - 1
                     ? refuse(&l, "…", "its path is longer than libpq keeps")
                     : look_at(&l, path);
    }
    if (result == LOOK_ABSENT) {
        result = look_in_system(&l, base);
    }
    errno = saved;
    return result != LOOK_REFUSED;
}

bool service_sets(const struct stanza *stanza, const char *option)
{
    size_t n = strlen(option);
    for (const char *at = stanza->keys; (at = strstr(at, option)) != NULL; at += n) {
        if ((at == stanza->keys || at[-1] == '\n') && at[n] == '\n') {
            return true;
        }
    }
    return false;
}
