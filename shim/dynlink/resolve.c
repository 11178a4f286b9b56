/* resolve: which libpq a call would have reached without pgseal.
 *
 * A call through a stub is bound to a libpq. A call by the exported name means the only libpq that
 * is loaded. If there are several, the call came from an object whose slot led here when it began,
 * or through a pointer that was taken from such a slot before it was rewritten. If all these
 * objects use the same libpq, the call means that one. Otherwise it is ambiguous. */
#include "shim/dynlink/resolve.h"

#include "lib/core/text/array.h"
#include "lib/core/text/strbuf.h"
#include "lib/elf/loaded.h"
#include "shim/dynlink/hold.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/linkage.h"
#include "shim/dynlink/reach.h"
#include "shim/dynlink/rewrite.h"
#include "shim/dynlink/sweep.h"

#include <errno.h>
#include <string.h>

/* The libpqs of our namespace: how many, the first, and their paths as text. */
struct survey {
    size_t n;
    size_t there; /* how many of these are still loaded */
    const ElfW(Dyn) * all[2 * LINKED_LIBPQS];
    struct object first;
    bool likely; /* first is what an ambiguous call most likely means */
    struct strbuf paths;
};

static bool note_libpq(struct known *k, void *data)
{
    struct survey *s = data;
    if (k->libpq && k->space == NULL && s->n < ARRAY_LEN(s->all)) {
        s->all[s->n++] = k->dyn;
    }
    return false;
}

static bool describe_libpq(const struct object *o, void *data)
{
    struct survey *s = data;
    char path[512];
    for (size_t i = 0; i < s->n; i++) {
        if (s->all[i] == o->dyn) {
            s->first = s->there == 0 ? *o : s->first;
            object_own_path(o, path, sizeof path);
            strbuf_add(&s->paths, s->there++ > 0 ? ", " : "");
            strbuf_add(&s->paths, path);
        }
    }
    return false;
}

static void survey(struct survey *s)
{
    known_each(note_libpq, s);
    objects_each(describe_libpq, s);
    s->n = s->there;
}

/* The objects that could have made a call by the exported name. */
struct candidates {
    const char *entry_point;
    const ElfW(Dyn) * caller; /* the object that the call returns into */
    unsigned known_so_far;    /* when the call came in */
    struct object self;       /* pgseal */
    struct known known;
    const struct object *walked;
    size_t n;
    struct {
        struct object object;
        unsigned row; /* of the stub to which its slot leads now; 0: it still leads here */
    } all[32];
};

static bool is_candidate(const struct import *import, void *data)
{
    struct candidates *c = data;
    void *holds = import_holds(import);
    unsigned row = linkage_row_of(holds);
    bool here = row == 0 && object_holds(&c->self, holds);
    bool rewritten = row != 0 && (!import->call || c->known.sweep == rewrite_last() ||
                                  c->caller == c->known.dyn);
    if (strcmp(import->name, c->entry_point) == 0 && (here || rewritten)) {
        if (c->n < ARRAY_LEN(c->all)) {
            c->all[c->n].object = *c->walked;
            c->all[c->n].row = row;
        }
        c->n++;
    }
    return false;
}

static bool find_candidates(const struct object *o, void *data)
{
    struct candidates *c = data;
    /* An object that was loaded after the call began cannot have made it. */
    if (known_find(o->dyn, &c->known) && !c->known.libpq && !object_is_self(o) &&
        (c->known.came <= c->known_so_far || o->dyn == c->caller)) {
        c->walked = o;
        object_each_import(o, is_candidate, c);
    }
    return false;
}

/* Sets *libpq to the one that all candidates use; false if they differ. */
static bool agree(const struct candidates *c, struct object *libpq)
{
    const void *all = NULL;
    for (size_t i = 0; i < c->n && i < ARRAY_LEN(c->all); i++) {
        const void *one = c->all[i].row != 0 ? linkage_bound(c->all[i].row) : NULL;
        if (one == NULL) {
            const struct object *o = &c->all[i].object;
            struct known known;
            void *handle = known_find(o->dyn, &known) ? hold(&known) : NULL;
            bool reached = reach_libpq(o, c->entry_point, libpq);
            hold_end(handle);
            if (!reached) {
                return false;
            }
            one = libpq->dyn;
        }
        if (all != NULL && all != one) {
            return false;
        }
        all = one;
    }
    return all != NULL && c->n <= ARRAY_LEN(c->all) && object_of(all, libpq) && libpq->dyn == all;
}

/* Sets s->first to the libpq that makes the refused PGconn: the caller's own, since the caller goes
 * on to use that one's functions; else the first that was loaded: while it was the only one,
 * pointers to the exported functions meant it. None (s->n is 0) if it is not known which is the
 * caller's own: another one's functions would crash on the PGconn. */
static void choose_refuser(struct survey *s, const struct object *caller, const char *entry_point)
{
    struct object own;
    struct known known;
    if (reach_libpq(caller, entry_point, &own)) {
        s->first = own;
    } else if (known_find(caller->dyn, &known) && known.depth == EITHER) {
        s->n = 0;
    }
}

static bool decide(struct call_site call_site, const char *entry_point, struct object *o,
                   struct survey *s, const char **reason)
{
    struct object caller;
    struct known known;
    if (s->n == 0) {
        *reason = "no libpq is loaded";
        return false;
    }
    if (s->n == 1) {
        *o = s->first;
        return true;
    }
    *reason = "several copies of libpq are loaded, and pgseal cannot determine which one this call "
              "is for: ";
    bool from_object = object_of(call_site.address, &caller) && !object_is_self(&caller);
    if (from_object && known_find(caller.dyn, &known) && known.libpq) { /* libpq calling itself */
        *o = caller;
        return true;
    }
    struct candidates c = {.entry_point = entry_point,
                           .caller = from_object ? caller.dyn : NULL,
                           .known_so_far = call_site.known_so_far};
    object_of(_DYNAMIC, &c.self);
    objects_each(find_candidates, &c);
    if (agree(&c, o)) {
        return true;
    }
    if (from_object) {
        choose_refuser(s, &caller, entry_point);
    }
    s->likely = true;
    return false;
}

static bool decide_bound(struct call_site call_site, const char *entry_point, struct object *o,
                         struct survey *s, const char **reason)
{
    const void *bound = call_site.bound;
    if (object_of(bound, o) && object_is_self(o)) {
        *reason = s->n > LINKED_LIBPQS
                      ? "more copies of libpq are loaded than pgseal can tell apart: "
                      : "pgseal does not know the libpq that this call reaches (it is older than "
                        "9.0, or just being unloaded), or cannot determine which one it is; "
                        "loaded: ";
        if (object_of(call_site.address, o) && !object_is_self(o)) {
            choose_refuser(s, o, entry_point);
        }
        return false;
    }
    if (object_of(bound, o) && o->dyn == bound && known_is_libpq(o)) {
        return true;
    }
    *reason = "the libpq that this call is bound to is no longer loaded; loaded: ";
    return false;
}

bool libpq_resolve(struct call_site call_site, const char *entry_point, struct libpq *pq,
                   bool *likely, char *reason, size_t size)
{
    int saved_errno = errno;
    char paths[REASON_MAX];
    struct survey s = {0};
    struct object o;
    const char *fault = "";
    const char *missing = NULL;
    struct strbuf t;
    strbuf_init(&s.paths, paths, sizeof paths);
    strbuf_init(&t, reason, size);
    sweep_before_call(call_site.bound != NULL);
    survey(&s);
    bool found = call_site.bound != NULL ? decide_bound(call_site, entry_point, &o, &s, &fault)
                                         : decide(call_site, entry_point, &o, &s, &fault);
    if (found) {
        missing = libpq_fill(pq, &o);
        strbuf_add(&t, missing != NULL ? pq->path : "");
        strbuf_add(&t, missing != NULL ? " does not define " : "");
        strbuf_add(&t, missing);
    } else {
        strbuf_add(&t, fault);
        strbuf_add(&t, paths);
        missing = s.n > 0 ? libpq_fill(pq, &s.first) : "any";
    }
    if (missing != NULL) {
        memset(pq, 0, sizeof *pq);
    }
    if (likely != NULL) {
        *likely = s.likely && missing == NULL;
    }
    errno = saved_errno;
    return found && missing == NULL;
}
