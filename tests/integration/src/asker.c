/* asker.c: a module that asks the dynamic linker in its own name. */
#include <dlfcn.h>

void *asker_open(const char *name, int flags);
void *asker_sym(void *handle, const char *name);

void *asker_open(const char *name, int flags)
{
    void *found = dlopen(name, flags);
    __asm__ volatile("" ::: "memory"); /* no tail call: the answer depends on who asks */
    return found;
}

void *asker_sym(void *handle, const char *name)
{
    void *found = dlsym(handle, name);
    __asm__ volatile("" ::: "memory");
    return found;
}
