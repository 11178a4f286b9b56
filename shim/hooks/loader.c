/* loader: dlsym, dlvsym and dlerror.
 *
 * For a name in hooks.def, dlsym determines what it would have found without pgseal, and returns a
 * stub that is bound to that. pgseal's own symbols come first in the global scope, so that scope is
 * searched past them. If there is nothing else, the real dlsym must fail as it would have: it is
 * called for the name with a mark appended, and the dlerror hook removes the mark from the
 * message. */
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
    .written =
        {
            [LOADER_dlsym] = (void *)written_dlsym,
            [LOADER_dlvsym] = (void *)written_dlvsym,
            [LOADER_dlopen] = (void *)written_dlopen,
            [LOADER_dlmopen] = (void *)written_dlmopen,
        },
};

__attribute__((visibility("default"))) char *dlerror(void)
{
    char *text = real_dlerror();
    if (text != NULL && __atomic_load_n(&opens_pending, __ATOMIC_RELAXED)) {
        opens_end(); /* this thread's open has failed, or it has opened nothing */
    }
    for (size_t i = 0; text != NULL && strchr(text, '\001') != NULL && i < HOOKS; i++) {
        char *found = strstr(text, hooked[i].marked);
        if (found != NULL) { /* the text is the C library's own copy, good until its next error */
            char *mark = found + strlen(hooked[i].name);
            memmove(mark, mark + 1, strlen(mark));
        }
    }
    return text;
}

/* --- dlsym and dlvsym */

/* One look-up of a name in hooks.def. */
struct question {
    void *real; /* the real dlvsym if there is a version, else dlsym */
    void *handle;
    const char *name;
    const char *version;         /* NULL: none */
    const struct object *caller; /* NULL: not known */
    size_t hook;                 /* index in hooked[]; HOOKS: another name */
    bool ambiguous;              /* it is not known which of several libpqs the caller means */
};

static struct question question_of(const struct loader_call *call, bool versioned, void *real)
{
    struct question q = {.real = real,
                         .handle = call->arg[0],
                         .name = call->arg[1],
                         .version = versioned ? call->arg[2] : NULL};
    bool whole = real != NULL && q.name != NULL && (!versioned || q.version != NULL);
    q.hook = whole ? hooked_find(q.name) : HOOKS;
    return q;
}

/* Whether the handle is none of an object: the caller decides which objects are searched. */
static bool is_pseudo(const struct question *q)
{
    return q->handle == RTLD_DEFAULT || q->handle == RTLD_NEXT;
}

static void *ask(const struct question *q)
{
    typedef void *dlsym_fn(void *, const char *);
    typedef void *dlvsym_fn(void *, const char *, const char *);
    return q->version != NULL ? ((dlvsym_fn *)q->real)(q->handle, q->name, q->version)
                              : ((dlsym_fn *)q->real)(q->handle, q->name);
}

/* RTLD_DEFAULT without pgseal: the global scope, then the caller's local one; in the other order
 * for a caller that was opened with RTLD_DEEPBIND. The program has the global scope only. If
 * another preload before pgseal defines this name, the answer is what comes after pgseal, since no
 * stub can be bound to a preload's function. The first look-up also ends an earlier dlerror(), as
 * the caller's own would. */
static void *by_default(struct question *q)
{
    struct object o;
    void *fn = real_look_up(RTLD_DEFAULT, q->name, q->version);
    if (q->caller != NULL && q->caller->name[0] != '\0') {
        bool sure = true;
        fn = reach(q->caller, q->name, q->version, &sure);
        q->ambiguous = !sure;
    }
    if (!object_of(fn, &o) || !known_is_libpq(&o)) {
        void *next = real_look_up(RTLD_NEXT, q->name, q->version);
        fn = next != NULL ? next : fn;
    }
    return fn;
}

static bool is_after(const struct object *caller, void *fn)
{
    struct object o;
    return object_of(fn, &o) && object_before(caller, &o);
}

/* RTLD_NEXT without pgseal: what comes after the caller in the global scope, or in its local
 * one. */
static void *by_next(const struct question *q)
{
    void *fn = real_look_up(RTLD_NEXT, q->name, q->version);
    struct object self;
    if (q->caller == NULL || q->caller->name[0] == '\0' || !object_of(&stubs, &self) ||
        object_before(q->caller, &self)) {
        return fn;
    }
    if (!is_after(q->caller, fn)) {
        fn = reach(q->caller, q->name, q->version, NULL);
    }
    return is_after(q->caller, fn) ? fn : definition_after(q->caller, q->name);
}

/* A tracer behind pgseal defines some of libpq's functions: past it, there is the libpq that a call
 * of a linked program means. */
static void *past_tracers(void *fn, const char *name)
{
    struct object o;
    void *past = fn;
    while (object_of(past, &o) && !known_is_libpq(&o) && !known_is_old_libpq(&o)) {
        past = definition_after(&o, name);
    }
    return past != NULL ? past : fn;
}

/* Returns fn, a definition that the real look-up found, or a stub in its place: for one of libpq's
 * names always a stub. It refuses if fn is not libpq's, or no longer: another thread may just have
 * closed that libpq. */
static void *answer(struct loader_call *call, const struct question *q, void *fn)
{
    struct object o;
    void *stub = NULL;
    if (hooked[q->hook].column == NO_COLUMN) {
        stub = hooked_for_loader(q->hook, fn);
    } else {
        bool sure = !q->ambiguous && object_of(fn, &o) && known_is_libpq(&o);
        stub = linkage_stub(sure ? linkage_libpq(&o) : NULL, (size_t)hooked[q->hook].column);
    }
    call->result = stub != NULL ? stub : fn;
    hook_fired(q->version != NULL ? HOOK_dlvsym : HOOK_dlsym);
    return NULL;
}

/* One of libpq's names. The real look-up may find pgseal's own symbol first. */
static void *answer_libpq(struct loader_call *call, struct question *q)
{
    void *fn;
    if (q->handle == RTLD_DEFAULT) {
        fn = past_tracers(by_default(q), q->name);
    } else if (q->handle == RTLD_NEXT) {
        fn = past_tracers(by_next(q), q->name);
    } else {
        fn = ask(q);
        if (fn == NULL) {
            return NULL; /* and dlerror() is as the real one left it */
        }
        if (real_is_own(fn)) {
            fn = past_tracers(real_look_up(RTLD_NEXT, q->name, q->version), q->name);
        }
    }
    if (fn == NULL) {
        call->arg[1] = pointer((uintptr_t)hooked[q->hook].marked);
        return q->real;
    }
    return answer(call, q, fn);
}

/* A look-up that does not find pgseal's own symbols. */
static void *answer_plainly(struct loader_call *call, const struct question *q)
{
    void *fn = NULL;
    bool sure = true;
    if (!is_pseudo(q)) {
        fn = ask(q);
    } else if (q->caller != NULL) {
        fn = reach(q->caller, q->name, q->version, &sure);
    }
    if (fn == NULL) {
        struct known k;
        /* For a name of libpq's, the real one must not find now what reach() did not: another
         * thread may just have opened it. In another namespace, whose dlerror is no hook, the mark
         * would show: there only if reach() could not ask. */
        if (q->caller != NULL && hooked[q->hook].column != NO_COLUMN &&
            (!sure || (known_find(q->caller->dyn, &k) && k.space == NULL))) {
            call->arg[1] = pointer((uintptr_t)hooked[q->hook].marked);
        }
        return is_pseudo(q) ? q->real : NULL;
    }
    return answer(call, q, fn);
}

/* One of the loader's names. A caller that defines this name itself is another preload that looks
 * up the real function, and must get it. */
static void *answer_loader(struct loader_call *call, const struct question *q)
{
    struct known k;
    if (q->caller == NULL || object_symbol(q->caller, q->name) != NULL ||
        (is_pseudo(q) && (!known_find(q->caller->dyn, &k) || k.depth == PLAIN))) {
        return q->real;
    }
    return answer_plainly(call, q);
}

/* Whether this may be a call by another preload's dlopen or malloc, which looks up the real
 * function. It may come from inside an open, which is then not over. */
static bool is_of_wrapper(const struct question *q)
{
    return q->hook != HOOKS ? hooked[q->hook].column == NO_COLUMN : q->handle == RTLD_NEXT;
}

void *loader_dlsym(struct loader_call *call, const void *from, bool versioned)
{
    struct question q =
        question_of(call, versioned, real_function(versioned ? LOADER_dlvsym : LOADER_dlsym));
    bool of_libpq = q.hook != HOOKS && hooked[q.hook].column != NO_COLUMN;
    struct object caller;
    if (__atomic_load_n(&opens_pending, __ATOMIC_RELAXED) && !is_of_wrapper(&q)) {
        linkage_use(&stubs);
        sweep();
    }
    /* A sanitizer looks up the loader's functions before it can be called itself: until here, only
     * what sanitize.t leaves uninstrumented is called. */
    if (q.hook == HOOKS ||
        (!of_libpq && is_pseudo(&q) && !__atomic_load_n(&opens_had_deep, __ATOMIC_RELAXED))) {
        return q.real;
    }
    linkage_use(&stubs);
    forked_look();
    q.caller = object_of(from, &caller) ? &caller : NULL;
    return of_libpq ? answer_libpq(call, &q) : answer_loader(call, &q);
}

/* Through a loader stub: everything goes on to the C library behind it. */
void *loader_dlsym_elsewhere(struct loader_call *call, const void *from, bool versioned)
{
    void *real = linkage_loader(stub_take())[versioned ? LOADER_dlvsym : LOADER_dlsym];
    struct question q = question_of(call, versioned, real);
    struct object caller;
    if (__atomic_load_n(&opens_pending, __ATOMIC_RELAXED)) {
        sweep();
    }
    if (q.hook == HOOKS) {
        return real;
    }
    forked_look();
    q.caller = object_of(from, &caller) ? &caller : NULL;
    return answer_plainly(call, &q);
}
