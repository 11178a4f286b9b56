/* root_load: libpq's root file, answered from what was judged. */
#ifndef PGSEAL_ROOT_LOAD_H
#define PGSEAL_ROOT_LOAD_H

/* Returns the result of libpq's look at path. If it is not a root file that libpq was to find by
 * itself, the connection that ends thereby gets the reason as its message. Keeps errno. */
int root_looked_for(const char *path, int result);

#endif
