/* opens: which opens and closes of objects are under way, in all threads. */
#include "shim/dynlink/opens.h"

#include "lib/os/sys.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

bool opens_pending;
bool opens_had_deep;
static unsigned all;    /* opens that are announced and not over, of all threads */
static unsigned called; /* opens_call without opens_call_end, of all threads */
/* How many of each are this thread's. */
static __thread unsigned own, own_called, own_inside, own_closing, own_holding;

/* Names of the announced files: a hash of the last component, with DEEP_BIT if it is opened
 * with RTLD_DEEPBIND; 0 is a free place. Half of the places are for each kind: many plain opens, as
 * of threads that ended without another call, must not leave a deep one without a name. A bit in
 * own_names marks a place as this thread's. */
enum { NAMES = 64, DEEP_BIT = 1 };
static uint32_t names[NAMES];
static __thread uint64_t own_names;
_Static_assert(NAMES <= 8 * sizeof own_names, "a bit for each name");

/* Opens with RTLD_DEEPBIND whose name is not known, or had no free place. */
static unsigned unnamed;
static __thread unsigned own_unnamed;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* FNV-1a of the last component of a path, without DEEP_BIT; 0 if it is not known (NULL, or it
 * contains a $). Leading zeros of a number do not count, as in ld.so.cache: libx.so.05 is
 * libx.so.5. */
static uint32_t hash_of(const char *path)
{
    uint32_t hash = 2166136261;
    const char *last = path != NULL ? strrchr(path, '/') : NULL;
    last = last != NULL ? last + 1 : path;
    if (last == NULL || strchr(last, '$') != NULL) {
        return 0;
    }
    bool number = false;
    for (; *last != '\0'; last++) {
        number = is_digit(*last) && (number || *last != '0' || !is_digit(last[1]));
        if (number || !is_digit(*last)) {
            hash = (hash ^ (unsigned char)*last) * 16777619;
        }
    }
    return hash > DEEP_BIT ? hash & ~(uint32_t)DEEP_BIT : DEEP_BIT + 1;
}

static bool add_name(uint32_t name)
{
    size_t first = (name & DEEP_BIT) != 0 ? NAMES / 2 : 0;
    for (size_t i = first; i < first + NAMES / 2; i++) {
        uint32_t none = 0;
        if (__atomic_compare_exchange_n(&names[i], &none, name, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED)) {
            own_names |= UINT64_C(1) << i;
            return true;
        }
    }
    return false;
}

/* Whether a file with this hash (0: any) is announced so: deep is DEEP_BIT or 0. */
static bool has_name(uint32_t hash, uint32_t deep)
{
    bool found = false;
    for (size_t i = 0; i < NAMES && !found; i++) {
        uint32_t name = __atomic_load_n(&names[i], __ATOMIC_ACQUIRE);
        found = name != 0 && (name & DEEP_BIT) == deep && (hash == 0 || name == (hash | deep));
    }
    return found;
}

void opens_announce(const char *file, bool deep)
{
    uint32_t hash = hash_of(file);
    bool named = hash != 0 && add_name(hash | (deep ? DEEP_BIT : 0));
    if (deep) {
        __atomic_store_n(&opens_had_deep, true, __ATOMIC_RELAXED);
        own_unnamed += named ? 0 : 1;
        __atomic_fetch_add(&unnamed, named ? 0 : 1, __ATOMIC_ACQ_REL);
    }
    own++;
    __atomic_fetch_add(&all, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&opens_pending, true, __ATOMIC_RELEASE);
}

enum depth opens_depth(const char *path, enum depth before, bool needed)
{
    if (!__atomic_load_n(&opens_had_deep, __ATOMIC_RELAXED)) {
        return PLAIN;
    }
    uint32_t hash = hash_of(path);
    bool deep = has_name(hash, DEEP_BIT);
    enum depth depth = deep || __atomic_load_n(&unnamed, __ATOMIC_ACQUIRE) > 0 ? DEEP : before;
    bool plain = depth < EITHER || (hash != 0 && has_name(hash, 0));
    return !plain ? depth : deep || needed ? EITHER : PROBABLY_PLAIN;
}

bool opens_same_file(const char *a, const char *b)
{
    uint32_t hash = hash_of(a);
    uint32_t other = hash_of(b);
    return hash == other || hash == 0 || other == 0;
}

bool opens_of_others(void)
{
    return __atomic_load_n(&all, __ATOMIC_ACQUIRE) != own;
}

void opens_end(void)
{
    if (own_called > 0) {
        return; /* opens_call_end does it */
    }
    for (; own_names != 0; own_names &= own_names - 1) {
        __atomic_store_n(&names[__builtin_ctzll(own_names)], 0, __ATOMIC_RELEASE);
    }
    __atomic_fetch_sub(&unnamed, own_unnamed, __ATOMIC_ACQ_REL);
    own_unnamed = 0;
    unsigned others = __atomic_sub_fetch(&all, own, __ATOMIC_ACQ_REL);
    own = 0;
    if (others == 0) {
        __atomic_store_n(&opens_pending, false, __ATOMIC_RELEASE);
        if (__atomic_load_n(&all, __ATOMIC_ACQUIRE) != 0) { /* announced meanwhile */
            __atomic_store_n(&opens_pending, true, __ATOMIC_RELEASE);
        }
    }
}

void opens_call(void)
{
    own_called++;
    own_inside++;
    __atomic_fetch_add(&called, 1, __ATOMIC_ACQ_REL);
}

void opens_call_returned(void)
{
    own_inside--;
}

void opens_call_end(void)
{
    own_called--;
    __atomic_fetch_sub(&called, 1, __ATOMIC_ACQ_REL);
    opens_end();
}

bool opens_inside(void)
{
    return own_inside > 0;
}

bool opens_called_by_others(void)
{
    return __atomic_load_n(&called, __ATOMIC_ACQUIRE) != own_called;
}

/* Closing threads and holding threads exclude each other. For each kind: how many there are, and
 * whether a thread of the other kind gave up waiting for them: then no other waits for these. */
struct side {
    unsigned inside;
    bool given_up;
};
static struct side closing, holding;

/* Enters one side when no other thread is in the other side. A thread first counts itself and then
 * looks, so two threads cannot both miss each other. After a tenth of a second it enters all the
 * same: a constructor or destructor may wait for this thread, or for a lock that it holds. */
static void join(struct side *one, struct side *other, unsigned own_of_other)
{
    int saved_errno = errno;
    for (int tries = 0;; tries++) {
        __atomic_fetch_add(&one->inside, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&other->inside, __ATOMIC_SEQ_CST) == own_of_other ||
            __atomic_load_n(&other->given_up, __ATOMIC_RELAXED)) {
            break;
        }
        if (tries == 1000) {
            __atomic_store_n(&other->given_up, true, __ATOMIC_RELAXED);
            break;
        }
        __atomic_fetch_sub(&one->inside, 1, __ATOMIC_SEQ_CST);
        sys_sleep(50000);
    }
    errno = saved_errno;
}

static void leave(struct side *one)
{
    if (__atomic_sub_fetch(&one->inside, 1, __ATOMIC_SEQ_CST) == 0) {
        __atomic_store_n(&one->given_up, false, __ATOMIC_RELAXED);
    }
}

void opens_close(void)
{
    join(&closing, &holding, own_holding);
    own_closing++;
}

void opens_close_end(void)
{
    own_closing--;
    leave(&closing);
}

void opens_hold(void)
{
    join(&holding, &closing, own_closing);
    own_holding++;
}

void opens_hold_end(void)
{
    own_holding--;
    leave(&holding);
}

bool opens_forked(void)
{
    bool busy = all != own || called != own_called || closing.inside != own_closing ||
                holding.inside != own_holding;
    for (size_t i = 0; i < NAMES; i++) {
        own_names |= names[i] != 0 ? UINT64_C(1) << i : 0;
    }
    own_unnamed = unnamed;
    own = all;
    called = own_called;
    closing = (struct side){.inside = own_closing};
    holding = (struct side){.inside = own_holding};
    return busy;
}
