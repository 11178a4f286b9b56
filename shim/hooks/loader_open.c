/* loader_open: dlopen, dlmopen and dlclose.
 *
 * Each open is followed by a sweep (sweep.h). The real function uses its caller's run path. If that
 * makes no difference, it is called from here and the sweep comes at once. Otherwise the hook jumps
 * to it, and the sweep comes at the next call of any hook. */
#include "lib/elf/loaded.h"
#include "shim/dynlink/forked.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/opens.h"
#include "shim/dynlink/real.h"
#include "shim/dynlink/rewrite.h"
#include "shim/dynlink/slot.h"
#include "shim/dynlink/sweep.h"
#include "shim/hooks/loader.h"
#include "shim/hooks/stubs.h"
#include "shim/log/fired.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#ifndef RTLD_DEEPBIND /* musl's */
#define RTLD_DEEPBIND 0
#endif

typedef void *dlopen_fn(const char *, int);
typedef void *dlmopen_fn(Lmid_t, const char *, int);
typedef int dlclose_fn(void *);

static bool has_run_path(const struct object *o, void *data)
{
    const ElfW(Dyn) *flags = object_dynamic(o, DT_FLAGS_1);
    (void)data;
    return o->name[0] != '\0' && (object_dynamic(o, DT_RPATH) != NULL ||
                                  (flags != NULL && (flags->d_un.d_val & DF_1_NODEFLIB) != 0));
}

/* Whether the real function opens the same file if it is called from here: the name is a path, or
 * no run path applies. (A caller inherits DT_RPATH from the object that loaded it, so no object may
 * have one; the program's own applies to all callers.) */
static bool same_for_all(const char *file, const void *caller)
{
    struct object o;
    if (file == NULL || file[0] == '\0' || strchr(file, '$') != NULL) {
        return false;
    }
    return strchr(file, '/') != NULL ||
           (object_of(caller, &o) && object_dynamic(&o, DT_RUNPATH) == NULL &&
            !objects_each(has_run_path, NULL));
}

/* After opens_call and a call that opened this handle (NULL: it failed): sweeps, and ends what was
 * announced. dlerror() stays as the real function left it. */
static void look_after(const void *handle, enum hook hook)
{
    opens_call_returned();
    if (handle != NULL && sweep()) {
        hook_fired(hook);
    }
    opens_call_end();
}

static bool is_deep(const char *file, int flags)
{
    return file != NULL && (flags & RTLD_DEEPBIND) != 0 && (flags & RTLD_NOLOAD) == 0;
}

/* Whether another preload interposes dlopen or dlmopen: it may open another file. */
static bool is_wrapped(void)
{
    return real_function(LOADER_dlopen) != libc_definition("dlopen") ||
           real_function(LOADER_dlmopen) != libc_definition("dlmopen");
}

static void before_open(const char *file, int flags)
{
    bool deep = is_deep(file, flags);
    linkage_use(&stubs);
    forked_look();
    sweep_before_open(deep && is_wrapped() ? NULL : file, deep);
    if ((flags & RTLD_GLOBAL) != 0) {
        rewrite_global_grew();
    }
}

static int flags_of(const void *arg)
{
    return (int)(uintptr_t)arg;
}

void *loader_dlopen(struct loader_call *call, const void *caller)
{
    void *real = real_function(LOADER_dlopen);
    const char *file = call->arg[0];
    int flags = flags_of(call->arg[1]);
    bool deep = is_deep(file, flags);
    bool now = deep || (flags & RTLD_GLOBAL) != 0; /* the next calls may depend on it */
    before_open(file, flags);
    if (!now || real == NULL || !same_for_all(file, caller)) {
        return real;
    }
    if (deep) {
        opens_call();
    }
    call->result = ((dlopen_fn *)real)(file, flags);
    if (deep) {
        look_after(call->result, HOOK_dlopen);
    } else if (call->result != NULL) {
        sweep(); /* not counted as fired: the object's calls reach the hooks anyway */
    } else {
        opens_end();
    }
    return NULL;
}

/* Whether this C library lists its namespaces (glibc 2.35). */
static bool lists_namespaces(void)
{
    typedef const char *version_fn(void);
    version_fn *version = (version_fn *)next_definition("gnu_get_libc_version");
    const char *v = version != NULL ? version() : "";
    return strncmp(v, "2.35", 4) >= 0; /* from 2.17, the oldest, to 2.99 */
}

void *loader_dlmopen(struct loader_call *call, const void *caller)
{
    void *real = real_function(LOADER_dlmopen);
    Lmid_t id = (Lmid_t)call->arg[0];
    const char *file = call->arg[1];
    int flags = flags_of(call->arg[2]);
    before_open(file, flags);
    if (real == NULL || (id == LM_ID_BASE && !is_deep(file, flags))) {
        return real;
    }
    /* No hook sees what its constructors open. */
    __atomic_store_n(&opens_had_deep, true, __ATOMIC_RELAXED);
    bool exact = same_for_all(file, caller);
    bool listed = id == LM_ID_BASE || lists_namespaces();
    if (!exact) {
        if (!listed && file != NULL) {
            slot_report_unseen(file);
        }
        return real;
    }
    opens_call();
    call->result = ((dlmopen_fn *)real)(id, file, flags);
    if (call->result != NULL && !listed) {
        struct object o = object_of_map(call->result);
        if (!objects_remember(&o)) {
            slot_report_unseen(file);
        }
    }
    look_after(call->result, HOOK_dlmopen);
    return NULL;
}

/* If another thread holds the object (hold.h), this close would not unload it: opens_close
 * waits. */
__attribute__((visibility("default"))) int dlclose(void *handle)
{
    dlclose_fn *real = (dlclose_fn *)real_function(LOADER_dlclose);
    if (real == NULL) {
        return -1;
    }
    forked_look();
    opens_close();
    int result = real(handle);
    opens_close_end();
    return result;
}

/* --- through a loader stub: everything goes on to the C library behind it */

void *loader_dlopen_elsewhere(struct loader_call *call, const void *caller)
{
    void *real = linkage_loader(stub_take())[LOADER_dlopen];
    (void)caller;
    before_open(call->arg[0], flags_of(call->arg[1]));
    return real;
}

void *loader_dlmopen_elsewhere(struct loader_call *call, const void *caller)
{
    void *real = linkage_loader(stub_take())[LOADER_dlmopen];
    (void)caller;
    before_open(call->arg[1], flags_of(call->arg[2]));
    if ((Lmid_t)call->arg[0] == LM_ID_NEWLM && !lists_namespaces()) {
        slot_report_unseen("something");
    }
    return real;
}
