/* forked: the child of a fork whose parent had other threads in the dynamic linker. */
#ifndef PGSEAL_FORKED_H
#define PGSEAL_FORKED_H

/* Call this before reading the list of loaded objects. In the child of a fork, the first call
 * checks whether another thread of the parent may have held a lock that glibc does not release in
 * the child; then objects are listed without it (objects_forked). A second thread waits for the
 * first. Keeps errno; not async-signal-safe. */
void forked_look(void);

#endif
