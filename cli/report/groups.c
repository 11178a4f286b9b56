/* groups: what the report counts, in tables of groups whose memory has a limit. */
#include "groups.h"

#include "cli/lib/util.h"

#include <stdlib.h>
#include <string.h>

enum { MALLOC_OWN = 16, FEWEST = 8 };

static const uint32_t list_limits[LISTS] = {
    [NODES] = 1024, [ASKED] = 64, [REASONS] = 16, [JUDGED] = 16};
static const unsigned key_parts[TABLES] = {
    [PAIRS] = 2, [CERTIFICATES] = 5, [EXEMPTIONS] = 5, [CANCELS] = 3, [LIBPQS] = 2, [MACHINES] = 1};

static char table_mark(enum table_id table)
{
    return (char)('1' + table);
}

/* How many of the n bytes of s are kept: at most VALUE_BYTES, and whole characters. */
static size_t kept(const char *s, size_t n)
{
    if (n <= VALUE_BYTES) {
        return n;
    }
    n = VALUE_BYTES;
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

/* The tables' keys begin with the table's number, so that no two tables can have the same. */
static struct istr *make_key(struct groups *g, char table, const char *const *parts, unsigned n)
{
    char key[4 + KEY_PARTS * (VALUE_BYTES + sizeof "…")];
    size_t used = 0;
    if (table != 0) {
        key[used++] = table;
        key[used++] = '\0';
    }
    for (unsigned i = 0; i < n; i++) {
        size_t len = strlen(parts[i]);
        size_t fits = kept(parts[i], len);
        if (i > 0) {
            key[used++] = '\0';
        }
        memcpy(key + used, parts[i], fits);
        used += fits;
        if (fits < len) {
            memcpy(key + used, "…", strlen("…"));
            used += strlen("…");
        }
    }
    return intern(&g->strings, key, used);
}

static size_t list_size(const struct tallies *list)
{
    return sizeof *list + list->room * sizeof *list->at + MALLOC_OWN;
}

/* Room for one more. */
static struct tallies *list_room(struct groups *g, struct tallies *list)
{
    if (list != NULL && list->n < list->room) {
        return list;
    }
    uint32_t n = list != NULL ? list->n : 0;
    uint32_t room = n != 0 ? 2 * n : 1;
    if (list != NULL) {
        g->bytes -= list_size(list);
    }
    list = xrealloc(list, sizeof *list + room * sizeof *list->at);
    list->n = n;
    list->room = room;
    g->bytes += list_size(list);
    return list;
}

/* Adds to a list; takes the caller's reference to key. */
static void list_add(struct groups *g, struct group *group, enum list_id id, struct istr *key,
                     uint64_t count)
{
    struct tallies *list = group->lists[id];
    for (uint32_t i = 0; list != NULL && i < list->n; i++) {
        if (list->at[i].key == key) {
            list->at[i].count += count;
            intern_release(&g->strings, key);
            return;
        }
    }
    if (list != NULL && list->n >= list_limits[id]) {
        intern_release(&g->strings, key);
        key = intern(&g->strings, "other", strlen("other"));
        if (list->n > list_limits[id]) { /* the last is "other" already */
            list->at[list->n - 1].count += count;
            intern_release(&g->strings, key);
            return;
        }
    }
    list = list_room(g, list);
    list->at[list->n++] = (struct tally){key, count};
    group->lists[id] = list;
}

static void group_free(struct groups *g, struct group *group)
{
    for (unsigned id = 0; id < LISTS; id++) {
        struct tallies *list = group->lists[id];
        if (list == NULL) {
            continue;
        }
        for (uint32_t i = 0; i < list->n; i++) {
            intern_release(&g->strings, list->at[i].key);
        }
        g->bytes -= list_size(list);
        free(list);
    }
    group->key->owner = NULL;
    intern_release(&g->strings, group->key);
    g->bytes -= sizeof *group + MALLOC_OWN;
    free(group);
}

static void add_counter(struct group *group, enum counter counter, uint32_t n)
{
    uint32_t *at = &group->counters[counter];
    *at = *at > UINT32_MAX - n ? UINT32_MAX : *at + n;
}

/* Moves all that is in from into to, and frees it. */
static void merge(struct groups *g, struct group *to, struct group *from)
{
    to->count += from->count;
    to->first = from->first < to->first ? from->first : to->first;
    to->last = from->last > to->last ? from->last : to->last;
    for (unsigned i = 0; i < COUNTERS; i++) {
        add_counter(to, i, from->counters[i]);
    }
    for (unsigned id = 0; id < LISTS; id++) {
        struct tallies *list = from->lists[id];
        for (uint32_t i = 0; list != NULL && i < list->n; i++) {
            list_add(g, to, id, intern_keep(list->at[i].key), list->at[i].count);
        }
    }
    group_free(g, from);
}

static struct group *make_group(struct groups *g, struct group_table *table, struct istr *key,
                                int64_t time)
{
    struct group *made = xcalloc(1, sizeof *made);
    made->key = key;
    made->first = made->last = time;
    key->owner = made;
    g->bytes += sizeof *made + MALLOC_OWN;
    if (table->n == table->room) {
        table->room = table->room != 0 ? 2 * table->room : 64;
        table->at = xrealloc(table->at, table->room * sizeof(struct group *));
    }
    table->at[table->n++] = made;
    return made;
}

/* The least frequent first, of these the one that was not seen for longest. */
static int by_rarity(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a;
    const struct group *y = *(struct group *const *)b;
    if (x->count != y->count) {
        return x->count < y->count ? -1 : 1;
    }
    return x->last < y->last ? -1 : x->last > y->last;
}

static enum table_id largest(const struct groups *g)
{
    enum table_id id = PAIRS;
    for (unsigned i = 0; i < TABLES; i++) {
        id = g->tables[i].n > g->tables[id].n ? i : id;
    }
    return id;
}

/* A quarter of the largest table goes into its "other". */
static void shrink(struct groups *g)
{
    static const char *const other[KEY_PARTS] = {"other", "other", "other", "other", "other"};
    enum table_id id = largest(g);
    struct group_table *table = &g->tables[id];
    if (table->other == NULL) {
        struct istr *key = make_key(g, table_mark(id), other, key_parts[id]);
        table->other = key->owner;
        if (table->other == NULL) {
            table->other = make_group(g, table, key, table->at[0]->first);
        } else {
            intern_release(&g->strings, key);
        }
    }
    qsort(table->at, table->n, sizeof(struct group *), by_rarity);
    size_t kept_n = 0;
    size_t quarter = table->n / 4 + 1;
    for (size_t i = 0; i < table->n; i++) {
        struct group *group = table->at[i];
        if (i < quarter && group != table->other) {
            merge(g, table->other, group);
            table->merged++;
        } else {
            table->at[kept_n++] = group;
        }
    }
    table->n = kept_n;
}

void groups_init(struct groups *g, size_t limit)
{
    *g = (struct groups){.limit = limit};
}

struct group *groups_add(struct groups *g, enum table_id table, const char *const *parts,
                         int64_t time)
{
    while (g->bytes + g->strings.bytes > g->limit && g->tables[largest(g)].n > FEWEST) {
        shrink(g);
    }
    struct istr *key = make_key(g, table_mark(table), parts, key_parts[table]);
    struct group *group = key->owner;
    if (group != NULL) {
        intern_release(&g->strings, key);
    } else {
        group = make_group(g, &g->tables[table], key, time);
    }
    group->count++;
    group->first = time < group->first ? time : group->first;
    group->last = time > group->last ? time : group->last;
    return group;
}

const char *group_part(const struct group *group, unsigned i)
{
    return intern_part(group->key, i + 1);
}

void group_count(struct group *group, enum counter counter)
{
    add_counter(group, counter, 1);
}

void group_tally(struct groups *g, struct group *group, enum list_id list, const char *const *parts,
                 unsigned n)
{
    list_add(g, group, list, make_key(g, 0, parts, n), 1);
}

static int key_order(const struct istr *a, const struct istr *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->text, b->text, n);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int by_frequency(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a;
    const struct group *y = *(struct group *const *)b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return key_order(x->key, y->key);
}

void groups_sort(struct group_table *table)
{
    if (table->n == 0) {
        return;
    }
    qsort(table->at, table->n, sizeof(struct group *), by_frequency);
    for (size_t i = 0; i + 1 < table->n; i++) {
        if (table->at[i] == table->other) {
            memmove(&table->at[i], &table->at[i + 1], (table->n - i - 1) * sizeof(struct group *));
            table->at[table->n - 1] = table->other;
            break;
        }
    }
}

static int tally_order(const void *a, const void *b)
{
    const struct tally *x = a;
    const struct tally *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return key_order(x->key, y->key);
}

unsigned group_sort(struct group *group, enum list_id id)
{
    struct tallies *list = group->lists[id];
    if (list == NULL) {
        return 0;
    }
    bool more = list->n > list_limits[id];
    qsort(list->at, more ? list->n - 1 : list->n, sizeof *list->at, tally_order);
    return list->n;
}

void groups_free(struct groups *g)
{
    for (unsigned i = 0; i < TABLES; i++) {
        for (size_t k = 0; k < g->tables[i].n; k++) {
            group_free(g, g->tables[i].at[k]);
        }
        free(g->tables[i].at);
    }
    intern_free(&g->strings);
}
