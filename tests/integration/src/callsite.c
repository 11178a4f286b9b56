/* callsite: prints whether shim/dynlink/callsite.c finds that a call of where() goes through the
 * slot of where(): straight, a second time (bound by now), and through a pointer, of which nobody
 * can tell.
 *
 * -DWHERE: where() itself, for a shared object. */
#ifdef WHERE
void *where(int unused);
void *where(int unused)
{
    (void)unused;
    return __builtin_return_address(0);
}
#else
#include "shim/dynlink/callsite.h"
#include "lib/elf/loaded.h"

#include <stdio.h>
#include <string.h>

void *where(int unused);

static bool is_through(const struct import *import, void *data)
{
    return strcmp(import->name, "where") == 0 && callsite_through(data, import->slot);
}

int main(void)
{
    struct object o;
    void *(*volatile pointer)(int) = where;
    if (!object_of((void *)main, &o)) {
        return 1;
    }
    printf("%d", object_each_import(&o, is_through, where(1)));
    printf(" %d", object_each_import(&o, is_through, where(2)));
    printf(" %d\n", object_each_import(&o, is_through, pointer(3)));
    return 0;
}
#endif
