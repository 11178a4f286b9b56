/* rewrite: points slots of loaded objects to stubs.
 *
 * Other threads open and close objects meanwhile, and an object is listed before it is relocated.
 * So an object with slots of interest is first held (hold.h): then it is relocated, and stays
 * loaded. Then its slots are read. The walks and the writing run under the loader's lock. Deciding
 * where a slot leads does not, because it asks the dynamic linker. */
#include "shim/dynlink/rewrite.h"

#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
#include "lib/os/sys.h"
#include "shim/dynlink/hold.h"
#include "shim/dynlink/hooked.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/opens.h"
#include "shim/dynlink/reach.h"
#include "shim/dynlink/slot.h"

#include <errno.h>
#include <string.h>

static unsigned last;
static bool global_grew;

/* An object whose slots are read. */
struct subject {
    struct known known;
    struct object o;
    bool open;    /* for a slot of it nothing could be decided, or there was no room */
    bool lazy;    /* a slot of it was not bound yet */
    bool changed; /* a slot of it is to be rewritten */
    bool used;    /* it has slots to look at */
    bool settled; /* a slot of it has shown how it was opened */
    bool program; /* it is always there, and needs no hold */
    void *handle; /* it is held by this */
    int error;
    size_t failed; /* index in hooked[]: the slot that could not be written */
    char name[256];
};

/* One slot that may have to be rewritten. */
struct item {
    struct hooked_slot slot;
    struct subject *owner;
    void *replacement; /* NULL: it stays */
};

enum { FIRST_OBJECTS = 512, ITEMS_FOR_EACH = 4 };

struct work {
    uint64_t state;          /* objects_state() before */
    unsigned number;         /* of this sweep, if it found something new */
    bool stable;             /* nothing has come or gone since */
    struct subject *subject; /* whose slots are read */
    size_t nobjects;
    size_t nitems;
    size_t nlibpqs;
    struct {
        struct known known;
        void *handle;
    } libpqs[2 * LINKED_LIBPQS];
    bool full;
    bool unsure; /* an object could not be held, or where a slot leads is not known yet */
    bool again;  /* the global scope may have grown: a slot that was rewritten before the dynamic
                    linker bound it may have to lead elsewhere */
    bool everything; /* libpq's functions in plainly opened objects, too */
    size_t room;     /* for so many objects, and for so many items for each */
    struct subject *objects;
    struct item *items;
};

void rewrite_global_grew(void)
{
    __atomic_store_n(&global_grew, true, __ATOMIC_RELAXED);
}

unsigned rewrite_last(void)
{
    return __atomic_load_n(&last, __ATOMIC_ACQUIRE);
}

/* --- which slots there are */

static bool choose(struct known *k, void *data)
{
    struct work *w = data;
    if ((k->sweep == 0 || k->open || (k->lazy && w->again)) &&
        (w->everything || k->depth != PLAIN || k->space != NULL)) {
        w->full = w->full || w->nobjects == w->room;
        if (w->nobjects < w->room) {
            w->objects[w->nobjects++] = (struct subject){.known = *k};
        }
    }
    return false;
}

/* The subject that o is; NULL: none. */
static struct subject *find_subject(const struct work *w, const struct object *o)
{
    for (size_t i = 0; i < w->nobjects; i++) {
        if (known_is(&w->objects[i].known, o)) {
            return &w->objects[i];
        }
    }
    return NULL;
}

/* The index in hooked[] of an import whose slot may have to be rewritten, else HOOKS. */
static size_t find_hook(const struct known *k, const struct import *import)
{
    size_t hook = hooked_find(import->name);
    return hook != HOOKS && hooked[hook].column == NO_COLUMN && k->depth == PLAIN &&
                   k->space == NULL
               ? HOOKS
               : hook;
}

static bool is_used(const struct import *import, void *data)
{
    return find_hook(data, import) != HOOKS;
}

static bool note_odd(const struct import *import, void *data)
{
    struct subject *subject = data;
    size_t hook = find_hook(&subject->known, import);
    if (hook != HOOKS) {
        subject->error = ENOTSUP;
        subject->failed = hook;
    }
    return subject->error != 0;
}

static bool find_used(const struct object *o, void *data)
{
    struct subject *s = find_subject(data, o);
    if (s != NULL && !object_is_self(o)) {
        s->used = object_each_import(o, is_used, &s->known);
        s->program = o->name[0] == '\0' && o->space == NULL;
        strbuf_copy(s->name, sizeof s->name, o->name);
        if (s->known.sweep == 0 && (s->known.depth != PLAIN || o->space != NULL)) {
            object_each_odd_import(o, note_odd, s);
        }
    }
    return false;
}

static bool note_libpq(struct known *k, void *data)
{
    struct work *w = data;
    if (k->libpq && w->nlibpqs < ARRAY_LEN(w->libpqs)) {
        w->libpqs[w->nlibpqs++].known = *k;
    }
    return false;
}

/* Holds the objects with slots of interest, and the libpqs. For an object that cannot be held (its
 * path contains a $), no object may come or go meanwhile: w->stable. */
static void hold_all(struct work *w)
{
    known_each(note_libpq, w);
    for (size_t i = 0; i < w->nlibpqs; i++) {
        w->libpqs[i].handle = hold(&w->libpqs[i].known);
    }
    for (size_t i = 0; i < w->nobjects; i++) {
        struct subject *s = &w->objects[i];
        s->handle = s->used && !s->program ? hold(&s->known) : NULL;
    }
    objects_settled();
    w->stable = objects_state() == w->state;
    if (w->stable) {
        known_settled();
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

static bool note(const struct import *import, void *data)
{
    struct work *w = data;
    struct subject *s = w->subject;
    size_t hook = find_hook(&s->known, import);
    void *holds = import_holds(import);
    unsigned row = holds != NULL ? linkage_row_of(holds) : 0;
    bool anew =
        (s->known.lazy && w->again && row != 0) || (s->known.open && row == LINKED_LIBPQS + 1);
    if (hook == HOOKS || holds == NULL || (linkage_is_stub(holds) && !anew)) {
        return false;
    }
    if (w->nitems == w->room * ITEMS_FOR_EACH) {
        w->full = true;
        s->open = true;
        return true;
    }
    const struct hooked_slot slot = {
        .o = &s->o, .known = &s->known, .import = *import, .holds = holds, .hook = hook};
    w->items[w->nitems++] = (struct item){.slot = slot, .owner = s};
    return false;
}

static bool collect(const struct object *o, void *data)
{
    struct work *w = data;
    struct subject *s = find_subject(w, o);
    if (s != NULL && s->used) {
        w->subject = s;
        s->o = *o;
        if (s->program || s->handle != NULL || w->stable) {
            object_each_import(o, note, w);
        } else {
            s->open = true;
            w->unsure = true;
        }
    }
    return false;
}

static bool mark_depth(struct known *k, void *data)
{
    const struct work *w = data;
    for (size_t i = 0; i < w->nobjects; i++) {
        const struct subject *s = &w->objects[i];
        if (s->settled && s->known.dyn == k->dyn && s->known.map == k->map) {
            k->depth = s->known.depth;
        }
    }
    return false;
}

/* What the dynamic linker has bound tells how an object was opened; the announcements may be out of
 * date. */
static void settle(struct work *w)
{
    bool settled = false;
    for (size_t i = 0; i < w->nitems; i++) {
        struct subject *s = w->items[i].owner;
        s->settled = s->settled || hooked_depth(&w->items[i].slot, &s->known.depth);
        settled = settled || s->settled;
    }
    if (settled) {
        known_each(mark_depth, w);
    }
}

static void decide(struct work *w)
{
    settle(w);
    for (size_t i = 0; i < w->nitems; i++) {
        struct item *item = &w->items[i];
        bool unbound = false;
        bool open = false;
        item->replacement = hooked_target(&item->slot, &unbound, &open);
        item->owner->lazy |= unbound;
        item->owner->open |= open;
        w->unsure |= open && item->replacement != NULL;
    }
}

/* --- writing */

static void write_all(struct work *w, bool *rewritten)
{
    for (size_t i = 0; i < w->nitems; i++) {
        const struct hooked_slot *slot = &w->items[i].slot;
        struct subject *s = w->items[i].owner;
        void *replacement = w->items[i].replacement;
        if (replacement == NULL || replacement == slot->holds) {
            continue;
        }
        int error = slot_write(slot->o, slot->import.slot, slot->holds, replacement);
        /* Report the first of them in hooks.def: entry points come first there. */
        if (error != 0 && (s->error == 0 || slot->hook < s->failed)) {
            s->failed = slot->hook;
            s->error = error;
        }
        s->changed = true;
        *rewritten = true;
    }
}

/* Nothing is held by now, and some objects never were: another thread may have closed one, and
 * opened another at the same address. If the table has that one already, it stays unread there. */
static bool mark(struct known *k, void *data)
{
    const struct work *w = data;
    for (size_t i = 0; i < w->nobjects; i++) {
        const struct subject *s = &w->objects[i];
        if (s->known.dyn == k->dyn && s->known.map == k->map && s->known.came == k->came) {
            /* Another thread may just be binding a lazy slot, and overwrite it: read it again. */
            k->open = s->open || (s->lazy && s->changed) || s->known.suspected != k->suspected;
            k->lazy = k->lazy || s->lazy;
            k->sweep = k->sweep == 0 || s->changed ? w->number : k->sweep;
        }
    }
    return false;
}

static void rewrite_some(struct work *w, bool *rewritten)
{
    w->again = __atomic_load_n(&global_grew, __ATOMIC_RELAXED);
    w->state = objects_state();
    known_update();
    known_each(choose, w);
    objects_everywhere(find_used, w);
    hold_all(w);
    objects_everywhere(collect, w);
    decide(w);
    write_all(w, rewritten);
    end_holds(w);
    bool news = false;
    for (size_t i = 0; i < w->nobjects; i++) {
        news = news || w->objects[i].known.sweep == 0 || w->objects[i].changed;
    }
    if (news) {
        w->number = __atomic_add_fetch(&last, 1, __ATOMIC_ACQ_REL);
        known_each(mark, w);
    }
    for (size_t i = 0; i < w->nobjects; i++) {
        const struct subject *s = &w->objects[i];
        if (s->error != 0) {
            slot_report(s->name, hooked[s->failed].name, s->error);
        }
    }
}

/* The memory is not on the stack, which may be small. If it is full, all is done again with twice
 * as much. */
bool rewrite_all(bool everything, bool *rewritten)
{
    size_t room = FIRST_OBJECTS;
    bool more = true;
    for (int tries = 0; more && tries < 32; tries++) {
        struct work w = {.everything = everything, .room = room};
        size_t objects = room * sizeof *w.objects;
        size_t size = objects + room * ITEMS_FOR_EACH * sizeof *w.items;
        char *memory = sys_map(size);
        if (memory == NULL) {
            return false;
        }
        w.objects = (struct subject *)(void *)memory;
        w.items = (struct item *)(void *)(memory + objects);
        rewrite_some(&w, rewritten);
        sys_unmap(memory, size);
        more = w.full || (w.unsure && !w.stable); /* if nothing changes, neither does the answer */
        room *= w.full ? 2 : 1;
    }
    return !more;
}
