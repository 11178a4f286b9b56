/* forked: the child of a fork, where other threads of the parent were at work on loaded objects. */
#ifndef PGSEAL_FORKED_H
#define PGSEAL_FORKED_H

/* To be called before loaded objects are looked at. In the child of a fork, the first call has the
 * child do without the lock that glibc does not release there, if another thread of the parent may
 * have held it. Keeps errno. */
void forked_look(void);

#endif
