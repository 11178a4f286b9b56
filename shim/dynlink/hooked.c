/* hooked: the functions of hooks.def by name, and where a slot for one of them should lead. */
#include "shim/dynlink/hooked.h"

#include "lib/elf/names.h"
#include "shim/dynlink/reach.h"
#include "shim/dynlink/real.h"

const struct hooked hooked[HOOKED] = {
#define HOOK(name, kind) HOOK_##kind(name)
#define HOOK_ENTRY(name) {#name, #name "\001", COLUMN_##name, NO_COLUMN},
#define HOOK_CONN(name) HOOK_ENTRY(name)
#define HOOK_CANCEL(name) HOOK_ENTRY(name)
#define HOOK_LOADER(name) {#name, #name "\001", NO_COLUMN, LOADER_##name},
#include "shim/hooks.def"
#undef HOOK
};

size_t hooked_find(const char *name)
{
    size_t i = 0;
    while (i < HOOKED && !name_same(hooked[i].name, name)) {
        i++;
    }
    return i;
}

/* Sets *fn to what this slot would be bound to without pgseal. Returns false if a scope cannot be
 * asked. */
static bool reach_import(const struct hooked_slot *slot, void **fn)
{
    return reach_find(slot->o, hooked[slot->hook].name,
                      object_import_version(slot->o, slot->import->symbol), fn);
}

/* In a deepbound object, or in another namespace, no other hook is called: so a slot whose target
 * cannot be determined gets the stub that refuses. */
static void *for_libpq(const struct hooked_slot *slot, const struct object *target, bool unbound,
                       bool *open)
{
    size_t column = (size_t)hooked[slot->hook].column;
    struct object libpq = *target;
    bool found = true;
    bool sure = true;
    void *fn = NULL;
    bool known = !unbound && !object_is_self(target);
    if (!known && (slot->known->deep || slot->known->space != NULL)) {
        sure = reach_import(slot, &fn);
        found = sure && fn != NULL && object_of(fn, &libpq);
    } else if (!known) {
        found = reach_libpq(slot->o, hooked[slot->hook].name, &libpq);
    }
    *open = !found;
    if (!sure || (found && known_is_old_libpq(&libpq))) {
        return linkage_stub(NULL, column);
    }
    return found && known_is_libpq(&libpq) ? linkage_stub(linkage_libpq(&libpq), column) : NULL;
}

static void *for_loader(const struct hooked_slot *slot, const struct object *target, bool unbound)
{
    enum loader_function function = (enum loader_function)hooked[slot->hook].loader;
    struct object library;
    struct object ours;
    if (object_is_self(target) || object_symbol(slot->o, hooked[slot->hook].name) != NULL) {
        return NULL; /* it leads to pgseal, or slot->o defines this function itself */
    }
    void *fn = slot->holds;
    if ((unbound && !reach_import(slot, &fn)) || fn == NULL || !object_of(fn, &library)) {
        return NULL;
    }
    void *real = slot->known->space == NULL ? real_function(function) : NULL;
    if (real != NULL && object_of(real, &ours) && ours.dyn == library.dyn) {
        return linkage_stubs()->exported[function];
    }
    /* Another namespace's function. Or our C library's own, past another preload that interposes
     * it: the stub goes on to the same function. */
    bool own = slot->known->space != NULL || fn == libc_definition(hooked[slot->hook].name);
    return own && function < LOADER_STUBS ? linkage_loader_stub(function, fn) : NULL;
}

void *hooked_target(const struct hooked_slot *slot, bool *unbound, bool *open)
{
    struct object target;
    if (!object_of(slot->holds, &target)) {
        return NULL;
    }
    *unbound = target.dyn == slot->o->dyn &&
               slot->holds != object_symbol(slot->o, hooked[slot->hook].name);
    return hooked[slot->hook].column != NO_COLUMN ? for_libpq(slot, &target, *unbound, open)
                                                  : for_loader(slot, &target, *unbound);
}
