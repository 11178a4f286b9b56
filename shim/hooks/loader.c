/* loader: dlsym, dlvsym and dlerror, which lead to libpq past a plain hook.
 *
 * What dlsym finds under one of our names is what it would have found without pgseal; handed out is
 * a function of pgseal's that is bound to just that. Where pgseal's own symbols are in the way (the
 * global scope holds them first), the scopes are asked without them; and where nothing else is
 * there, the real dlsym must fail as it would have: it is asked for the name with a mark after it,
 * and the dlerror hook takes the mark off the message. */
#include "shim/hooks/loader.h"

#include "lib/elf/loaded.h"
#include "shim/dynlink/forked.h"
#include "shim/dynlink/hooked.h"
#include "shim/dynlink/opens.h"
#include "shim/dynlink/reach.h"
#include "shim/dynlink/real.h"
#include "shim/dynlink/sweep.h"
#include "shim/hooks/stubs.h"
#include "shim/log/fired.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

_Static_assert(offsetof(struct loader_call, arg) == 8 && sizeof(struct loader_call) == 40,
               "as loader_entries.S has it");

typedef void *dlsym_fn(void *, const char *);
typedef void *dlvsym_fn(void *, const char *, const char *);

const struct linkage_stubs stubs = {
    .slots = slot_stubs,
    .hooks = hook_stubs,
    .loader = loader_stubs,
    .size = STUB_SIZE,
    .exported =
        {
            [LOADER_dlsym] = (void *)dlsym,
            [LOADER_dlvsym] = (void *)dlvsym,
            [LOADER_dlopen] = (void *)dlopen,
            [LOADER_dlmopen] = (void *)dlmopen,
            [LOADER_dlerror] = (void *)dlerror,
            [LOADER_dlclose] = (void *)dlclose,
        },
};

__attribute__((visibility("default"))) char *dlerror(void)
{
    char *text = real_dlerror();
    if (text != NULL && __atomic_load_n(&opens_pending, __ATOMIC_RELAXED)) {
        sweep_failed(); /* what this thread was about to open has failed, or it has not opened
                           anything */
    }
    for (size_t i = 0; text != NULL && strchr(text, '\001') != NULL && i < HOOKED; i++) {
        char *found = strstr(text, hooked[i].marked);
        if (found != NULL) { /* the text is the C library's own copy, good until its next error */
            char *mark = found + strlen(hooked[i].name);
            memmove(mark, mark + 1, strlen(mark));
        }
    }
    return text;
}

/* --- dlsym and dlvsym */

/* One question: which definition would the caller have got? */
struct question {
    void *handle;
    const char *name;
    const char *version;         /* NULL: dlsym */
    const struct object *caller; /* NULL: not known */
    size_t hook;
};

/* RTLD_DEFAULT without pgseal: the global scope, then the caller's own; after RTLD_DEEPBIND in the
 * other order. */
static void *by_default(const struct question *q)
{
    struct known k;
    bool deep = q->caller != NULL && known_find(q->caller->dyn, &k) && k.deep;
    void *fn = deep ? NULL : real_look_up(RTLD_NEXT, q->name, q->version);
    return fn != NULL || q->caller == NULL || q->caller->name[0] == '\0'
               ? fn
               : reach(q->caller, q->name, q->version);
}

/* RTLD_NEXT without pgseal: what comes after the caller in the global scope, or in the caller's
 * own. */
static void *by_next(const struct question *q)
{
    void *fn = real_look_up(RTLD_NEXT, q->name, q->version);
    struct object self;
    struct object o;
    if (q->caller == NULL || q->caller->name[0] == '\0' || !object_of(&stubs, &self) ||
        object_before(q->caller, &self)) {
        return fn;
    }
    if (fn != NULL && object_of(fn, &o) && object_before(q->caller, &o)) {
        return fn;
    }
    fn = reach(q->caller, q->name, q->version);
    if (fn != NULL && object_of(fn, &o) && object_before(q->caller, &o)) {
        return fn;
    }
    return definition_after(q->caller, q->name);
}

/* What stands for fn, a definition that the real lookup gave. */
static void *bound_to(size_t hook, void *fn)
{
    struct object o;
    if (!object_of(fn, &o)) {
        return fn;
    }
    if (hooked[hook].column != NO_COLUMN) {
        return known_is_libpq(&o) ? linkage_stub(linkage_libpq(&o), (size_t)hooked[hook].column)
                                  : linkage_stub(NULL, (size_t)hooked[hook].column);
    }
    enum loader_function function = (enum loader_function)hooked[hook].loader;
    struct object ours;
    void *real = real_function(function);
    if (real != NULL && object_of(real, &ours) && ours.dyn == o.dyn) {
        return stubs.exported[function];
    }
    struct known k;
    /* Or past a preload that stands before our C library. */
    bool elsewhere =
        (known_find(o.dyn, &k) && k.space != NULL) || fn == libc_definition(hooked[hook].name);
    void *stub = elsewhere && function < LOADER_STUBS ? linkage_loader_stub(function, fn) : NULL;
    return stub != NULL ? stub : fn;
}

/* One of libpq's names. */
static void *answer_libpq(struct loader_call *call, const struct question *q, void *real)
{
    void *fn;
    if (q->handle == RTLD_DEFAULT) {
        fn = by_default(q);
    } else if (q->handle == RTLD_NEXT) {
        fn = by_next(q);
    } else {
        fn = q->version != NULL ? real_dlvsym(q->handle, q->name, q->version)
                                : real_dlsym(q->handle, q->name);
        if (fn == NULL) {
            return NULL; /* and dlerror() is as the real one left it */
        }
        if (real_is_own(fn)) {
            fn = real_look_up(RTLD_NEXT, q->name, q->version);
        }
    }
    if (fn == NULL) {
        call->arg[1] = (uintptr_t)hooked[q->hook].marked;
        return real;
    }
    call->result = bound_to(q->hook, fn);
    return NULL;
}

/* One of the loader's names. Whoever defines it itself stands before the C library, asks for the
 * real one, and must get it. */
static void *answer_loader(struct loader_call *call, const struct question *q, void *real)
{
    struct known k;
    bool pseudo = q->handle == RTLD_DEFAULT || q->handle == RTLD_NEXT;
    if (q->caller == NULL || object_symbol(q->caller, q->name) != NULL ||
        (pseudo && (!known_find(q->caller->dyn, &k) || !k.deep))) {
        return real;
    }
    void *fn = pseudo               ? reach(q->caller, q->name, q->version)
               : q->version != NULL ? real_dlvsym(q->handle, q->name, q->version)
                                    : real_dlsym(q->handle, q->name);
    if (fn == NULL) {
        return pseudo ? real : NULL;
    }
    call->result = bound_to(q->hook, fn);
    return NULL;
}

/* Whether this may be asked by another preload's dlopen or malloc, which looks for the real
 * function: from inside an open then, which is not over. */
static bool is_of_wrapper(const void *handle, size_t hook)
{
    return hook != HOOKED ? hooked[hook].column == NO_COLUMN : handle == RTLD_NEXT;
}

static void *answer(struct loader_call *call, const void *from, bool versioned)
{
    void *real = real_function(versioned ? LOADER_dlvsym : LOADER_dlsym);
    const char *name = (const char *)call->arg[1]; // NOLINT(performance-no-int-to-ptr)
    struct object caller;
    size_t hook = name != NULL && real != NULL && (!versioned || call->arg[2] != 0)
                      ? hooked_find(name)
                      : HOOKED;
    void *handle = (void *)call->arg[0]; // NOLINT(performance-no-int-to-ptr)
    if (__atomic_load_n(&opens_pending, __ATOMIC_RELAXED) && !is_of_wrapper(handle, hook)) {
        linkage_use(&stubs);
        sweep();
    }
    const char *version = (const char *)call->arg[2]; // NOLINT(performance-no-int-to-ptr)
    bool pseudo = handle == RTLD_DEFAULT || handle == RTLD_NEXT;
    /* A sanitizer asks for the loader's functions before it can be called itself. */
    if (hook == HOOKED || (hooked[hook].column == NO_COLUMN && pseudo &&
                           !__atomic_load_n(&opens_had_deep, __ATOMIC_RELAXED))) {
        return real;
    }
    linkage_use(&stubs);
    forked_look();
    const struct question q = {.handle = handle,
                               .name = name,
                               .version = versioned ? version : NULL,
                               .caller = object_of(from, &caller) ? &caller : NULL,
                               .hook = hook};
    void *jump = hooked[hook].column != NO_COLUMN ? answer_libpq(call, &q, real)
                                                  : answer_loader(call, &q, real);
    if (jump == NULL && call->result != NULL) {
        hook_fired(versioned ? HOOK_dlvsym : HOOK_dlsym);
    }
    return jump;
}

void *loader_dlsym(struct loader_call *call, const void *caller)
{
    return answer(call, caller, false);
}

void *loader_dlvsym(struct loader_call *call, const void *caller)
{
    return answer(call, caller, true);
}

/* --- in other namespaces, or past another preload: everything goes on to that very C library */

static void *answer_elsewhere(struct loader_call *call, const void *from, bool versioned)
{
    void *real = linkage_loader(stub_take())[versioned ? LOADER_dlvsym : LOADER_dlsym];
    void *handle = (void *)call->arg[0];              // NOLINT(performance-no-int-to-ptr)
    const char *name = (const char *)call->arg[1];    // NOLINT(performance-no-int-to-ptr)
    const char *version = (const char *)call->arg[2]; // NOLINT(performance-no-int-to-ptr)
    struct object caller;
    void *fn;
    if (__atomic_load_n(&opens_pending, __ATOMIC_RELAXED)) {
        sweep();
    }
    size_t hook = name != NULL ? hooked_find(name) : HOOKED;
    if (hook == HOOKED) {
        return real;
    }
    forked_look();
    if (handle == RTLD_DEFAULT || handle == RTLD_NEXT) {
        fn = object_of(from, &caller) ? reach(&caller, name, versioned ? version : NULL) : NULL;
        if (fn == NULL) {
            return real;
        }
    } else {
        fn = versioned ? ((dlvsym_fn *)real)(handle, name, version)
                       : ((dlsym_fn *)real)(handle, name);
        if (fn == NULL) {
            return NULL;
        }
    }
    call->result = bound_to(hook, fn);
    hook_fired(versioned ? HOOK_dlvsym : HOOK_dlsym);
    return NULL;
}

void *loader_dlsym_elsewhere(struct loader_call *call, const void *caller)
{
    return answer_elsewhere(call, caller, false);
}

void *loader_dlvsym_elsewhere(struct loader_call *call, const void *caller)
{
    return answer_elsewhere(call, caller, true);
}
