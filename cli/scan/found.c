/* found: what the scan has found so far, and its progress. */
#include "cli/scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ERRORS_MAX = 10000 };

void scan_error(struct scan *scan, const char *path, const char *what)
{
    if (scan->errors.n < ERRORS_MAX) {
        strings_take(&scan->errors, xprintf("%s: %s", path, what));
    }
}

void item_free(struct item *item)
{
    for (size_t i = 0; i < item->n; i++) {
        free(item->libraries[i].evidence);
        free(item->libraries[i].openssl);
    }
    free(item->libraries);
    free(item->path);
    free(item->reason);
    *item = (struct item){0};
}

void scan_take(struct scan *scan, struct item *item)
{
    if (item->n == 0) {
        item_free(item);
        return;
    }
    item_judge(item);
    if (scan->n == scan->room) {
        scan->room = scan->room != 0 ? 2 * scan->room : 64;
        scan->items = xrealloc(scan->items, scan->room * sizeof *scan->items);
    }
    scan->items[scan->n++] = *item;
    *item = (struct item){0};
}

void scan_progress(struct scan *scan)
{
    static struct timespec last;
    struct timespec now;
    if (!scan->progress) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < 100) {
        return;
    }
    last = now;
    fprintf(stderr, "\r\033[K%zu files, %zu processes, %zu found", scan->files, scan->processes,
            scan->n);
    fflush(stderr);
}

void scan_progress_end(struct scan *scan)
{
    if (scan->progress) {
        fputs("\r\033[K", stderr);
    }
}
