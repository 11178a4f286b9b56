/* loader_lock: in the child of a fork, whether a lock of glibc's dynamic linker is held. No thread
 * is left that could release it. */
#include "lib/elf/loaded.h"
#include "lib/elf/names.h"

#include <pthread.h>

/* Whether this looks like a recursive mutex that is locked, once or several times. */
static bool is_held(const pthread_mutex_t *m)
{
#ifdef __GLIBC__
    return m->__data.__kind == PTHREAD_MUTEX_RECURSIVE_NP &&
           (m->__data.__lock == 1 || m->__data.__lock == 2) && m->__data.__count > 0 &&
           m->__data.__owner > 0 && m->__data.__nusers == 1;
#else
    (void)m;
    return false;
#endif
}

static bool has_held(const struct object *linker)
{
    for (size_t i = 0; i < linker->nheaders; i++) {
        const ElfW(Phdr) *p = &linker->headers[i];
        uintptr_t end = linker->base + p->p_vaddr + p->p_memsz;
        uintptr_t at = (linker->base + p->p_vaddr + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
        bool written = p->p_type == PT_LOAD && (p->p_flags & PF_W) != 0;
        for (; written && end - at >= sizeof(pthread_mutex_t); at += sizeof(void *)) {
            if (is_held(pointer(at))) {
                return true;
            }
        }
    }
    return false;
}

bool loader_lock_held(void)
{
    for (const struct link_map *m = objects_first_map(); m != NULL; m = m->l_next) {
        struct object o = {.base = m->l_addr, .dyn = m->l_ld, .name = m->l_name};
        if (o.dyn != NULL && object_readable((uintptr_t)o.dyn, sizeof *o.dyn) &&
            name_begins(object_soname(&o), "ld-linux")) {
            o = object_of_map(m);
            return has_held(&o);
        }
    }
    return false;
}
