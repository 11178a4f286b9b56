/* opens: counts what threads are about to open. */
#include "shim/dynlink/opens.h"

bool opens_pending;
bool opens_had_deep;
static bool had_open;
static struct { /* under way, or jumped to and not yet swept up after */
    unsigned all, deep;
} opens;
static __thread unsigned own_opens, own_deep_opens; /* of these, this thread's */

bool opens_first(void)
{
    return !__atomic_exchange_n(&had_open, true, __ATOMIC_ACQ_REL);
}

bool opens_any(void)
{
    return __atomic_load_n(&had_open, __ATOMIC_ACQUIRE);
}

void opens_announce(bool deep)
{
    if (deep) {
        own_deep_opens++;
        __atomic_store_n(&opens_had_deep, true, __ATOMIC_RELAXED);
        __atomic_fetch_add(&opens.deep, 1, __ATOMIC_ACQ_REL);
    }
    own_opens++;
    __atomic_fetch_add(&opens.all, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&opens_pending, true, __ATOMIC_RELEASE);
}

bool opens_deep(void)
{
    return __atomic_load_n(&opens.deep, __ATOMIC_ACQUIRE) > 0;
}

bool opens_of_others(void)
{
    return __atomic_load_n(&opens.all, __ATOMIC_ACQUIRE) != own_opens;
}

void opens_end(void)
{
    __atomic_fetch_sub(&opens.deep, own_deep_opens, __ATOMIC_ACQ_REL);
    unsigned others = __atomic_sub_fetch(&opens.all, own_opens, __ATOMIC_ACQ_REL);
    own_deep_opens = 0;
    own_opens = 0;
    if (others == 0) {
        __atomic_store_n(&opens_pending, false, __ATOMIC_RELEASE);
        if (__atomic_load_n(&opens.all, __ATOMIC_ACQUIRE) != 0) { /* another thread, just now */
            __atomic_store_n(&opens_pending, true, __ATOMIC_RELEASE);
        }
    }
}
