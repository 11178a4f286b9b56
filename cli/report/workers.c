/* workers: lines are parsed on all processors, and come back in their order.
 *
 * Lines are collected into batches in a ring: filled and, once parsed, emptied by the
 * caller's thread in the same order; parsed by the others. */
#include "workers.h"

#include "cli/lib/util.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, RING = 2 * THREADS, BATCH_BYTES = 32 * 1024, CHUNK_BYTES = 256 * 1024 };

/* Memory of one batch's JSON, which is freed as a whole: made by one thread and dropped by another,
 * thousands of small pieces cost more than the parsing. */
struct chunk {
    struct chunk *next; /* older */
    size_t used;
    size_t room;
    max_align_t bytes[];
};

/* Where this thread's JSON goes; NULL: to malloc, as always but while a batch is parsed. */
static _Thread_local struct chunk **chunks;

static void *allocate(size_t n)
{
    if (chunks == NULL) {
        return malloc(n);
    }
    struct chunk *chunk = *chunks;
    n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (chunk == NULL || chunk->room - chunk->used < n) {
        size_t room = n < CHUNK_BYTES ? CHUNK_BYTES : n;
        chunk = xmalloc(sizeof *chunk + room);
        *chunk = (struct chunk){.next = *chunks, .room = room};
        *chunks = chunk;
    }
    void *made = (char *)chunk->bytes + chunk->used;
    chunk->used += n;
    return made;
}

static void release(void *p)
{
    if (chunks == NULL) {
        free(p);
    }
}

/* Leaves the oldest chunk, empty; or none. */
static void drop_chunks(struct chunk **list, bool all)
{
    while (*list != NULL && (all || (*list)->next != NULL)) {
        struct chunk *next = (*list)->next;
        free(*list);
        *list = next;
    }
    if (*list != NULL) {
        (*list)->used = 0;
    }
}

struct item {
    size_t at; /* in the batch's text */
    size_t n;
    uint64_t number;
    enum line_kind kind;
    json_t *event;
    const char *reason; /* set beforehand: not parsed */
};

struct batch {
    char *file;
    char *text;
    size_t used;
    size_t room;
    struct item *items;
    size_t n;
    size_t items_room;
    struct chunk *chunks;
    bool parsed;
};

struct workers {
    workers_take *take;
    void *data;
    struct batch ring[RING];
    /* Numbers of batches, each in ring[number % RING]; emptied <= begun <= filled. */
    size_t filled;  /* this one is being filled */
    size_t begun;   /* the next to be parsed */
    size_t emptied; /* the next to be taken */
    bool end;
    pthread_mutex_t lock; /* of the numbers, end and parsed */
    pthread_cond_t work;
    pthread_cond_t done;
    pthread_t threads[THREADS];
    size_t nthreads;
};

static void parse(struct batch *b)
{
    chunks = &b->chunks;
    for (size_t i = 0; i < b->n; i++) {
        struct item *item = &b->items[i];
        if (item->reason == NULL) {
            item->kind = line_parse(b->text + item->at, item->n, &item->event, &item->reason);
        }
    }
    chunks = NULL;
}

static void *run(void *data)
{
    struct workers *w = data;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->begun == w->filled && !w->end) {
            pthread_cond_wait(&w->work, &w->lock);
        }
        if (w->begun == w->filled) {
            break;
        }
        struct batch *b = &w->ring[w->begun++ % RING];
        pthread_mutex_unlock(&w->lock);
        parse(b);
        pthread_mutex_lock(&w->lock);
        b->parsed = true;
        pthread_cond_signal(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct workers *workers_start(workers_take *take, void *data)
{
    struct workers *w = xcalloc(1, sizeof *w);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors < 1 ? 1 : processors > THREADS ? THREADS : (size_t)processors;
    w->take = take;
    w->data = data;
    json_set_alloc_funcs(allocate, release);
    json_object_seed(0); /* once, before there are threads */
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->done, NULL);
    while (w->nthreads < wanted && pthread_create(&w->threads[w->nthreads], NULL, run, w) == 0) {
        w->nthreads++;
    }
    return w;
}

/* Takes the lines of the oldest batch, once it has been parsed. */
static void empty(struct workers *w)
{
    struct batch *b = &w->ring[w->emptied % RING];
    if (w->nthreads == 0) { /* none could be made */
        parse(b);
        w->begun++;
    } else {
        pthread_mutex_lock(&w->lock);
        while (!b->parsed) {
            pthread_cond_wait(&w->done, &w->lock);
        }
        pthread_mutex_unlock(&w->lock);
    }
    for (size_t i = 0; i < b->n; i++) {
        struct item *item = &b->items[i];
        w->take(w->data, b->file, item->number, item->kind, item->event, item->reason);
    }
    drop_chunks(&b->chunks, false);
    if (b->room > 4 * BATCH_BYTES) { /* of a line that was very long */
        free(b->text);
        b->text = NULL;
        b->room = 0;
    }
    free(b->file);
    b->file = NULL;
    b->used = b->n = 0;
    b->parsed = false;
    w->emptied++;
}

/* Hands the batch over to the threads, and makes room for the next one. */
static void submit(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->filled++;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    if (w->filled - w->emptied == RING) {
        empty(w);
    }
}

void workers_line(struct workers *w, const char *file, uint64_t number, const char *s, size_t n,
                  const char *reason)
{
    struct batch *b = &w->ring[w->filled % RING];
    if (b->n > 0 && (b->used >= BATCH_BYTES || strcmp(b->file, file) != 0)) {
        submit(w);
        b = &w->ring[w->filled % RING];
    }
    n = s != NULL ? n : 0;
    if (b->room - b->used < n) {
        b->room = b->used + n < 2 * BATCH_BYTES ? 2 * BATCH_BYTES : b->used + n;
        b->text = xrealloc(b->text, b->room);
    }
    if (b->n == b->items_room) {
        b->items_room = b->items_room != 0 ? 2 * b->items_room : 64;
        b->items = xrealloc(b->items, b->items_room * sizeof *b->items);
    }
    if (b->n == 0) {
        b->file = xstrdup(file);
    }
    b->items[b->n++] = (struct item){.at = b->used,
                                     .n = n,
                                     .number = number,
                                     .kind = LINE_BROKEN,
                                     .reason = s == NULL ? reason : NULL};
    if (n > 0) {
        memcpy(b->text + b->used, s, n);
        b->used += n;
    }
}

void workers_finish(struct workers *w)
{
    if (w->ring[w->filled % RING].n > 0) {
        submit(w);
    }
    while (w->emptied < w->filled) {
        empty(w);
    }
    pthread_mutex_lock(&w->lock);
    w->end = true;
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->nthreads; i++) {
        pthread_join(w->threads[i], NULL);
    }
    for (size_t i = 0; i < RING; i++) {
        free(w->ring[i].text);
        free(w->ring[i].items);
        drop_chunks(&w->ring[i].chunks, true);
    }
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
