/* forked: the child of a fork, where other threads of the parent were at work on loaded objects.
 *
 * glibc resets dl_load_lock in a child, but not dl_load_write_lock (posix/fork.c), which dl_iterate_phdr
 * takes, and dlopen and dlclose for a moment. Others than pgseal call dl_iterate_phdr too: profilers, and what
 * unwinds the stack for an exception. */
#include "shim/dynlink/forked.h"

#include "lib/elf/loaded.h"
#include "shim/dynlink/opens.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

static void in_child(void)
{
    bool busy = opens_forked();
    objects_forked(loader_lock_held() || busy);
}

void forked_watch(void)
{
    static bool watched;
    typedef int register_fn(void (*)(void), void (*)(void), void (*)(void), void *);
    if (__atomic_load_n(&watched, __ATOMIC_RELAXED) ||
        __atomic_exchange_n(&watched, true, __ATOMIC_RELAXED)) {
        return;
    }
    /* pthread_atfork is not a dynamic symbol of glibc; musl, which has no such function, has no such lock. */
    int saved_errno = errno;
    register_fn *add = (register_fn *)next_definition("__register_atfork");
    if (add != NULL) {
        add(NULL, NULL, in_child, NULL);
    }
    errno = saved_errno;
}
