/* forked: the child of a fork whose parent had other threads in the dynamic linker. */
#ifndef PGSEAL_FORKED_H
#define PGSEAL_FORKED_H

/* Notes the process into which the object was loaded: it has no parent's locks. For the
 * constructor. Keeps errno. */
void forked_load(void);

/* Call this before reading the list of loaded objects. In the child of a fork, the first call
 * checks whether another thread of the parent may have held a lock that glibc does not release in
 * the child; then objects are listed without it (objects_forked). A second thread waits for the
 * first. Keeps errno; not async-signal-safe. */
void forked_look(void);

#endif
