/* hooked: the functions of hooks.def by name, and where a slot for one of them should lead. */
#include "shim/dynlink/hooked.h"

#include "lib/elf/names.h"
#include "shim/dynlink/reach.h"
#include "shim/dynlink/real.h"

const struct hooked hooked[HOOKS] = {
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
    bool possible = name[0] == 'P' || name[0] == 'd'; /* most names end here */
    size_t i = possible ? 0 : HOOKS;
    while (i < HOOKS && !name_same(hooked[i].name, name)) {
        i++;
    }
    return i;
}

/* What this slot would be bound to without pgseal; NULL and *sure as reach() has them. */
static void *reach_import(const struct hooked_slot *slot, bool *sure)
{
    return reach(slot->o, hooked[slot->hook].name,
                 object_import_version(slot->o, slot->import.symbol), sure);
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
    bool known = !unbound && !object_is_self(target);
    if (!known && (slot->known->depth >= EITHER || slot->known->space != NULL)) {
        found = object_of(reach_import(slot, &sure), &libpq);
    } else if (!known) {
        found = reach_libpq(slot->o, hooked[slot->hook].name, &libpq);
    }
    *open = !found;
    bool may_pass = unbound && slot->known->depth == PROBABLY_PLAIN; /* past pgseal, later */
    if (!sure || (!found && may_pass) || (found && known_is_old_libpq(&libpq))) {
        return linkage_stub(NULL, column);
    }
    return found && known_is_libpq(&libpq) ? linkage_stub(linkage_libpq(&libpq), column) : NULL;
}

void *hooked_for_loader(size_t hook, void *fn)
{
    enum loader_function function = (enum loader_function)hooked[hook].loader;
    void *real = real_function(function);
    struct object library;
    struct object first;
    struct known k;
    if (!object_of(fn, &library)) {
        return NULL;
    }
    if (real != NULL && object_of(real, &first) && first.dyn == library.dyn) {
        return linkage_stubs()->exported[function];
    }
    bool of_libc = (known_find(library.dyn, &k) && k.space != NULL) ||
                   fn == libc_definition(hooked[hook].name);
    return of_libc && function < LOADER_STUBS ? linkage_loader_stub(function, fn) : NULL;
}

static void *for_loader(const struct hooked_slot *slot, const struct object *target, bool unbound)
{
    if (object_is_self(target) || object_symbol(slot->o, hooked[slot->hook].name) != NULL) {
        return NULL; /* it leads to pgseal, or slot->o defines this function itself */
    }
    enum loader_function function = (enum loader_function)hooked[slot->hook].loader;
    void *fn = hooked_for_loader(slot->hook, unbound ? reach_import(slot, NULL) : slot->holds);
    if (fn == NULL && unbound && slot->known->depth == PROBABLY_PLAIN && function < LOADER_STUBS) {
        /* It would lead to a preload before pgseal, or, if the object was opened with RTLD_DEEPBIND
         * after all, past both. */
        fn = linkage_stubs()->exported[function];
    }
    return function < LOADER_STUBS && fn == linkage_stubs()->exported[function]
               ? linkage_stubs()->written[function]
               : fn;
}

bool hooked_depth(const struct hooked_slot *slot, enum depth *depth)
{
    const struct hooked *h = &hooked[slot->hook];
    struct object target;
    /* A slot for a function of libpq's may lead to pgseal in any case: the local scope may have no
     * libpq. */
    if (h->loader == NO_COLUMN || h->loader >= LOADER_STUBS || slot->known->space != NULL ||
        !object_of(slot->holds, &target)) {
        return false;
    }
    bool own = object_is_self(&target);
    bool bound = own ? slot->holds == object_symbol(&target, h->name)
                     : hooked_for_loader(slot->hook, slot->holds) != NULL;
    *depth = !bound ? *depth : own ? PLAIN : DEEP;
    return bound;
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
