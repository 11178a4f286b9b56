/* slot: writes one slot of a loaded object's linkage table. */
#include "shim/dynlink/slot.h"

#include "lib/core/text/strbuf.h"
#include "lib/os/settings.h"
#include "lib/os/sink.h"
#include "lib/os/sys.h"
#include "shim/dynlink/lock.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* The protection of a slot's page: WRITABLE, or what mprotect has to restore afterwards. */
enum { UNKNOWN = -1, WRITABLE = PROT_READ | PROT_WRITE };

/* RELRO is read-only. So is a slot in code (text relocations), which must also stay executable. */
static int protection_of(const struct object *o, uintptr_t slot, uintptr_t page)
{
    int found = UNKNOWN;
    for (size_t i = 0; i < o->nheaders; i++) {
        const ElfW(Phdr) *p = &o->headers[i];
        uintptr_t start = o->base + p->p_vaddr;
        uintptr_t end = start + p->p_memsz;
        if (p->p_type == PT_LOAD && slot >= start && slot < end && found == UNKNOWN) {
            found = (p->p_flags & PF_W) != 0   ? WRITABLE
                    : (p->p_flags & PF_X) != 0 ? PROT_READ | PROT_EXEC
                                               : PROT_READ;
        } else if (p->p_type == PT_GNU_RELRO && slot >= (start & ~(page - 1)) &&
                   slot < (end & ~(page - 1))) {
            found = PROT_READ;
        }
    }
    return found;
}

/* A slot in packed data may be unaligned: not every processor can write that atomically. */
static void exchange(void *slot, void *expected, void *replacement)
{
    void *held;
    if ((uintptr_t)slot % sizeof held == 0) {
        __atomic_compare_exchange_n((void **)slot, &expected, replacement, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED);
        return;
    }
    memcpy(&held, slot, sizeof held);
    if (held == expected) {
        memcpy(slot, &replacement, sizeof replacement);
    }
}

struct slot_change {
    const struct object *o;
    void *slot;
    void *expected;
    void *replacement;
    int error;
};

static int make_change(const struct slot_change *c)
{
    uintptr_t size = getauxval(AT_PAGESZ);
    uintptr_t into = (uintptr_t)c->slot & (size - 1);
    void *page = (char *)c->slot - into;
    size_t length = into + sizeof c->replacement > size ? 2 * size : size;
    int protection = protection_of(c->o, (uintptr_t)c->slot, size);
    if (protection == UNKNOWN ||
        protection != protection_of(c->o, (uintptr_t)c->slot + sizeof c->replacement - 1, size)) {
        return EACCES;
    }
    if (protection != WRITABLE &&
        syscall(SYS_mprotect, page, length, (long)protection | PROT_WRITE) != 0) {
        return errno;
    }
    exchange(c->slot, c->expected, c->replacement);
    if (protection != WRITABLE) {
        syscall(SYS_mprotect, page, length, (long)protection);
    }
    return 0;
}

/* Under both locks: the object stays, and no other thread changes the same page. */
static bool change_locked(const struct object *any, void *data)
{
    struct slot_change *c = data;
    uint64_t mask;
    (void)any;
    lock_take(&mask);
    c->error = make_change(c);
    lock_give(&mask);
    return true;
}

int slot_write(const struct object *o, void *slot, void *expected, void *replacement)
{
    struct slot_change c = {o, slot, expected, replacement, 0};
    objects_each(change_locked, &c);
    return c.error;
}

static void report(const char *entry, const char *reason)
{
    int saved_errno = errno;
    struct event e = {.event = "process", .action = "allowed", .entry = entry, .reason = reason};
    sink_event(settings_policy(), &e);
    errno = saved_errno;
}

void slot_report(const char *object, const char *name, int error)
{
    char reason[1024];
    strbuf_join(reason, sizeof reason, "the linkage table of ",
                object[0] != '\0' ? object : "the program", " cannot be rewritten (",
                sys_error(error), "): pgseal does not intercept its calls to ", name);
    report("linkage", reason);
}

void slot_report_unseen(const char *object)
{
    char reason[1024];
    strbuf_join(reason, sizeof reason, "dlmopen loaded ", object,
                " into a namespace that this C library does not list: pgseal does not intercept "
                "connections made there");
    report("dlmopen", reason);
}
