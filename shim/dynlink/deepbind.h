/* deepbind: whether a file that is about to be opened RTLD_DEEPBIND would reach libpq past pgseal's
 * hooks. */
#ifndef PGSEAL_DEEPBIND_H
#define PGSEAL_DEEPBIND_H

#include <stdbool.h>

/* Reads the file that the dynamic linker would open for this name and caller, and those of its
 * NEEDED libraries that would come in with it; returns whether the file imports a function of libpq
 * or of the loader that pgseal hooks, or one of these libraries a function of libpq. Also true
 * where that cannot be told (a name with $LIB, a library that is not found): it must then be
 * treated as if it did. For a namespace where pgseal is loaded already, what is loaded too is left
 * out: its bindings are made. Nothing is loaded, nothing allocated but by mmap; keeps errno; less
 * than 2 KiB of stack. Rests on ld.so(8), ld.so.cache's format and ELF. */
bool deepbind_hides(const char *file, const void *caller, bool new_namespace);

#endif
