/* loader: dlsym, dlvsym, dlopen and dlmopen, which lead to libpq past a plain hook.
 *
 * What dlsym finds under one of our names is what it would have found without pgseal; handed out is
 * a door of pgseal's that is bound to just that. Where pgseal's own symbols are in the way (the
 * global scope holds them first), the scopes are asked without them; and where nothing else is
 * there, the real dlsym must fail as it would have: it is asked for the name with a mark behind it,
 * and the dlerror hook takes the mark off the message. */
#include "shim/hooks/loader.h"

#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "lib/os/settings.h"
#include "lib/os/sink.h"
#include "shim/dynlink/deepbind.h"
#include "shim/dynlink/real.h"
#include "shim/dynlink/resolve.h"
#include "shim/hooks/bound.h"
#include "shim/hooks/hooks.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The functions that this object exports, by name. */
// clang-format off
enum kind { ENTRY, CONN, CANCEL, LOADER };
#define HOOK(name, kind) extern __typeof__(void(void)) hook_##name __asm__(#name);
#include "shim/hooks.def"
#undef HOOK
/* Names apart from functions: only what holds a pointer costs a relocation at the start of each process. */
static const struct {
    char name[24], marked[24];
    unsigned char kind;
} hooks[] = {
#define HOOK(name, kind) {#name, #name "\001", kind},
#include "shim/hooks.def"
#undef HOOK
};
static void *const exported[] = {
#define HOOK(name, kind) (void *)hook_##name,
#include "shim/hooks.def"
#undef HOOK
};
// clang-format on

static void *real_dlopen, *real_dlmopen;
static unsigned namespaces;

__attribute__((visibility("default"))) char *dlerror(void)
{
    char *text = real_dlerror();
    for (size_t i = 0; text && strchr(text, '\001') && i < HOOKS; i++) {
        char *found = strstr(text, hooks[i].marked);
        if (found) { /* the text is the C library's own copy, good until its next error */
            char *mark = found + strlen(hooks[i].name);
            memmove(mark, mark + 1, strlen(mark));
        }
    }
    return text;
}

unsigned loader_namespaces(void)
{
    return __atomic_load_n(&namespaces, __ATOMIC_RELAXED);
}

/* RTLD_DEFAULT without pgseal: the global scope, then the caller's own. */
static void *by_default(const struct object *caller, const char *name, const char *version)
{
    void *fn = real_look_up(RTLD_NEXT, name, version);
    return fn || !caller || !caller->name[0] ? fn
                                             : real_look_up(object_handle(caller), name, version);
}

/* RTLD_NEXT without pgseal: what comes after the caller in the global scope, or in the caller's
 * own. */
static void *by_next(const struct object *caller, const char *name, const char *version)
{
    void *fn = real_look_up(RTLD_NEXT, name, version);
    struct object self;
    struct object o;
    if (!caller || !caller->name[0] || !object_of(hooks, &self) || object_before(caller, &self)) {
        return fn;
    }
    if (fn && object_of(fn, &o) && object_before(caller, &o)) {
        return fn;
    }
    fn = real_look_up(object_handle(caller), name, version);
    if (fn && object_of(fn, &o) && object_before(caller, &o)) {
        return fn;
    }
    return definition_after(caller, name);
}

static void *answer(struct loader_call *call, const void *from, const char *version, void *real)
{
    void *handle = (void *)call->arg[0];           // NOLINT(performance-no-int-to-ptr)
    const char *name = (const char *)call->arg[1]; // NOLINT(performance-no-int-to-ptr)
    struct object o;
    const struct object *caller = object_of(from, &o) ? &o : NULL;
    void *fn;
    size_t i = 0;
    while (i < HOOKS && (strcmp(hooks[i].name, name) != 0 || hooks[i].kind > CANCEL)) {
        i++;
    }
    if (i == HOOKS || !real) {
        return real;
    }
    if (handle == RTLD_DEFAULT) {
        fn = by_default(caller, name, version);
    } else if (handle == RTLD_NEXT) {
        fn = by_next(caller, name, version);
    } else {
        fn = version ? real_dlvsym(handle, name, version) : real_dlsym(handle, name);
        if (!fn) {
            return NULL; /* and dlerror() is as the real one left it */
        }
        if (real_is_own(fn)) {
            fn = real_look_up(RTLD_NEXT, name, version);
        }
    }
    if (!fn) {
        call->arg[1] = (uintptr_t)hooks[i].marked;
        return real;
    }
    hook_fired(version ? HOOK_dlvsym : HOOK_dlsym);
    call->result = hooks[i].kind == ENTRY ? bound_entry(name, fn) : exported[i];
    return NULL;
}

void *loader_dlsym(struct loader_call *call, const void *caller)
{
    void *real = real_find(&real_dlsym_address, "dlsym");
    const char *name = (const char *)call->arg[1]; // NOLINT(performance-no-int-to-ptr)
    return name && name[0] == 'P' ? answer(call, caller, NULL, real) : real;
}

void *loader_dlvsym(struct loader_call *call, const void *caller)
{
    void *real = real_find(&real_dlvsym_address, "dlvsym");
    const char *name = (const char *)call->arg[1];    // NOLINT(performance-no-int-to-ptr)
    const char *version = (const char *)call->arg[2]; // NOLINT(performance-no-int-to-ptr)
    return name && name[0] == 'P' && version ? answer(call, caller, version, real) : real;
}

#ifdef RTLD_DEEPBIND
/* The flags with which this file may be opened so that pgseal's hooks stay in sight of it. */
static uintptr_t visible_flags(uintptr_t file, uintptr_t flags, const void *caller)
{
    const char *name = (const char *)file; // NOLINT(performance-no-int-to-ptr)
    if (name && flags & RTLD_DEEPBIND && !(flags & RTLD_NOLOAD) &&
        deepbind_hides(name, caller, false)) {
        hook_fired(HOOK_dlopen);
        flags &= ~(uintptr_t)RTLD_DEEPBIND;
    }
    return flags;
}
#else
#define visible_flags(file, flags, caller) (flags)
#endif

void *loader_dlopen(struct loader_call *call, const void *caller)
{
    if (call->arg[1] & RTLD_GLOBAL) {
        real_global_grew();
    }
    call->arg[1] = visible_flags(call->arg[0], call->arg[1], caller);
    return real_find(&real_dlopen, "dlopen");
}

/* The namespaces that seal_namespace made, a bit each. */
enum { NAMESPACES = 16 }; /* glibc's own limit */
static unsigned sealed_namespaces;

/* Loads this object into a namespace of its own, first of all, so that the hooks head the global
 * scope in there too. Returns false where that fails. */
static bool seal_namespace(void *real, Lmid_t *id)
{
    typedef void *dlmopen_fn(Lmid_t, const char *, int);
    typedef int dlinfo_fn(void *, int, void *);
    dlinfo_fn *info = (dlinfo_fn *)next_definition("dlinfo");
    struct object self;
    void *handle = info && object_of(hooks, &self)
                       ? ((dlmopen_fn *)real)(LM_ID_NEWLM, self.name, RTLD_NOW)
                       : NULL;
    if (!handle || info(handle, RTLD_DI_LMID, id) != 0) {
        return false;
    }
    __atomic_fetch_or(&sealed_namespaces, 1U << ((unsigned)*id % NAMESPACES), __ATOMIC_RELAXED);
    return true;
}

/* Says, whatever the log's level, that connections made in there are not seen. */
static void report_namespace(const char *file)
{
    char reason[REASON_MAX];
    struct strbuf t;
    strbuf_init(&t, reason, sizeof reason);
    strbuf_add(&t,
               "dlmopen loads something that can reach libpq into a namespace that pgseal does not "
               "see into: ");
    strbuf_add(&t, file);
    __atomic_fetch_add(&namespaces, 1, __ATOMIC_RELAXED);
    struct event e = {
        .event = "process", .action = "allowed", .entry = "dlmopen", .reason = reason};
    sink_event(settings_policy(), &e);
}

void *loader_dlmopen(struct loader_call *call, const void *caller)
{
    void *real = real_find(&real_dlmopen, "dlmopen");
    const char *name = (const char *)call->arg[1]; // NOLINT(performance-no-int-to-ptr)
    Lmid_t id = (Lmid_t)call->arg[0];
    int saved = errno;
    if (call->arg[2] & RTLD_GLOBAL) {
        real_global_grew();
    }
    if (id == LM_ID_BASE) {
        call->arg[2] = visible_flags(call->arg[1], call->arg[2], caller);
    } else if (real && name && deepbind_hides(name, caller, true)) {
        hook_fired(HOOK_dlmopen);
        if (id == LM_ID_NEWLM && seal_namespace(real, &id)) {
            call->arg[0] = (uintptr_t)id;
        } else if (id == LM_ID_NEWLM ||
                   (id > 0 && id < NAMESPACES &&
                    !(__atomic_load_n(&sealed_namespaces, __ATOMIC_RELAXED) >> id & 1))) {
            report_namespace(name);
        }
    }
    errno = saved;
    return real;
}
