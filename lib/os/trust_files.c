/* trust_files: reads and judges the files that a sealed connection relies on. */
#include "lib/os/trust_files.h"

#include "lib/core/text/pem.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROOT_MAX = 64 << 20 };

/* Opens a regular file for reading, without waiting for a FIFO. -1 with the errno of open(2), or
 * ENXIO if it is no regular file. */
static int open_regular(const char *path, struct stat *st)
{
    int fd = sys_open_read(path);
    if (fd < 0) {
        return -1;
    }
    if (sys_fstat(fd, st) == 0 && S_ISREG(st->st_mode)) {
        return fd;
    }
    close(fd);
    errno = ENXIO;
    return -1;
}

/* Judges the CRL file at fd, and closes it. NULL: no fault, and *blocks are malloc'ed. */
static const char *judge_crl(int fd, struct pem_blocks *blocks)
{
    size_t len;
    char *bytes = sys_read_file(fd, ROOT_MAX, false, &len);
    void *room = bytes != NULL ? malloc(len + 1) : NULL;
    const char *reason =
        room == NULL ? sys_error(errno) : pem_read(bytes, len, PEM_CRLS, room, blocks);
    if (reason != NULL) {
        free(room);
        *blocks = (struct pem_blocks){0};
    }
    free(bytes);
    close(fd);
    return reason;
}

/* Writes a fault into reason, with its line in the file. For that the file is read again; only the
 * text depends on it. */
static void say_fault(const char *path, enum pem_kind kind, const char *fault, char *reason,
                      size_t size)
{
    struct strbuf t;
    struct stat st;
    struct pem_blocks blocks = {0};
    size_t len = 0;
    int fd = open_regular(path, &st);
    char *bytes = fd >= 0 ? sys_read_file(fd, ROOT_MAX, false, &len) : NULL;
    void *room = bytes != NULL ? malloc(len + 1) : NULL;
    strbuf_init(&t, reason, size);
    strbuf_add(&t, fault);
    const char *again = room != NULL ? pem_read(bytes, len, kind, room, &blocks) : NULL;
    if (again != NULL && strcmp(again, fault) == 0 && blocks.fault_line > 0) {
        strbuf_add(&t, " (line ");
        strbuf_add_uint(&t, blocks.fault_line, 1);
        strbuf_add(&t, ")");
    }
    free(room);
    free(bytes);
    if (fd >= 0) {
        close(fd);
    }
}

struct roots *files_root(const char *path, char *reason, size_t size)
{
    int saved_errno = errno;
    struct stat st;
    struct roots *roots = NULL;
    const char *fault;
    int fd = open_regular(path, &st);
    if (fd < 0) {
        fault = sys_error(errno);
    } else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        fault = "writable by users other than its owner";
    } else {
        roots = roots_read_file(fd, path, ROOT_MAX, &fault);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (roots == NULL) {
        say_fault(path, PEM_CERTIFICATES, fault, reason, size);
    }
    errno = saved_errno;
    return roots;
}

static bool root_ok(void *data, const char *path, char *reason, size_t size)
{
    struct roots **keep = data;
    struct roots *roots = files_root(path, reason, size);
    bool ok = roots != NULL;
    if (ok && keep != NULL) {
        roots_release(*keep);
        *keep = roots;
    } else {
        roots_release(roots);
    }
    return ok;
}

enum crl_state crl_read(const char *path, struct pem_blocks *blocks, char *reason, size_t size)
{
    int saved_errno = errno;
    struct stat st;
    enum crl_state state;
    const char *fault;
    int fd = open_regular(path, &st);
    *blocks = (struct pem_blocks){0};
    if (fd >= 0) {
        fault = judge_crl(fd, blocks);
        state = fault == NULL ? CRL_FINE : CRL_FAULTY;
    } else if (errno == ENOENT || errno == ENOTDIR) {
        fault = "no such file";
        state = CRL_ABSENT;
    } else {
        fault = sys_error(errno);
        state = errno == ENXIO ? CRL_FAULTY : CRL_UNREADABLE;
    }
    if (fault != NULL) {
        say_fault(path, PEM_CRLS, fault, reason, size);
    }
    errno = saved_errno;
    return state;
}

static enum crl_state crl_state(void *data, const char *path, char *reason, size_t size)
{
    struct pem_blocks blocks;
    (void)data;
    enum crl_state state = crl_read(path, &blocks, reason, size);
    free(blocks.at);
    return state;
}

static const char *bundle(void *data)
{
    static const char *const known[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Alpine */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL, Amazon Linux */
        "/etc/pki/tls/certs/ca-bundle.crt",                  /* older RHEL */
        "/etc/ssl/ca-bundle.pem",                            /* SUSE */
        "/etc/ssl/cert.pem", /* Alpine without ca-certificates, BSD-like layouts */
    };
    (void)data;
    int saved_errno = errno;
    const char *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(known) && found == NULL; i++) {
        struct stat st;
        if (sys_stat(known[i], &st) == 0) {
            found = known[i];
        }
    }
    errno = saved_errno;
    return found;
}

static const char *environment(void *data, const char *name)
{
    (void)data;
    return getenv(name);
}

void files_world(struct world *w, struct roots **keep)
{
    struct timespec now = {0};
    int saved_errno = errno;
    clock_gettime(CLOCK_REALTIME, &now);
    errno = saved_errno;
    *w = (struct world){
        .data = keep,
        .root_ok = root_ok,
        .crl_state = crl_state,
        .bundle = bundle,
        .environment = environment,
        .today = (int32_t)(now.tv_sec / 86400),
    };
}
