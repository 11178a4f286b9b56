/* judge TIMES FILE: judges a root file so often from its bytes, and as often unchanged since the
 * last time; prints for each "first" or "again" and the processor time in microseconds. */
#include "lib/os/roots.h"
#include "lib/os/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 64 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct roots *from_bytes(int fd, const char **reason)
{
    size_t len = 0;
    char *bytes = sys_read_file(fd, MAX, false, &len);
    *reason = bytes == NULL ? "cannot be read" : NULL;
    return bytes != NULL ? roots_read(bytes, len, reason) : NULL;
}

static void judge(const char *file, const char *which)
{
    const char *reason = NULL;
    double began = now();
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct roots *roots = strcmp(which, "first") == 0 ? from_bytes(fd, &reason)
                                                      : roots_read_file(fd, file, MAX, &reason);
    close(fd);
    double took = now() - began;
    if (roots == NULL) {
        fprintf(stderr, "judge: %s: %s\n", file, reason);
        exit(1); // NOLINT(concurrency-mt-unsafe)
    }
    roots_release(roots);
    if (which[0] != '\0') {
        printf("%s %.2f\n", which, took);
    }
}

int main(int argc, char **argv)
{
    long times = argc == 3 ? strtol(argv[1], NULL, 10) : 0;
    if (times <= 0) {
        fprintf(stderr, "usage: judge TIMES FILE\n");
        return 2;
    }
    judge(argv[2], "");
    for (long i = 0; i < times; i++) {
        judge(argv[2], "first");
        judge(argv[2], "again");
    }
    return 0;
}
