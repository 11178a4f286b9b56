/* root_load: libpq loads its root file; it gets the certificates that were judged. */
#ifndef PGSEAL_ROOT_LOAD_H
#define PGSEAL_ROOT_LOAD_H

/* Called with the result of libpq's stat of path; returns it. If path is the root file that libpq
 * looks for itself (sslrootcert = program), and it is missing, notes the reason, with which the
 * connection fails. Keeps errno. */
int root_looked_for(const char *path, int result);

#endif
