/* opens: which opens and closes of objects are under way, in all threads.
 *
 * A thread announces an open before it starts, since a new object is in the loader's list before
 * dlopen returns. So another thread that finds the object knows whether it may have been opened
 * with RTLD_DEEPBIND, and that its open may not be over.
 *
 * All functions keep errno, take no lock and allocate nothing. All but opens_hold and
 * opens_hold_end are async-signal-safe. */
#ifndef PGSEAL_OPENS_H
#define PGSEAL_OPENS_H

#include <stdbool.h>

/* Announces that this thread is about to open file (NULL: not known which), with RTLD_DEEPBIND if
 * deep is set. The next opens_end of this thread ends all its announcements. */
void opens_announce(const char *file, bool deep);

/* How an object was opened. */
enum depth {
    PLAIN,
    PROBABLY_PLAIN, /* nothing says otherwise */
    EITHER,         /* not known */
    DEEP /* with RTLD_DEEPBIND, or it was loaded by such an open: its local scope precedes the
               global one */
};

/* How a new object with this path came in, as far as the announcements tell. PLAIN if nothing can
 * have been opened with RTLD_DEEPBIND (opens_had_deep). DEEP if such an open is announced for a
 * file with the same last component, or if the name of such an open is not known. Else as the
 * object before it in the list, whose library it may be; but not PLAIN: a filter's library comes
 * before it. But if a plain open is announced for a file of this name: EITHER, or PROBABLY_PLAIN
 * if no object that was opened with the one before needs a file of this name (needed). */
enum depth opens_depth(const char *path, enum depth before, bool needed);

/* Whether both paths may have the same last component. */
bool opens_same_file(const char *a, const char *b);

/* Whether another thread has announced an open that is not over. */
bool opens_of_others(void);

/* Ends what this thread has announced. Does nothing between opens_call and opens_call_end: the C
 * library may call back (another preload's malloc calls dlsym) before the object is mapped. */
void opens_end(void);

/* Brackets for a call of this thread that opens something with RTLD_DEEPBIND or in another
 * namespace, and for the sweep after it. opens_call_returned comes between the two. opens_call_end
 * also ends what was announced. Calls may nest. */
void opens_call(void);
void opens_call_returned(void);
void opens_call_end(void);

/* Whether this thread is between opens_call and opens_call_returned. */
bool opens_inside(void);

/* Whether another thread is between opens_call and opens_call_end. */
bool opens_called_by_others(void);

/* Brackets for a dlclose. An object that is held (hold.h) would survive it, so opens_close waits
 * while another thread holds objects: about a tenth of a second at most. After one wait in vain, no
 * other close waits until these threads have let go. */
void opens_close(void);
void opens_close_end(void);

/* Brackets for holding an object. In the same way, opens_hold waits while another thread closes
 * objects. */
void opens_hold(void);
void opens_hold_end(void);

/* In the child of a fork: what other threads had announced becomes this thread's, and their other
 * calls are forgotten. Returns whether another thread was opening, closing or holding something. */
bool opens_forked(void);

/* Whether an open of any thread was announced and no sweep (sweep.h) has followed it. The hooks of
 * dlsym and dlerror read it. */
extern bool opens_pending;

/* Whether an open with RTLD_DEEPBIND, or in another namespace, was ever announced in this process:
 * then objects may have been opened with it unannounced. A variable, because a sanitizer calls
 * dlsym before any function that it has instrumented may run. */
extern bool opens_had_deep;

#endif
