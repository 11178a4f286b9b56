/* loaded: reads the objects that are loaded, without asking the dynamic linker anything that could
 * fail. Whatever a malformed file says, nothing is read that the kernel does not call readable. */
#ifndef PGSEAL_LOADED_H
#define PGSEAL_LOADED_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One loaded object. Plain data that points into the dynamic linker's own: valid while the object
 * is loaded. */
struct object {
    uintptr_t base;             /* the load address, as link_map.l_addr */
    const ElfW(Dyn) * dyn;      /* its dynamic section: the object's identity */
    const char *name;           /* as link_map.l_name: "" is the main program */
    void *map;                  /* its link map, if known, else NULL */
    const ElfW(Phdr) * headers; /* NULL where they are not known */
    size_t nheaders;
    void *space; /* the first link map of its namespace, from objects_everywhere; NULL: ours */
};

/* Says which objects there are: as long as it stays the same, none came and none went, in any
 * namespace. Never 0. Keeps errno; takes the loader's lock. */
uint64_t objects_state(void);

/* For the child of a fork, before it looks at objects. busy: another thread of the parent may have
 * been just opening or closing objects, and so have held a lock of the dynamic linker's that
 * nothing releases here. Then, and where another thread was in a function of these, objects are
 * listed without that lock from now on. Async-signal-safe. */
void objects_forked(bool busy);

/* For the child of a fork: whether glibc's dynamic linker has a lock that is held. It is found as
 * what it is, a recursive mutex in that object's memory, wherever this version of it has one.
 * Async-signal-safe. */
bool loader_lock_held(void);

/* Whether a thread is just mapping or unmapping objects, in any namespace that the C library lists;
 * what comes after that in an open (relocations, constructors) does not count. Async-signal-safe.
 */
bool objects_changing(void);

/* False in a child that was forked while another thread was inside an open or a close, which never
 * ends here: the dynamic linker would abort at the next one. Async-signal-safe. */
bool objects_in_order(void);

/* The head of the list of link maps of our namespace, as a debugger finds it; NULL where the
 * program has none. Calls nothing that may be interposed. Async-signal-safe. */
const struct link_map *objects_first_map(void);

/* The object of a link map. Pure. */
struct object object_of_map(const struct link_map *map);

/* Whether the n bytes at address can be read, now, as the kernel says. Keeps errno;
 * async-signal-safe. */
bool object_readable(uintptr_t address, size_t n);

/* The entry of the object's dynamic section with this tag, or NULL. Pure. */
const ElfW(Dyn) * object_dynamic(const struct object *o, ElfW(Sxword) tag);

/* Calls fn for each object of the namespace of libpgseal.so, in the order in which they were loaded
 * (the vDSO and objects without a dynamic section left out), until fn returns true; returns whether
 * one did. fn must not load or unload objects. Keeps errno; takes the loader's lock; allocates
 * nothing. Rests on dl_iterate_phdr(3). */
bool objects_each(bool (*fn)(const struct object *o, void *data), void *data);

/* Likewise, with the objects of all namespaces, where the C library lists them (glibc 2.35) or they
 * were remembered; those of ours come last. */
bool objects_everywhere(bool (*fn)(const struct object *o, void *data), void *data);

/* Has objects_everywhere find the namespace of this object from now on, as long as the object is
 * loaded; false if no more can be remembered. For a C library that does not list them. */
bool objects_remember(const struct object *o);

/* Whether address is in a segment of o; false if o's headers are not known. Pure. */
bool object_holds(const struct object *o, const void *address);

/* Finds the object that holds address, in any namespace where the C library has dladdr1 (glibc),
 * else in ours. Returns false if none does. Keeps errno. Not async-signal-safe; not for a callback
 * of objects_each, for it may wait for a lock that comes before that one's. */
bool object_of(const void *address, struct object *o);

/* Whether o is libpgseal.so: the very object of this code, or another copy of it (by soname). Keeps
 * errno. */
bool object_is_self(const struct object *o);

/* The object's DT_SONAME, or "". Pure. */
const char *object_soname(const struct object *o);

/* The address of the function or variable that o itself defines under this name (its default or
 * base version, never a hidden one), or NULL. Reads o's GNU or SysV hash table; touches no other
 * object and no dlerror(). Pure. */
void *object_symbol(const struct object *o, const char *name);

/* Calls fn with the name and the address of each function and variable that o itself defines (as
 * object_symbol has it), until fn returns true; returns whether one did. Of a malformed table, some
 * may be missing, or none of the linker's may be at an address. Pure. */
bool object_each_symbol(const struct object *o,
                        bool (*fn)(const char *name, void *address, void *data), void *data);

/* A slot of an object into which the dynamic linker writes the address of a symbol by name. */
struct import {
    const char *name; /* at least IMPORT_NAME bytes of it can be read, or all */
    bool call;        /* of a JUMP_SLOT: only calls go through it, no pointer is taken from it */
    uint32_t symbol;  /* its index in the object's symbol table */
    void *slot; /* readable, aligned but in packed data and in code; while it is unbound (lazy)
                         it holds an address within the object */
};
enum { IMPORT_NAME = 48 };

/* What this slot holds. Pure. */
void *import_holds(const struct import *import);

/* Calls fn for each such slot of o (relocations JUMP_SLOT, GLOB_DAT and absolute with addend 0, in
 * DT_JMPREL and DT_RELA), until fn returns true; returns whether one did. Pure. */
bool object_each_import(const struct object *o, bool (*fn)(const struct import *import, void *data),
                        void *data);

/* Likewise, for each other relocation that uses a symbol by name (relative to the code, or with an
 * addend): an address of the symbol is in there, and cannot be replaced. */
bool object_each_odd_import(const struct object *o,
                            bool (*fn)(const struct import *import, void *data), void *data);

/* The version of this name that o wants for its symbol, or NULL: any. Pure. */
const char *object_import_version(const struct object *o, uint32_t symbol);

/* Waits until what other threads are just opening is there as a whole: each object that was listed
 * before is relocated. Keeps errno. */
void objects_settled(void);

/* Whether a was loaded before b (both of our namespace). Keeps errno. */
bool object_before(const struct object *a, const struct object *b);

/* The definition that comes next after libpgseal.so in load order (another preload's, or the C
 * library's), else that of any other object but pgseal's own; NULL if there is none. For functions
 * that libpgseal.so itself exports, and for such as must not appear among its versioned needs.
 * Keeps errno. */
void *next_definition(const char *name);

/* The C library's own definition of a function of its dynamic linker's (in libc or, of old, libdl),
 * past whatever is preloaded behind libpgseal.so; where no C library is known by its soname,
 * next_definition. Keeps errno. */
void *libc_definition(const char *name);

/* The definition of name in the first object loaded after o that has one, pgseal's own left out, or
 * NULL. Keeps errno. */
void *definition_after(const struct object *o, const char *name);

#endif
