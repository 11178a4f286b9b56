/* linkage: the slots of loaded objects' linkage tables, pointed to functions of pgseal's.
 *
 * What is read comes from tables.c, which reads nothing that is not there. What is written is one word
 * at a time, only while it holds what was read, under a lock of this file's and inside
 * dl_iterate_phdr's callback, so that the object cannot go meanwhile. */
#include "shim/dynlink/linkage.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/settings.h"
#include "lib/os/sink.h"
#include "lib/os/sys.h"
#include "shim/dynlink/real.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

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
static const struct linkage_stubs *stubs;

void linkage_use(const struct linkage_stubs *used)
{
    __atomic_store_n(&stubs, used, __ATOMIC_RELAXED);
}

struct linked *linkage_row(unsigned row)
{
    return &rows[row - 1];
}

static void *pointer(uintptr_t address)
{
    return (void *)address; // NOLINT(performance-no-int-to-ptr)
}

static void *stub_of(const struct linked *l, size_t slot)
{
    const struct linkage_stubs *s = __atomic_load_n(&stubs, __ATOMIC_RELAXED);
    return pointer((uintptr_t)s->start + ((size_t)(l - rows) * LIBPQ_SLOTS + slot) * s->size);
}

/* What stands behind address, if that is a stub; else NULL. */
static void *behind_stub(const void *address, size_t slot)
{
    const struct linkage_stubs *s = __atomic_load_n(&stubs, __ATOMIC_RELAXED);
    size_t offset = (uintptr_t)address - (uintptr_t)s->start;
    void *real = NULL;
    if (offset < LINKED_LIBPQS * LIBPQ_SLOTS * s->size) {
        memcpy(&real, (char *)&rows[offset / s->size / LIBPQ_SLOTS] + slots[slot].offset,
               sizeof real);
    }
    return real;
}

/* --- the lock */

/* Held for a few stores and calls of mprotect, with all signals blocked; the holder is a process, so
 * that a child of a fork does not wait for its parent's thread. */
static int holder;

static void lock(uint64_t *mask)
{
    uint64_t all = UINT64_MAX;
    int pid = (int)getpid();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, mask, sizeof all);
    for (;;) {
        int seen = __atomic_load_n(&holder, __ATOMIC_RELAXED);
        if (seen != pid && __atomic_compare_exchange_n(&holder, &seen, pid, false, __ATOMIC_ACQUIRE,
                                                       __ATOMIC_RELAXED)) {
            return;
        }
        sched_yield();
    }
}

static void unlock(const uint64_t *mask)
{
    __atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof *mask);
}

/* --- one slot */

enum { WRITABLE, RELRO, NEITHER };

static int protection(const struct object *o, uintptr_t slot, uintptr_t page)
{
    int found = NEITHER;
    for (size_t i = 0; i < o->nheaders; i++) {
        const ElfW(Phdr) *p = &o->headers[i];
        uintptr_t start = o->base + p->p_vaddr;
        uintptr_t end = start + p->p_memsz;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_W) != 0 && slot >= start && slot < end &&
            found == NEITHER) {
            found = WRITABLE;
        } else if (p->p_type == PT_GNU_RELRO && slot >= (start & ~(page - 1)) &&
                   slot < (end & ~(page - 1))) {
            found = RELRO;
        }
    }
    return found;
}

/* Writes the slot if it still holds what is expected. Returns false with errno where it cannot be
 * written. */
static bool write_slot(const struct object *o, void **slot, void *expected, void *replacement)
{
    uintptr_t size = getauxval(AT_PAGESZ);
    void *page = pointer((uintptr_t)slot & ~(size - 1));
    int is = protection(o, (uintptr_t)slot, size);
    if (is == NEITHER) {
        errno = EACCES;
        return false;
    }
    if (is == RELRO && mprotect(page, size, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    __atomic_compare_exchange_n(slot, &expected, replacement, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
    if (is == RELRO) {
        mprotect(page, size, PROT_READ);
    }
    return true;
}

/* --- a libpq's own slots */

struct work {
    const struct object *o;
    struct linked *l;
    int error[LIBPQ_SLOTS]; /* errno of a slot that could not be written */
    size_t n;
    struct {
        struct import import;
        void *holds;
        unsigned char index;
    } found[4 * LIBPQ_SLOTS];
};

static bool find_slot(const struct import *import, void *data)
{
    struct work *w = data;
    for (size_t i = 0; i < LIBPQ_SLOTS && w->n < sizeof w->found / sizeof w->found[0]; i++) {
        if (strncmp(slots[i].name, import->name, sizeof slots[i].name) == 0) {
            w->found[w->n].import = *import;
            w->found[w->n].holds = __atomic_load_n(import->slot, __ATOMIC_RELAXED);
            w->found[w->n++].index = (unsigned char)i;
        }
    }
    return false;
}

/* What a slot of o that holds this would lead to without pgseal. */
static void *original(const struct object *o, const struct import *import, size_t slot, void *holds)
{
    struct object target;
    void *real = behind_stub(holds, slot);
    if (real != NULL || holds == NULL) {
        return real;
    }
    if (object_of(holds, &target) && target.dyn == o->dyn &&
        object_symbol(o, slots[slot].name) == NULL) {
        return real_in_reach(
            o, slots[slot].name,
            object_import_version(o,
                                  import->symbol)); /* unbound: it leads to the object's own stub */
    }
    return holds;
}

static bool write_found(const struct object *first, void *data)
{
    struct work *w = data;
    uint64_t mask;
    (void)first;
    lock(&mask);
    for (size_t i = 0; i < w->n; i++) {
        size_t slot = w->found[i].index;
        void *stub = stub_of(w->l, slot);
        void *real;
        memcpy(&real, (char *)w->l + slots[slot].offset, sizeof real);
        if (w->found[i].holds != stub && real != NULL &&
            !write_slot(w->o, w->found[i].import.slot, w->found[i].holds, stub)) {
            w->error[slot] = errno;
        }
    }
    unlock(&mask);
    return true;
}

static void report(const struct object *o, size_t slot, int error)
{
    char reason[1024];
    struct strbuf t;
    strbuf_init(&t, reason, sizeof reason);
    strbuf_add(&t, o->name);
    strbuf_add(&t, ": the slot of ");
    strbuf_add(&t, slots[slot].name);
    strbuf_add(&t, " in its linkage table cannot be rewritten (");
    strbuf_add(&t, sys_error(error));
    strbuf_add(&t, "): what it calls there is not seen");
    struct event e = {.event = "process", .action = "allowed", .reason = reason};
    sink_event(settings_policy(), &e);
}

static void rewrite(const struct object *o, struct linked *l)
{
    struct work w = {.o = o, .l = l};
    object_each_import(o, find_slot, &w);
    for (size_t i = 0; i < w.n; i++) {
        void *real = original(o, &w.found[i].import, w.found[i].index, w.found[i].holds);
        if (real != NULL) {
            memcpy((char *)l + slots[w.found[i].index].offset, &real, sizeof real);
        }
    }
    objects_each(write_found, &w);
    for (size_t i = 0; i < LIBPQ_SLOTS; i++) {
        unsigned bit = 1U << i;
        if (w.error[i] != 0 && (__atomic_fetch_or(&l->failed, bit, __ATOMIC_RELAXED) & bit) == 0) {
            report(o, i, w.error[i]);
        }
    }
}

/* The row of this libpq, a free one or one whose libpq is gone. */
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
    int saved = errno;
    struct linked *l = row_of(libpq->dyn);
    uint64_t state = objects_state();
    if (l != NULL && __atomic_load_n(&l->state, __ATOMIC_ACQUIRE) != state) {
        rewrite(libpq, l);
        __atomic_store_n(&l->state, state, __ATOMIC_RELEASE);
    }
    errno = saved;
    return l;
}

bool linkage_refuses(const struct linked *libpq, char *reason, size_t size)
{
    struct strbuf t;
    strbuf_init(&t, reason, size);
    if (libpq == NULL) {
        strbuf_add(&t, "more libpq copies are loaded than pgseal can keep apart");
        return true;
    }
    for (size_t i = 0; i < LIBPQ_SLOTS; i++) {
        if (slots[i].need == ALWAYS && linked_failed(libpq, (enum libpq_slot)i)) {
            strbuf_add(&t, "libpq's call of ");
            strbuf_add(&t, slots[i].name);
            strbuf_add(&t, " cannot be watched; the log says why");
            return true;
        }
    }
    return false;
}
