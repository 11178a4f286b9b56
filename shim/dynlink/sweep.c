/* sweep: decides when to read what was loaded, and whose slots to rewrite. */
#include "shim/dynlink/sweep.h"

#include "shim/dynlink/forked.h"
#include "shim/dynlink/known.h"
#include "shim/dynlink/opens.h"
#include "shim/dynlink/rewrite.h"

#include <errno.h>

static bool opened;    /* something was opened in this process, or is about to be */
static uint64_t swept; /* objects_state() before the last sweep; 0: sweep anew */

/* What a sweep is for. */
enum occasion {
    OPENING,    /* something was opened, or is about to be */
    NAMED_CALL, /* a call by an exported name: which libpq is it for? */
    BOUND_CALL, /* a call through a slot that was rewritten */
    OCCASIONS
};
/* objects_state() when the last call of this kind left the work to the next sweep. */
static uint64_t left[OCCASIONS];

struct census {
    bool others;  /* another thread is inside opening something hidden */
    bool opening; /* another thread may be inside opening anything */
    size_t libpqs;
    bool hidden; /* an object that reaches libpq past the exported names was not read yet */
};

static bool take_one(struct known *k, void *data)
{
    struct census *c = data;
    bool elsewhere = k->space != NULL;
    c->libpqs += k->libpq && !elsewhere ? 1 : 0;
    /* What another thread opens is left to that thread. Its constructors may wait for this one. */
    bool others = k->depth >= EITHER || elsewhere ? c->others : c->opening;
    bool unread = (k->sweep == 0 && !others) || (k->open && !c->opening);
    c->hidden = c->hidden || ((k->depth != PLAIN || elsewhere) && unread);
    return false;
}

/* Whether this can be left to the next sweep. A sweep waits for other threads' constructors, and
 * one of these may wait for the thread that calls. */
static bool can_wait(enum occasion occasion, const struct census *c)
{
    return !c->hidden && (occasion == BOUND_CALL || (occasion == NAMED_CALL && c->libpqs <= 1));
}

static bool sweep_for(enum occasion occasion)
{
    bool rewritten = false;
    int saved_errno = errno;
    /* A call from inside this thread's own open, which is followed by a sweep: leave it to that. */
    if (opens_inside() && objects_changing()) {
        return false;
    }
    forked_look();
    uint64_t state = objects_state();
    if (state != __atomic_load_n(&swept, __ATOMIC_ACQUIRE) &&
        state != __atomic_load_n(&left[occasion], __ATOMIC_ACQUIRE)) {
        bool call = occasion != OPENING;
        struct census c = {.others = call && opens_called_by_others(),
                           .opening = call && opens_of_others()};
        bool whole = known_update();
        known_each(take_one, &c);
        /* In a process that opens nothing, a single libpq is called by the exported names. */
        bool everything = c.libpqs > (__atomic_load_n(&opened, __ATOMIC_ACQUIRE) ? 0 : 1);
        if (can_wait(occasion, &c)) {
            __atomic_store_n(&left[occasion], c.others ? 0 : state, __ATOMIC_RELEASE);
        } else if (((!everything && !c.hidden) || rewrite_all(everything, &rewritten)) && whole) {
            __atomic_store_n(&swept, state, __ATOMIC_RELEASE);
        }
    }
    opens_end();
    errno = saved_errno;
    return rewritten;
}

bool sweep(void)
{
    return sweep_for(OPENING);
}

void sweep_before_call(bool bound)
{
    sweep_for(bound ? BOUND_CALL : NAMED_CALL);
}

void sweep_before_open(const char *file, bool deep)
{
    if (!__atomic_exchange_n(&opened, true, __ATOMIC_ACQ_REL)) {
        __atomic_store_n(&swept, 0, __ATOMIC_RELEASE);
    }
    sweep();
    opens_announce(file, deep);
}
