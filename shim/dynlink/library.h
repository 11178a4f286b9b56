/* library: finds and reads ELF files that are not loaded yet, as the dynamic linker would. */
#ifndef PGSEAL_LIBRARY_H
#define PGSEAL_LIBRARY_H

#include "lib/elf/loaded.h"

#include <stdbool.h>
#include <stddef.h>

enum { LIBRARY_PATH_MAX = 512 };

/* An ELF file of this machine's kind, mapped for reading. */
struct library {
    const unsigned char *bytes;
    size_t size;
    const ElfW(Dyn) * dyn; /* dynamic entries, ndyn of them */
    size_t ndyn;
    const char *strings; /* the string table, NUL at its end */
    size_t nstrings;
};

/* Maps a file; false where it is none of this machine's shared objects, or damaged. Keeps errno. */
bool library_open(const char *path, struct library *lib);
void library_close(struct library *lib);

/* The string of a dynamic entry that holds one (DT_NEEDED, DT_RUNPATH…); "" where it is out of
 * bounds. */
const char *library_string(const struct library *lib, ElfW(Xword) offset);

/* The n-th entry with this tag as a string, or NULL. */
const char *library_entry(const struct library *lib, ElfW(Sxword) tag, size_t n);

/* Calls fn for the name of each undefined symbol that a relocation of the file binds, until it
 * returns true. */
bool library_each_import(const struct library *lib, bool (*fn)(const char *name, void *data),
                         void *data);

/* Where the dynamic linker finds a NEEDED or dlopen'ed name without a slash: the directories of
 * dirs (a RUNPATH or RPATH, NULL: none; $ORIGIN is origin), LD_LIBRARY_PATH, ld.so.cache, the
 * default directories. False: nowhere. Keeps errno. */
bool library_find(const char *name, const char *dirs, const char *call_site, char *path,
                  size_t size);

/* Writes text with $ORIGIN and ${ORIGIN} replaced; false where another token stands in it, or it
 * does not fit. */
bool library_expand(const char *text, size_t len, const char *call_site, char *out, size_t size);

#endif
