/* known: a table of the loaded objects: how each came in, and whether its slots were rewritten. */
#include "shim/dynlink/known.h"

#include "lib/os/sys.h"
#include "shim/dynlink/lock.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { FIRST_ROOM = 512 };

static struct known first_table[FIRST_ROOM];
static struct known *table; /* first_table, then a larger one */
static size_t room;
static size_t count;
static unsigned lot;          /* the number for objects that this update finds */
static bool closed;           /* the lot is complete: the next update begins another one */
static enum depth last_depth; /* of the last new object */
static unsigned walks;
static uint32_t gone; /* how many objects had been unloaded by the last update, modulo 2^32 */

bool known_is_libpq(const struct object *o)
{
    return object_symbol(o, "PQconnectStartParams") != NULL &&
           object_symbol(o, "PQlibVersion") != NULL && object_symbol(o, "PQfinish") != NULL &&
           !object_is_self(o);
}

bool known_is_old_libpq(const struct object *o)
{
    return object_symbol(o, "PQconnectStartParams") == NULL &&
           object_symbol(o, "PQconnectStart") != NULL && object_symbol(o, "PQfinish") != NULL &&
           object_symbol(o, "PQexec") != NULL && !object_is_self(o);
}

/* Doubles the room, and unmaps the old table unless it is first_table. */
static bool grow(void)
{
    if (room == 0) {
        table = first_table;
        room = FIRST_ROOM;
        return true;
    }
    struct known *bigger = sys_map(2 * room * sizeof *table);
    if (bigger == NULL) {
        return false;
    }
    struct known *old = table;
    size_t size = room * sizeof *table;
    memcpy(bigger, table, count * sizeof *table);
    table = bigger; /* before room: the child of a fork may take this over half done */
    room *= 2;
    if (old != first_table) {
        sys_unmap(old, size);
    }
    return true;
}

struct update {
    uint64_t mask;
    bool locked;
    uint32_t gone;
    size_t n; /* so many entries are in the order of this walk */
    bool whole;
};

/* If objects were unloaded, this one may be another, at the same address: its slots are read again,
 * and show how it was opened. New objects may belong to it, so all lots become one. */
static void suspect(struct known *k)
{
    bool deep = __atomic_load_n(&opens_had_deep, __ATOMIC_RELAXED);
    k->open = true;
    k->suspected = walks;
    if (k->lot != 0) {
        k->lot = 1;
        k->depth = k->depth == PLAIN && deep ? PROBABLY_PLAIN : k->depth;
    }
}

/* The table's lock is taken in the callback, because the loader's lock must come first. The lot
 * stays open while another thread's open may be half done. */
static void begin(struct update *u)
{
    lock_take(&u->mask);
    u->locked = true;
    lot += closed ? 1 : 0;
    last_depth = closed ? PLAIN : last_depth;
    __atomic_store_n(&walks, walks + 1, __ATOMIC_RELEASE);
    for (size_t i = 0; i < count && u->gone != gone; i++) {
        suspect(&table[i]);
    }
    if (u->gone != gone && lot > 1) {
        lot = 1;
    }
    closed = !opens_of_others();
    gone = u->gone;
}

/* The entry of o among those that this walk has not met yet, or NULL. */
static struct known *find_entry(const struct update *u, const struct object *o)
{
    for (size_t i = u->n; i < count; i++) {
        if (known_is(&table[i], o)) {
            return &table[i];
        }
    }
    return NULL;
}

static bool is_named_so(const char *file, void *path)
{
    return opens_same_file(file, path);
}

/* Whether an object of the current lot that may have been opened with RTLD_DEEPBIND, and comes
 * before o in the list, needs a file of o's name, or cannot be asked. */
static bool is_needed(const struct update *u, const struct object *o)
{
    bool needed = false;
    for (size_t i = 0; i < u->n && last_depth >= EITHER && !needed; i++) {
        const struct known *k = &table[i];
        if (k->lot == lot && k->depth >= EITHER && k->space == o->space) {
            struct object other = k->map != NULL ? object_of_map(k->map) : (struct object){0};
            needed = other.map == NULL ||
                     object_each_needed(&other, is_named_so, (void *)(uintptr_t)o->name);
        }
    }
    return needed;
}

static bool update_one(const struct object *o, void *data)
{
    struct update *u = data;
    if (!u->locked) {
        begin(u);
    }
    struct known *k = find_entry(u, o);
    if (k == NULL && (count < room || grow())) {
        last_depth = opens_depth(o->name, last_depth, is_needed(u, o));
        k = &table[count++];
        *k = (struct known){.dyn = o->dyn,
                            .map = o->map,
                            .space = o->space,
                            .lot = lot,
                            .came = walks,
                            .depth = last_depth,
                            .libpq = known_is_libpq(o)};
    }
    if (k == NULL) {
        u->whole = false;
        return false;
    }
    struct known other = table[u->n];
    table[u->n++] = *k;
    *k = other;
    return false;
}

bool known_update(void)
{
    struct update u = {.gone = (uint32_t)objects_state(), .whole = true};
    int saved_errno = errno;
    objects_everywhere(update_one, &u);
    if (u.locked) {
        count = u.n;
        lock_give(&u.mask);
    }
    errno = saved_errno;
    return u.whole;
}

void known_settled(void)
{
    uint64_t mask;
    lock_take(&mask);
    closed = true;
    lock_give(&mask);
}

bool known_each(bool (*fn)(struct known *k, void *data), void *data)
{
    bool stopped = false;
    uint64_t mask;
    lock_take(&mask);
    for (size_t i = 0; i < count && !stopped; i++) {
        stopped = fn(&table[i], data);
    }
    lock_give(&mask);
    return stopped;
}

unsigned known_so_far(void)
{
    if (__atomic_load_n(&opens_pending, __ATOMIC_ACQUIRE)) {
        return UINT_MAX;
    }
    /* The first walk comes before the first open (sweep_before_open). */
    unsigned n = __atomic_load_n(&walks, __ATOMIC_ACQUIRE);
    return n > 0 ? n : 1;
}

bool known_find(const ElfW(Dyn) * dyn, struct known *k)
{
    bool found = false;
    uint64_t mask;
    lock_take(&mask);
    for (size_t i = 0; i < count && !found; i++) {
        found = table[i].dyn == dyn;
        *k = found ? table[i] : *k;
    }
    lock_give(&mask);
    return found;
}
