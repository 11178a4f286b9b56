/* linkage: the rows of the libpqs, and of the C libraries of other namespaces; and the rewriting of
 * each libpq's own slots. */
#include "shim/dynlink/linkage.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/startup.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/reach.h"
#include "shim/dynlink/slot.h"

#include <errno.h>
#include <string.h>

enum need { ALWAYS, ELSEWHERE };

static const struct {
    char name[32]; /* no pointer: no relocation at start */
    unsigned char need;
    unsigned short offset;
} slots[] = {
#define LIBPQ_SLOT(name, need, result, parameters, arguments)                                      \
    {#name, need, offsetof(struct linked, real.name)},
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
};

static struct linked rows[LINKED_LIBPQS];
START_DATA static const struct linkage_stubs *stubs;

AT_START void linkage_use(const struct linkage_stubs *used)
{
    __atomic_store_n(&stubs, used, __ATOMIC_RELAXED);
}

const struct linkage_stubs *linkage_stubs(void)
{
    return __atomic_load_n(&stubs, __ATOMIC_RELAXED);
}

struct linked *linkage_row(unsigned row)
{
    return row <= LINKED_LIBPQS ? &rows[row - 1] : NULL;
}

struct linked *linkage_at(const void *address)
{
    struct object o;
    const void *base = object_of(address, &o) ? o.dyn : NULL;
    struct linked *first = &rows[0];
    for (size_t i = 0; i < LINKED_LIBPQS; i++) {
        const void *there = __atomic_load_n(&rows[i].base, __ATOMIC_ACQUIRE);
        if (there != NULL && there == base) {
            return &rows[i];
        }
        if (there != NULL && first->base == NULL) {
            first = &rows[i];
        }
    }
    return first;
}

size_t linkage_index(const struct linked *l)
{
    return (size_t)(l - rows);
}

const void *linkage_bound(unsigned row)
{
    return row <= LINKED_LIBPQS ? __atomic_load_n(&rows[row - 1].base, __ATOMIC_ACQUIRE) : rows;
}

static void *stub_at(const unsigned char *table, size_t n)
{
    return pointer((uintptr_t)table + n * linkage_stubs()->size);
}

/* The number of the stub at address in a table of `many` stubs; `many` if it is none of them. */
static size_t stub_number(const unsigned char *table, size_t many, const void *address)
{
    size_t n = ((uintptr_t)address - (uintptr_t)table) / linkage_stubs()->size;
    return table != NULL && n < many ? n : many;
}

void *linkage_stub(const struct linked *l, size_t column)
{
    size_t row = l != NULL ? linkage_index(l) : LINKED_LIBPQS;
    return stub_at(linkage_stubs()->hooks, row * COLUMNS + column);
}

unsigned linkage_row_of(const void *address)
{
    enum { ALL = (LINKED_LIBPQS + 1) * COLUMNS };
    size_t n = stub_number(linkage_stubs()->hooks, ALL, address);
    return n < ALL ? (unsigned)(n / COLUMNS) + 1 : 0;
}

enum { ALL_SLOTS = LINKED_LIBPQS * LIBPQ_SLOTS };

static void **real_of(struct linked *l, size_t slot)
{
    return (void **)(void *)((char *)l + slots[slot].offset);
}

static void *get_real(struct linked *l, size_t slot)
{
    return __atomic_load_n(real_of(l, slot), __ATOMIC_ACQUIRE);
}

/* Threads that connect at once find the same value. The second one writes nothing, since the first
 * may already be inside libpq. */
static void set_real(struct linked *l, size_t slot, void *real)
{
    void *old = get_real(l, slot);
    if (old != real) {
        __atomic_compare_exchange_n(real_of(l, slot), &old, real, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE);
    }
}

/* The real function behind address, if that is a stub for a libpq's own slot; else NULL. */
static void *behind_stub(const void *address, size_t slot)
{
    size_t n = stub_number(linkage_stubs()->slots, ALL_SLOTS, address);
    return n < ALL_SLOTS ? get_real(&rows[n / LIBPQ_SLOTS], slot) : NULL;
}

/* --- a libpq's own slots */

struct work {
    const struct object *o;
    struct linked *l;
    bool sure; /* the targets of all slots are known */
    bool has[LIBPQ_SLOTS];
    int error[LIBPQ_SLOTS]; /* errno of a slot that could not be rewritten */
};

/* Where a slot of o with these contents would lead without pgseal; NULL and *sure as reach() has
 * them. */
static void *original(const struct object *o, const struct import *import, size_t slot, void *holds,
                      bool *sure)
{
    struct object target;
    void *real = behind_stub(holds, slot);
    if (real == NULL && object_of(holds, &target) && target.dyn == o->dyn &&
        holds != object_symbol(o, slots[slot].name)) {
        /* not bound yet: it leads to o's own PLT, and from there to the dynamic linker */
        return reach(o, slots[slot].name, object_import_version(o, import->symbol), sure);
    }
    return real != NULL ? real : holds;
}

static bool rewrite_slot(const struct import *import, void *data)
{
    struct work *w = data;
    size_t i = 0;
    while (i < LIBPQ_SLOTS && strncmp(slots[i].name, import->name, sizeof slots[i].name) != 0) {
        i++;
    }
    if (i == LIBPQ_SLOTS) {
        return false;
    }
    void *stub = stub_at(linkage_stubs()->slots, linkage_index(w->l) * LIBPQ_SLOTS + i);
    void *holds = import_holds(import);
    bool sure = true;
    void *real = original(w->o, import, i, holds, &sure);
    if (real != NULL) {
        w->has[i] = true;
        set_real(w->l, i, real);
        int error = holds != stub ? slot_write(w->o, import->slot, holds, stub) : 0;
        w->error[i] = error != 0 ? error : w->error[i];
    } else if (!sure) {
        w->error[i] = EBUSY;
        w->sure = false;
    }
    return false;
}

/* Returns false if a slot's target cannot be determined; until it can, the slot counts as
 * failed. */
static bool rewrite(const struct object *o, struct linked *l)
{
    struct work w = {.o = o, .l = l, .sure = true};
    object_each_import(o, rewrite_slot, &w);
    for (size_t i = 0; i < LIBPQ_SLOTS; i++) {
        unsigned bit = 1U << i;
        if (!w.has[i]) { /* the row's previous libpq may have had it */
            set_real(l, i, NULL);
        }
        if (w.error[i] != 0 && (__atomic_fetch_or(&l->failed, bit, __ATOMIC_RELAXED) & bit) == 0) {
            slot_report(o->name, slots[i].name, w.error[i]);
        } else if (w.error[i] == 0 && w.has[i]) {
            __atomic_fetch_and(&l->failed, ~bit, __ATOMIC_RELAXED);
        }
    }
    return w.sure;
}

/* The row of this libpq, else a free one, else one whose libpq was unloaded; NULL: none. */
static struct linked *row_of(const void *base)
{
    struct object o;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < LINKED_LIBPQS; i++) {
            const void *there = __atomic_load_n(&rows[i].base, __ATOMIC_ACQUIRE);
            if (there == base) {
                return &rows[i];
            }
            bool free = pass == 0 ? there == NULL : !object_of(there, &o) || o.dyn != there;
            if (free && __atomic_compare_exchange_n(&rows[i].base, &there, base, false,
                                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                __atomic_store_n(&rows[i].failed, 0, __ATOMIC_RELAXED);
                there = base;
            }
            if (there == base) { /* by this thread, or by another one meanwhile */
                return &rows[i];
            }
        }
    }
    return NULL;
}

struct linked *linkage_libpq(const struct object *libpq)
{
    int saved_errno = errno;
    struct linked *l = row_of(libpq->dyn);
    uint64_t state = objects_state();
    if (l != NULL && __atomic_load_n(&l->state, __ATOMIC_ACQUIRE) != state) {
        __atomic_store_n(&l->state, rewrite(libpq, l) ? state : 0, __ATOMIC_RELEASE);
    }
    errno = saved_errno;
    return l;
}

bool linkage_refuses(const struct linked *libpq, char *reason, size_t size)
{
    if (libpq == NULL) {
        strbuf_copy(reason, size, "more copies of libpq are loaded than pgseal can tell apart");
        return true;
    }
    for (size_t i = 0; i < LIBPQ_SLOTS; i++) {
        if (slots[i].need == ALWAYS && linked_failed(libpq, (enum libpq_slot)i)) {
            strbuf_join(reason, size, "libpq's calls to ", slots[i].name,
                        " cannot be intercepted; the log has the reason");
            return true;
        }
    }
    return false;
}

/* --- the C libraries of other namespaces */

static struct {
    const void *base; /* the C library's dynamic section */
    void *real[LOADER_STUBS];
} loaders[LINKED_SPACES];

void *const *linkage_loader(unsigned row)
{
    return loaders[row != 0 ? row - 1 : 0].real;
}

void *linkage_loader_stub(enum loader_function function, void *fn)
{
    struct object library;
    struct object o;
    if (!object_of(fn, &library)) {
        return NULL;
    }
    for (size_t i = 0; i < LINKED_SPACES; i++) {
        const void *there = __atomic_load_n(&loaders[i].base, __ATOMIC_ACQUIRE);
        if ((there == NULL ||
             (there != library.dyn && (!object_of(there, &o) || o.dyn != there))) &&
            __atomic_compare_exchange_n(&loaders[i].base, &there, library.dyn, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            there = library.dyn;
        }
        if (there == library.dyn) {
            __atomic_store_n(&loaders[i].real[function], fn, __ATOMIC_RELEASE);
            return stub_at(linkage_stubs()->loader, i * LOADER_STUBS + function);
        }
    }
    return NULL;
}

bool linkage_is_stub(const void *address)
{
    enum { ALL = LINKED_SPACES * LOADER_STUBS };
    return linkage_row_of(address) != 0 || stub_number(linkage_stubs()->loader, ALL, address) < ALL;
}
