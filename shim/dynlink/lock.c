/* lock: the one lock of the tables of loaded objects. */
#include "shim/dynlink/lock.h"

#include "lib/os/sys.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static int holder;

void lock_take(uint64_t *mask)
{
    uint64_t all = UINT64_MAX;
    int saved_errno = errno;
    int pid = sys_pid();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, mask, sizeof all);
    for (;;) {
        int seen = __atomic_load_n(&holder, __ATOMIC_RELAXED);
        if (seen != pid && __atomic_compare_exchange_n(&holder, &seen, pid, false, __ATOMIC_ACQUIRE,
                                                       __ATOMIC_RELAXED)) {
            break;
        }
        sys_sleep(20000);
    }
    errno = saved_errno;
}

void lock_give(const uint64_t *mask)
{
    int saved_errno = errno;
    __atomic_store_n(&holder, 0, __ATOMIC_RELEASE);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof *mask);
    errno = saved_errno;
}
