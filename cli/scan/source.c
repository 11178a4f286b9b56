/* source: bytes to scan, in a file or in memory, always copied and never mapped. */
#include "cli/scan/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

size_t source_read(const struct source *source, uint64_t offset, void *buf, size_t n)
{
    if (offset >= source->size || n == 0) {
        return 0;
    }
    if (n > source->size - offset) {
        n = (size_t)(source->size - offset);
    }
    if (source->at != NULL) {
        memcpy(buf, source->at + offset, n);
        return n;
    }
    size_t done = 0;
    while (done < n) {
        ssize_t got = pread(source->fd, (char *)buf + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += (size_t)got;
    }
    return done;
}

uint16_t little16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t little32(const unsigned char *p)
{
    return little16(p) | (uint32_t)little16(p + 2) << 16;
}

uint64_t little64(const unsigned char *p)
{
    return little32(p) | (uint64_t)little32(p + 4) << 32;
}
