/* stream: the bytes of a descriptor, decompressed if they are gzip or zstd. */
#ifndef PGSEAL_CLI_REPORT_STREAM_H
#define PGSEAL_CLI_REPORT_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct stream;

/* Looks at the first bytes of fd, which stays the caller's. NULL if nothing can be read or it is a
 * format that has to be exported first; then *reason says why. The caller closes. */
struct stream *stream_open(int fd, const char **reason);

/* At least one byte, 0 at the end, -1 with *reason where it breaks off. */
ssize_t stream_read(struct stream *s, char *buf, size_t size, const char **reason);

/* How many bytes were taken from the descriptor. */
uint64_t stream_taken(const struct stream *s);

void stream_close(struct stream *s);

#endif
