/* dial: answers the name look-up of a verify_as connection, and carries the old name's password
 * over. */
#include "shim/session/verify_as.h"

#include "lib/core/text/hostname.h"
#include "lib/core/text/list.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/sys.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static __thread struct conn_state *dialling;

struct conn_state *verify_as_enter(struct conn_state *d)
{
    struct conn_state *before = dialling;
    dialling = d != NULL && d->ndials > 0 ? d : NULL;
    return before;
}

void verify_as_leave(struct conn_state *before)
{
    dialling = before;
}

void verify_as_forget(const struct conn_state *d)
{
    if (dialling == d) {
        dialling = NULL;
    }
}

void verify_as_restart(struct conn_state *d)
{
    d->next_dial = 0;
}

/* The next dial of d that is verified as node, on that port (libpq gives its number as the service;
 * what else looks a name up on this thread does not). A name that stands in several elements is
 * looked up once for each, in order; after the last the first comes again (a second round of
 * libpq's, or target_session_attrs = prefer-standby). */
static const struct dial *next_dial(struct conn_state *d, const char *node, const char *service)
{
    for (size_t k = 0; node != NULL && k < d->ndials; k++) {
        size_t i = (d->next_dial + k) % d->ndials;
        if (strcmp(d->dials[i].verify, node) == 0 &&
            port_number(d->dials[i].port) == port_number(service)) {
            d->next_dial = (i + 1) % d->ndials;
            return &d->dials[i];
        }
    }
    return NULL;
}

int verify_as_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **res)
{
    __typeof__(getaddrinfo) *real = (__typeof__(getaddrinfo) *)next_definition("getaddrinfo");
    const struct dial *dial = dialling != NULL ? next_dial(dialling, node, service) : NULL;
    if (real == NULL) {
        return EAI_FAIL;
    }
    return real(dial != NULL ? dial->host : node, service, hints, res);
}

static void add_escaped(struct strbuf *t, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == ':' || *s == '\\') {
            strbuf_add(t, "\\");
        }
        strbuf_addn(t, s, 1);
    }
}

/* Adds a .pgpass line for any database and user: the password was found for this call's own. */
static void add_line(struct strbuf *t, const char *host, const char *port, const char *secret)
{
    add_escaped(t, host);
    strbuf_add(t, ":");
    add_escaped(t, port);
    strbuf_add(t, ":*:*:");
    add_escaped(t, secret);
    strbuf_add(t, "\n");
}

void verify_as_show_passfile(const struct conn_state *d, PQconninfoOption *options)
{
    int saved = errno;
    for (PQconninfoOption *o = options; d->passfile_forced && o != NULL && o->keyword != NULL;
         o++) {
        if (strcmp(o->keyword, "passfile") == 0) {
            free(o->val); /* PQconninfoFree frees it with free(3) too */
            o->val = d->passfile != NULL ? strdup(d->passfile) : NULL;
        }
    }
    errno = saved;
}

/* Whether the call brings a password of its own, so that libpq does not look into .pgpass. */
static bool brings_password(const struct libpq *pq, PGconn *conn)
{
    bool brought = false;
    PQconninfoOption *options = pq->PQconninfo(conn);
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "password") == 0) {
            brought = o->val != NULL && o->val[0] != '\0';
        }
    }
    pq->PQconninfoFree(options);
    return brought;
}

/* What collect needs beside the caller's arrays; too large for the stack. */
struct collecting {
    struct request one; /* the request for one element of the list, under its old name */
    char words[1024];
    char old[3][300];
    char verified[300];
};

/* Points host, hostaddr and port of c->one at the i-th element's own. */
static void select_element(struct collecting *c, const struct request *r, size_t i)
{
    static const char *const targets[] = {"host", "hostaddr", "port"};
    c->one = *r;
    for (size_t j = 0; j < 3; j++) {
        const char *list = request_value(r, targets[j]);
        bool single = j == 2 && list_length(list) == 1;
        list_copy(list, single ? 0 : i, c->old[j], sizeof c->old[j]);
    }
    for (size_t k = 0; k < c->one.noptions; k++) {
        for (size_t j = 0; j < 3; j++) {
            if (strcmp(c->one.options[k].name, targets[j]) == 0) {
                c->one.options[k].value = c->old[j];
            }
        }
    }
}

/* Writes the lines of all elements that have a password in .pgpass under their old name. */
static void collect(const struct libpq *pq, const struct request *r, const struct verdict *v,
                    const char **keywords, const char **values, struct collecting *c,
                    struct strbuf *lines)
{
    const char *list = request_value(r, "hostaddr");
    if (list == NULL) {
        list = request_value(r, "host");
    }
    for (size_t i = 0, elements = list_length(list); i < elements; i++) {
        bool refused;
        select_element(c, r, i);
        list_copy(v->hosts, i, c->verified, sizeof c->verified);
        int expand = call_pinned(&c->one, keywords, values, c->words, sizeof c->words);
        size_t n = 0;
        while (keywords[n] != NULL) {
            n++;
        }
        PGconn *conn = probe_start(pq, keywords, values, n, expand, &refused);
        const char *secret = refused ? pq->PQpass(conn) : NULL;
        bool found = secret != NULL && secret[0] != '\0' && !brings_password(pq, conn);
        const char *port = c->old[2][0] != '\0' ? c->old[2] : "5432";
        if (found) {
            add_line(lines, c->verified, port, secret);
        }
        if (found && (c->verified[0] == '/' || c->verified[0] == '@')) {
            add_line(lines, "localhost", port, secret); /* libpq's name for the default directory */
        }
        pq->PQfinish(conn);
    }
}

/* An anonymous file with these bytes that only we can read; -1 with errno. */
static int anonymous_file(const char *bytes, size_t len, char *path, size_t size)
{
    int fd = (int)syscall(SYS_memfd_create, "pgseal", 1 /* MFD_CLOEXEC */);
    if (fd < 0) {
        return -1;
    }
    struct strbuf t;
    strbuf_init(&t, path, size);
    strbuf_add(&t, "/proc/self/fd/");
    strbuf_add_uint(&t, (uint64_t)fd, 1);
    if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write(fd, bytes, len) == (ssize_t)len &&
        access(path, R_OK) == 0) {
        return fd;
    }
    int e = errno;
    close(fd);
    errno = e != 0 ? e : EIO;
    return -1;
}

bool verify_as_passwords(const struct libpq *pq, const struct request *r, struct verdict *v,
                         const char **keywords, const char **values, char *path, size_t size,
                         int *fd, char *why, size_t why_size)
{
    int saved = errno;
    char bytes[4096];
    struct strbuf lines;
    const char *failed = NULL;

    *fd = -1;
    if (request_option(r, "passfile") == NULL) {
        return true;
    }
    strbuf_init(&lines, bytes, sizeof bytes);
    struct collecting *c = malloc(sizeof *c);
    if (c != NULL) {
        collect(pq, r, v, keywords, values, c, &lines);
    } else {
        failed = "out of memory";
    }
    if (lines.cut) {
        failed = "too long";
    } else if (lines.len > 0 && (*fd = anonymous_file(bytes, lines.len, path, size)) < 0) {
        failed = sys_error(errno);
    } else if (*fd >= 0 && !verdict_force(v, "passfile", path)) {
        failed = "too many options are forced";
        close(*fd);
        *fd = -1;
    }
    if (failed != NULL) {
        struct strbuf t;
        strbuf_init(&t, why, why_size);
        strbuf_add(&t, "verify_as: the .pgpass entry of the old name cannot be carried over (");
        strbuf_add(&t, failed);
        strbuf_add(&t, "); add one for the verified name");
    }
    free(c);
    strbuf_wipe(bytes, sizeof bytes);
    errno = saved;
    return failed == NULL;
}
