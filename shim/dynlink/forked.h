/* forked: the child of a fork, where other threads of the parent were at work on loaded objects. */
#ifndef PGSEAL_FORKED_H
#define PGSEAL_FORKED_H

/* Has children of this process do without the lock that glibc does not release in them, if another thread
 * of the parent may have held it. Done once; later calls do nothing. Keeps errno. */
void forked_watch(void);

#endif
