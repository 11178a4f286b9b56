/* input: which files are read, in which order, and their lines. */
#include "input.h"

#include "cli/lib/safe.h"
#include "cli/lib/util.h"
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_ROOM = 256 * 1024 };

struct file {
    char *path;
    dev_t device;
    ino_t inode;
    bool regular;
    bool named; /* on the command line, not found in a directory */
};

struct reader {
    const struct input_user *user;
    struct file *files;
    size_t nfiles;
    uint64_t size; /* of all regular files */
    uint64_t done;
    bool progress;
    struct timespec shown;
    char *buf;
    size_t room;
};

static void add_file(struct reader *r, const char *path, const struct stat *st, bool named)
{
    for (size_t i = 0; i < r->nfiles; i++) {
        if (S_ISREG(st->st_mode) && r->files[i].device == st->st_dev &&
            r->files[i].inode == st->st_ino) {
            return;
        }
    }
    r->files = xrealloc(r->files, (r->nfiles + 1) * sizeof *r->files);
    r->files[r->nfiles++] =
        (struct file){xstrdup(path), st->st_dev, st->st_ino, S_ISREG(st->st_mode), named};
    r->size += S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool add_directory(struct reader *r, char *path)
{
    char *paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    bool ok = tree != NULL;
    FTSENT *entry = NULL;
    while (tree != NULL && (entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_F) {
            add_file(r, entry->fts_path, entry->fts_statp, false);
        } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
                   entry->fts_info == FTS_NS) {
            complain("%s: %s", entry->fts_path, strerror(entry->fts_errno));
            ok = false;
        }
    }
    if (tree != NULL) {
        fts_close(tree);
    }
    return ok;
}

static bool add_path(struct reader *r, char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0) {
        if (fstat(STDIN_FILENO, &st) == 0) {
            add_file(r, path, &st, true);
            return true;
        }
    } else if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) {
            return add_directory(r, path);
        }
        add_file(r, path, &st, true);
        return true;
    }
    complain("%s: %s", path, strerror(errno));
    return false;
}

static void show_progress(struct reader *r, uint64_t lines)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!r->progress ||
        (now.tv_sec - r->shown.tv_sec) * 10 + (now.tv_nsec - r->shown.tv_nsec) / 100000000 < 2) {
        return;
    }
    r->shown = now;
    fprintf(stderr, "\r\033[K%.1f MB", (double)r->done / 1e6);
    if (r->size >= r->done && r->size > 0) {
        fprintf(stderr, " of %.1f MB, %u %%", (double)r->size / 1e6,
                (unsigned)(100 * r->done / r->size));
    }
    fprintf(stderr, ", line %llu", (unsigned long long)lines);
    fflush(stderr);
}

/* Hands over the whole lines in buf[0, n), and the last without a newline where it is the end.
 * Returns how many bytes are left over. */
static size_t hand_over(struct reader *r, const char *name, size_t n, bool end, uint64_t *number,
                        bool *skip)
{
    char *at = r->buf;
    char *stop = r->buf + n;
    while (at < stop) {
        char *newline = memchr(at, '\n', (size_t)(stop - at));
        if (newline == NULL && !end) {
            break;
        }
        char *tail = newline != NULL ? newline : stop;
        if (!*skip) {
            r->user->line(r->user->data, name, ++*number, at, (size_t)(tail - at));
        }
        *skip = false;
        at = tail + (newline != NULL);
    }
    size_t left = (size_t)(stop - at);
    if (*skip) {
        left = 0;
    } else if (left >= INPUT_LINE_MAX) {
        r->user->line(r->user->data, name, ++*number, NULL, left);
        *skip = true;
        left = 0;
    }
    memmove(r->buf, at, left);
    return left;
}

/* Whether it can be read; what comes in between is told to the user. */
static bool read_file(struct reader *r, const struct file *file)
{
    bool standard = strcmp(file->path, "-") == 0;
    const char *name = standard ? "standard input" : file->path;
    const char *reason = NULL;
    int fd = standard ? STDIN_FILENO : open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stream *stream = fd >= 0 ? stream_open(fd, &reason) : NULL;
    if (stream == NULL) {
        complain("%s: %s", name, fd < 0 ? strerror(errno) : reason);
        if (fd > STDIN_FILENO) {
            close(fd);
        }
        return false;
    }
    uint64_t before = r->done;
    uint64_t number = 0;
    size_t held = 0;
    bool skip = false;
    ssize_t got = 0;
    do {
        if (held == r->room) {
            r->room *= 2;
            r->buf = xrealloc(r->buf, r->room);
        }
        got = stream_read(stream, r->buf + held, r->room - held, &reason);
        if (got > 0 && number == 0 && held == 0 && !file->named &&
            memchr(r->buf, '\0', (size_t)got) != NULL) {
            break; /* no text: wtmp, a journal, a database */
        }
        held = hand_over(r, name, held + (got > 0 ? (size_t)got : 0), got == 0, &number, &skip);
        if (got < 0) {
            r->user->cut(r->user->data, name, number + 1, reason);
        }
        r->done = before + stream_taken(stream);
        show_progress(r, number);
    } while (got > 0);
    stream_close(stream);
    if (!standard) {
        close(fd);
    }
    return true;
}

unsigned input_read(char *const *paths, size_t n, bool progress, const struct input_user *user)
{
    struct reader r = {
        .user = user, .progress = progress, .buf = xmalloc(FIRST_ROOM), .room = FIRST_ROOM};
    unsigned failed = 0;
    for (size_t i = 0; i < n; i++) {
        failed += !add_path(&r, paths[i]);
    }
    for (size_t i = 0; i < r.nfiles; i++) {
        failed += !read_file(&r, &r.files[i]);
        free(r.files[i].path);
    }
    if (r.shown.tv_sec != 0) {
        fputs("\r\033[K", stderr);
    }
    free(r.files);
    free(r.buf);
    return failed;
}
