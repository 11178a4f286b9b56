/* util: allocation that ends the tool if it fails, lists of strings, bounded reads of files. */
#include "cli/lib/util.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void no_memory(void)
{
    static const char text[] = "pgseal: out of memory\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(STATUS_USAGE);
}

void *xmalloc(size_t n)
{
    void *p = malloc(n != 0 ? n : 1);
    if (p == NULL) {
        no_memory();
    }
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n != 0 ? n : 1, size);
    if (p == NULL) {
        no_memory();
    }
    return p;
}

void *xrealloc(void *p, size_t n)
{
    p = realloc(p, n != 0 ? n : 1);
    if (p == NULL) {
        no_memory();
    }
    return p;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = xmalloc(len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *xvprintf(const char *format, va_list args)
{
    char *s = NULL;
    if (vasprintf(&s, format, args) < 0) {
        no_memory();
    }
    return s;
}

char *xprintf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *s = NULL;
    int n = vasprintf(&s, format, args);
    va_end(args);
    if (n < 0) {
        no_memory();
    }
    return s;
}

void strings_take(struct strings *list, char *s)
{
    if (list->n == list->room) {
        list->room = list->room != 0 ? 2 * list->room : 8;
        list->at = xrealloc(list->at, list->room * sizeof *list->at);
    }
    list->at[list->n++] = s;
}

void strings_add_once(struct strings *list, const char *s)
{
    for (size_t i = 0; i < list->n; i++) {
        if (strcmp(list->at[i], s) == 0) {
            return;
        }
    }
    strings_take(list, xstrdup(s));
}

void strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->n; i++) {
        free(list->at[i]);
    }
    free(list->at);
    *list = (struct strings){0};
}

int bytes_read(int fd, size_t max, struct bytes *out)
{
    struct stat st;
    size_t room = 64 * 1024;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        room = (uintmax_t)st.st_size < max ? (size_t)st.st_size : max;
    }
    /* One byte more than the file is said to have: its end is then seen in the first pass. */
    room += 1;
    *out = (struct bytes){.at = malloc(room + 1)};
    if (out->at == NULL) {
        return -1;
    }
    for (;;) {
        if (out->n == room) {
            char *grown = realloc(out->at, 2 * room + 1);
            if (grown == NULL) {
                free(out->at);
                *out = (struct bytes){0};
                errno = ENOMEM;
                return -1;
            }
            out->at = grown;
            room *= 2;
        }
        size_t want = room - out->n;
        if (want > max + 1 - out->n) {
            want = max + 1 - out->n;
        }
        if (want == 0) {
            break;
        }
        ssize_t got = read(fd, out->at + out->n, want);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            int error = errno;
            free(out->at);
            *out = (struct bytes){0};
            errno = error;
            return -1;
        }
        if (got == 0) {
            break;
        }
        out->n += (size_t)got;
    }
    if (out->n > max) {
        out->n = max;
        out->more = true;
    }
    out->at[out->n] = '\0';
    return 0;
}

int bytes_load(const char *path, size_t max, struct bytes *out)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return -1;
    }
    int status = bytes_read(fd, max, out);
    int error = errno;
    if (!standard) {
        close(fd);
    }
    if (status == 0 && out->more) {
        free(out->at);
        *out = (struct bytes){0};
        error = EFBIG;
        status = -1;
    }
    errno = error;
    return status;
}

void sha256_hex(const void *bytes, size_t n, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    unsigned len = 0;
    if (EVP_Digest(bytes, n, digest, &len, EVP_sha256(), NULL) != 1) {
        no_memory();
    }
    for (unsigned i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[64] = '\0';
}
