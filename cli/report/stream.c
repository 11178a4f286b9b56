/* stream: the bytes of a descriptor, decompressed if they are gzip or zstd. */
#include "stream.h"

#include "cli/lib/util.h"
#include "lib/core/text/array.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    IN_BYTES = 128 * 1024,
    WINDOW_LOG = 23
}; /* 8 MiB: what zstd -19 needs, and what memory allows */

struct stream {
    int fd;
    enum { PLAIN, GZIP, ZSTD } kind;
    bool end;   /* of the descriptor */
    bool whole; /* the compressed data may end here */
    uint64_t taken;
    size_t at; /* in[at, n) is not used yet */
    size_t n;
    z_stream gzip;
    ZSTD_DStream *zstd;
    unsigned char in[IN_BYTES];
};

/* Fills in from its start; false: an error, with errno. */
static bool fill(struct stream *s, size_t least)
{
    while (!s->end && s->n - s->at < least) {
        if (s->at == s->n) {
            s->at = s->n = 0;
        }
        ssize_t got = read(s->fd, s->in + s->n, sizeof s->in - s->n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return false;
        }
        s->end = got == 0;
        s->n += (size_t)got;
        s->taken += (uint64_t)got;
    }
    return true;
}

struct stream *stream_open(int fd, const char **reason)
{
    static const struct {
        char magic[9];
        const char *reason;
    } foreign[] = {
        {"LPKSHHRH",
         "a binary journal; export it: journalctl --file FILE -o json | pgseal report -"},
        {"\xfd"
         "7zXZ",
         "compressed with xz; decompress it: xz -dc FILE | pgseal report -"},
        {"BZh", "compressed with bzip2; decompress it: bzip2 -dc FILE | pgseal report -"},
        {"\x04\x22\x4d\x18", "compressed with lz4; decompress it: lz4 -dc FILE | pgseal report -"},
    };
    static const unsigned char gzip[] = {0x1f, 0x8b};
    static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    struct stream *s = xmalloc(sizeof *s);
    memset(s, 0, offsetof(struct stream, in));
    s->fd = fd;
    s->whole = true;
    if (!fill(s, 8)) {
        *reason = strerror(errno);
        free(s);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
        if (s->n >= strlen(foreign[i].magic) &&
            memcmp(s->in, foreign[i].magic, strlen(foreign[i].magic)) == 0) {
            *reason = foreign[i].reason;
            free(s);
            return NULL;
        }
    }
    if (s->n >= sizeof gzip && memcmp(s->in, gzip, sizeof gzip) == 0) {
        s->kind = GZIP;
        s->whole = false;
        if (inflateInit2(&s->gzip, 15 + 16) != Z_OK) {
            *reason = "not enough memory to decompress it";
            free(s);
            return NULL;
        }
    } else if (s->n >= sizeof zstd && memcmp(s->in, zstd, sizeof zstd) == 0) {
        s->kind = ZSTD;
        s->whole = false;
        s->zstd = ZSTD_createDStream();
        if (s->zstd == NULL ||
            ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG))) {
            *reason = "not enough memory to decompress it";
            stream_close(s);
            return NULL;
        }
    }
    return s;
}

/* Unpacks from in to buf; the number of bytes, or -1. */
static ssize_t unpack_gzip(struct stream *s, char *buf, size_t size, const char **reason)
{
    s->gzip.next_in = s->in + s->at;
    s->gzip.avail_in = (uInt)(s->n - s->at);
    s->gzip.next_out = (unsigned char *)buf;
    s->gzip.avail_out = (uInt)(size < 1 << 30 ? size : 1 << 30);
    size_t before = s->gzip.avail_out;
    int status = inflate(&s->gzip, Z_NO_FLUSH);
    s->at = s->n - s->gzip.avail_in;
    s->whole = status == Z_STREAM_END;
    if (status == Z_STREAM_END) {
        inflateReset(&s->gzip); /* another member may follow */
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
        *reason = "the gzip data is damaged";
        return -1;
    }
    return (ssize_t)(before - s->gzip.avail_out);
}

static ssize_t unpack_zstd(struct stream *s, char *buf, size_t size, const char **reason)
{
    ZSTD_inBuffer in = {s->in, s->n, s->at};
    ZSTD_outBuffer out = {buf, size, 0};
    size_t status = ZSTD_decompressStream(s->zstd, &out, &in);
    s->at = in.pos;
    s->whole = status == 0;
    if (ZSTD_isError(status)) {
        *reason = ZSTD_getErrorCode(status) == ZSTD_error_frameParameter_windowTooLarge
                      ? "the zstd data needs more than 8 MiB of memory; decompress it first: zstd "
                        "-dc --long=31"
                      : "the zstd data is damaged";
        return -1;
    }
    return (ssize_t)out.pos;
}

ssize_t stream_read(struct stream *s, char *buf, size_t size, const char **reason)
{
    for (;;) {
        if (!fill(s, 1)) {
            *reason = strerror(errno);
            return -1;
        }
        if (s->kind == PLAIN) {
            size_t n = s->n - s->at < size ? s->n - s->at : size;
            memcpy(buf, s->in + s->at, n);
            s->at += n;
            return (ssize_t)n;
        }
        if (s->at == s->n && s->whole) {
            return 0;
        }
        size_t had = s->n - s->at;
        ssize_t got =
            s->kind == GZIP ? unpack_gzip(s, buf, size, reason) : unpack_zstd(s, buf, size, reason);
        if (got != 0) {
            return got;
        }
        if (s->end && s->n - s->at == had && !s->whole) {
            *reason = "the compressed data is truncated";
            return -1;
        }
    }
}

uint64_t stream_taken(const struct stream *s)
{
    return s->taken;
}

void stream_close(struct stream *s)
{
    if (s->kind == GZIP) {
        inflateEnd(&s->gzip);
    }
    ZSTD_freeDStream(s->zstd);
    free(s);
}
