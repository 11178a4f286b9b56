/* sweep: points the slots of loaded objects to functions that are bound to the libpq (or the C library)
 * that they lead to.
 *
 * An object that another thread is just opening is listed before it is relocated. So each sweep first
 * notes what there is (objects_state), waits until all of it is there as a whole, and then works only
 * as long as nothing has come or gone since; else it begins again. Only the walk and the writing run
 * under the loader's lock: what decides where a slot leads asks the dynamic linker itself. */
#include "shim/dynlink/sweep.h"

#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
#include "shim/dynlink/hold.h"
#include "shim/dynlink/hooked.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/lock.h"
#include "shim/dynlink/real.h"
#include "shim/dynlink/slot.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

bool sweep_pending;
bool sweep_had_deep;
static unsigned deep_opens;              /* under way, or jumped to and not yet swept up after */
static __thread unsigned own_deep_opens; /* of these, this thread's */
static uint64_t swept;                   /* objects_state() at the end of the last sweep */
static bool swept_everything;
static unsigned last;

/* One slot that may have to be rewritten. */
struct item {
    struct object o;
    struct import import;
    void *holds;
    void *replacement; /* NULL: it stays */
    size_t owner;      /* of work.objects */
    unsigned char hook;
};

enum { ITEMS = 2048, OBJECTS = 1024 };

/* Too large for the stack of whoever opens something. */
struct work {
    uint64_t state;
    const struct object *walked;
    size_t next;
    size_t nobjects;
    size_t nitems;
    size_t nlibpqs;
    struct {
        void *map;
        void *space;
        void *handle;
    } libpqs[2 * LINKED_LIBPQS];
    bool full;
    bool again; /* something may have joined the global scope: slots that the dynamic linker would
                        not have bound yet may have to lead elsewhere */
    bool everything; /* slots of libpq's functions in plainly opened objects, too */
    struct {
        struct known known;
        bool open;    /* a slot of it could not be decided about, or did not fit */
        bool lazy;    /* a slot of it was not bound yet */
        bool changed; /* a slot of it is to be rewritten */
        bool used;    /* an item is one of its slots */
        void *handle; /* it is held by this */
        int error;
        unsigned char failed; /* the hook of the slot that could not be written */
        char name[256];
    } objects[OBJECTS];
    struct item items[ITEMS];
};

void sweep_opening(bool deep)
{
    if (deep) {
        own_deep_opens++;
        __atomic_store_n(&sweep_had_deep, true, __ATOMIC_RELAXED);
        __atomic_fetch_add(&deep_opens, 1, __ATOMIC_ACQ_REL);
    }
    __atomic_store_n(&sweep_pending, true, __ATOMIC_RELEASE);
}

static void end_opens(void)
{
    __atomic_fetch_sub(&deep_opens, own_deep_opens, __ATOMIC_ACQ_REL);
    own_deep_opens = 0;
}

void sweep_failed(void)
{
    end_opens();
}

unsigned sweep_last(void)
{
    return __atomic_load_n(&last, __ATOMIC_ACQUIRE);
}

/* --- what there is to look at */

static bool count_libpq(struct known *k, void *data)
{
    if (k->libpq && k->space == NULL) {
        ++*(size_t *)data;
    }
    return false;
}

static bool has_hidden(struct known *k, void *data)
{
    (void)data;
    return (k->sweep == 0 || k->open) && (k->deep || k->space != NULL);
}

static bool choose(struct known *k, void *data)
{
    struct work *w = data;
    if ((k->sweep == 0 || k->open || (k->lazy && w->again)) &&
        (w->everything || k->deep || k->space != NULL)) {
        w->full = w->full || w->nobjects == OBJECTS;
        if (w->nobjects < OBJECTS) {
            w->objects[w->nobjects].open = false;
            w->objects[w->nobjects].lazy = false;
            w->objects[w->nobjects].changed = false;
            w->objects[w->nobjects].used = false;
            w->objects[w->nobjects].handle = NULL;
            w->objects[w->nobjects].error = 0;
            w->objects[w->nobjects++].known = *k;
        }
    }
    return false;
}

static bool note(const struct import *import, void *data)
{
    struct work *w = data;
    const struct known *k = &w->objects[w->next].known;
    if (import->name[0] != 'P' && import->name[0] != 'd') {
        return false;
    }
    size_t hook = hooked_find(import->name);
    void *holds = __atomic_load_n(import->slot, __ATOMIC_RELAXED);
    if (hook == HOOKED || holds == NULL ||
        (linkage_is_stub(holds) && !(k->lazy && w->again && linkage_row_of(holds) != 0)) ||
        (hooked[hook].column == NO_COLUMN && !k->deep && k->space == NULL)) {
        return false;
    }
    if (w->nitems == ITEMS) {
        w->full = true;
        w->objects[w->next].open = true;
        return true;
    }
    w->objects[w->next].used = true;
    w->items[w->nitems++] = (struct item){.o = *w->walked,
                                          .import = *import,
                                          .holds = holds,
                                          .owner = w->next,
                                          .hook = (unsigned char)hook};
    return false;
}

static bool collect(const struct object *o, void *data)
{
    struct work *w = data;
    for (size_t i = 0; i < w->nobjects; i++) {
        const struct known *k = &w->objects[i].known;
        if (k->dyn == o->dyn && k->map == o->map && k->space == o->space) {
            if (!object_is_self(o)) {
                w->next = i;
                w->walked = o;
                strbuf_copy(w->objects[i].name, sizeof w->objects[i].name, o->name);
                object_each_import(o, note, w);
            }
            break;
        }
    }
    return false;
}

/* What is worked on stays until that is done, and so do the libpqs. */
static bool note_libpq(struct known *k, void *data)
{
    struct work *w = data;
    if (k->libpq && w->nlibpqs < ARRAY_LEN(w->libpqs)) {
        w->libpqs[w->nlibpqs].map = k->map;
        w->libpqs[w->nlibpqs++].space = k->space;
    }
    return false;
}

static void hold_all(struct work *w)
{
    known_each(note_libpq, w);
    for (size_t i = 0; i < w->nlibpqs; i++) {
        w->libpqs[i].handle = hold(w->libpqs[i].map, w->libpqs[i].space);
    }
    for (size_t i = 0; i < w->nobjects; i++) {
        const struct known *k = &w->objects[i].known;
        w->objects[i].handle = w->objects[i].used ? hold(k->map, k->space) : NULL;
    }
}

static void end_holds(struct work *w)
{
    for (size_t i = 0; i < w->nobjects; i++) {
        hold_end(w->objects[i].handle);
    }
    for (size_t i = 0; i < w->nlibpqs; i++) {
        hold_end(w->libpqs[i].handle);
    }
}

static void decide(struct work *w)
{
    for (size_t i = 0; i < w->nitems; i++) {
        struct item *item = &w->items[i];
        const struct hooked_slot slot = {.o = &item->o,
                                         .known = &w->objects[item->owner].known,
                                         .import = &item->import,
                                         .holds = item->holds,
                                         .hook = item->hook};
        bool unbound = false;
        bool open = false;
        item->replacement = hooked_target(&slot, &unbound, &open);
        w->objects[item->owner].lazy |= unbound;
        w->objects[item->owner].open |= open;
    }
}

/* --- writing */

static bool write_items(const struct object *first, void *data)
{
    struct work *w = data;
    uint64_t mask;
    (void)first;
    if (objects_state() != w->state) {
        w->state = 0;
        return true;
    }
    lock_take(&mask);
    for (size_t i = 0; i < w->nitems; i++) {
        const struct item *item = &w->items[i];
        if (item->replacement != NULL &&
            !slot_write(&item->o, item->import.slot, item->holds, item->replacement)) {
            w->objects[item->owner].error = errno;
            w->objects[item->owner].failed = item->hook;
        }
    }
    lock_give(&mask);
    return true;
}

static bool mark(struct known *k, void *data)
{
    const struct work *w = data;
    for (size_t i = 0; i < w->nobjects; i++) {
        if (w->objects[i].known.dyn == k->dyn && w->objects[i].known.map == k->map) {
            /* Of a slot that was not bound yet: another thread may be just binding it, over this. */
            k->open = w->objects[i].open || (w->objects[i].lazy && w->objects[i].changed);
            k->lazy = k->lazy || w->objects[i].lazy;
            k->sweep = k->sweep == 0 || w->objects[i].changed ? last : k->sweep;
        }
    }
    return false;
}

enum outcome { SWEPT, MORE, CHANGED };

static enum outcome try_once(struct work *w, bool everything, bool *rewritten)
{
    memset(w, 0, offsetof(struct work, objects));
    w->everything = everything;
    w->again = real_global_has_grown();
    w->state = objects_state();
    objects_settled();
    known_update(__atomic_load_n(&deep_opens, __ATOMIC_ACQUIRE) > 0);
    known_each(choose, w);
    objects_everywhere(collect, w);
    hold_all(w);
    uint64_t state = w->state;
    if (objects_state() == state) { /* what was collected is there, and held */
        decide(w);
        objects_each(write_items, w);
    } else {
        w->state = 0;
    }
    end_holds(w);
    if (w->state == 0) {
        return CHANGED;
    }
    bool news = false;
    for (size_t i = 0; i < w->nitems; i++) {
        bool changed =
            w->items[i].replacement != NULL && w->items[i].replacement != w->items[i].holds;
        w->objects[w->items[i].owner].changed |= changed;
        *rewritten = *rewritten || changed;
    }
    for (size_t i = 0; i < w->nobjects; i++) {
        news = news || w->objects[i].known.sweep == 0 || w->objects[i].changed;
    }
    if (news) {
        __atomic_fetch_add(&last, 1, __ATOMIC_ACQ_REL);
        known_each(mark, w);
    }
    for (size_t i = 0; i < w->nobjects; i++) {
        if (w->objects[i].error != 0) {
            slot_report(w->objects[i].name, hooked[w->objects[i].failed].name, w->objects[i].error);
        }
    }
    __atomic_store_n(&swept, state, __ATOMIC_RELEASE);
    return w->full ? MORE : SWEPT;
}

/* Whether there is anything to look at: most processes have neither. */
static bool worth_it(bool before_open, bool *everything)
{
    size_t libpqs = 0;
    known_each(count_libpq, &libpqs);
    *everything = libpqs > (before_open ? 0 : 1);
    return *everything || known_each(has_hidden, NULL);
}

bool sweep(enum sweep_reason reason)
{
    bool before_open = reason == SWEEP_BEFORE_OPEN;
    bool everything = false;
    bool rewritten = false;
    int saved_errno = errno;
    uint64_t state = objects_state();
    __atomic_store_n(&sweep_pending, false, __ATOMIC_RELEASE);
    if (state != __atomic_load_n(&swept, __ATOMIC_ACQUIRE) ||
        (before_open && !__atomic_load_n(&swept_everything, __ATOMIC_RELAXED))) {
        known_update(__atomic_load_n(&deep_opens, __ATOMIC_ACQUIRE) > 0);
        if (!worth_it(before_open, &everything)) {
            __atomic_store_n(&swept, state, __ATOMIC_RELEASE);
        } else {
            struct work *w =
                mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            enum outcome outcome = MORE;
            for (int tries = 0; w != MAP_FAILED && outcome != SWEPT && tries < 8; tries++) {
                outcome = try_once(w, everything, &rewritten);
            }
            if (w != MAP_FAILED) {
                munmap(w, sizeof *w);
            }
            if (outcome != SWEPT) { /* the next call goes on with it */
                __atomic_store_n(&sweep_pending, true, __ATOMIC_RELEASE);
            }
        }
        __atomic_store_n(&swept_everything, before_open, __ATOMIC_RELAXED);
    }
    end_opens();
    errno = saved_errno;
    return rewritten;
}
