/* forked: the child of a fork whose parent had other threads in the dynamic linker.
 *
 * glibc resets dl_load_lock in a child, but not dl_load_write_lock (posix/fork.c). dl_iterate_phdr
 * takes that, and so do dlopen and dlclose for a moment. Not only pgseal calls dl_iterate_phdr:
 * profilers and stack unwinders do, too.
 *
 * Nothing is registered with pthread_atfork. The state that other threads left does not change
 * until the child reads it, and most children never do. */
#include "shim/dynlink/forked.h"

#include "lib/elf/loaded.h"
#include "lib/os/startup.h"
#include "lib/os/sys.h"
#include "shim/dynlink/opens.h"

#include <errno.h>
#include <stdbool.h>

/* The process that has checked, or into which the object was loaded; negative: one that is just
 * checking. */
START_DATA static int looked;

AT_START void forked_load(void)
{
    __atomic_store_n(&looked, sys_pid(), __ATOMIC_RELEASE);
}

void forked_look(void)
{
    int saved_errno = errno;
    int pid = sys_pid();
    for (;;) {
        int seen = __atomic_load_n(&looked, __ATOMIC_ACQUIRE);
        if (seen == pid) {
            break;
        }
        if (seen != -pid && __atomic_compare_exchange_n(&looked, &seen, -pid, false,
                                                        __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            bool busy = seen != 0 && opens_forked();
            if (seen != 0) {
                objects_forked(loader_lock_held() || busy);
            }
            __atomic_store_n(&looked, pid, __ATOMIC_RELEASE);
            break;
        }
        sys_sleep(20000);
    }
    errno = saved_errno;
}
