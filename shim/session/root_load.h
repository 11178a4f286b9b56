/* root_load: libpq's root file, answered from what was judged. */
#ifndef PGSEAL_ROOT_LOAD_H
#define PGSEAL_ROOT_LOAD_H

/* Returns the result of libpq's look at path. If path is the root file that libpq was to find by
 * itself, and it is not there, the connection fails, and the reason becomes its message. Keeps
 * errno. */
int root_looked_for(const char *path, int result);

#endif
