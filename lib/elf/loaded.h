/* loaded: lists the loaded objects and reads their tables (symbols, relocations).
 *
 * No function calls dlsym, since a failing one allocates and changes dlerror(). An object's tables
 * may be malformed: memory is read only if the kernel says that it is readable. Nothing is
 * allocated. "Pure" functions keep errno, take no lock and are async-signal-safe, provided that the
 * object stays loaded. */
#ifndef PGSEAL_LOADED_H
#define PGSEAL_LOADED_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The pointer that this number is: ELF objects and the kernel give addresses as numbers. Pure. */
static inline void *pointer(uintptr_t address)
{
    return (void *)address; // NOLINT(performance-no-int-to-ptr)
}

/* One loaded object. Plain data, with pointers into the dynamic linker's memory: valid while the
 * object is loaded. */
struct object {
    uintptr_t base;             /* the load address, as link_map.l_addr */
    const ElfW(Dyn) * dyn;      /* its dynamic section: the object's identity */
    const char *name;           /* as link_map.l_name: "" is the main program */
    void *map;                  /* its link map; NULL if not known */
    const ElfW(Phdr) * headers; /* its program headers; NULL if not known */
    size_t nheaders;
    void *space; /* in another namespace, the first link map there; NULL in ours */
};

/* A number for the set of loaded objects, in all namespaces: while it stays the same, none came and
 * none went. If its low 32 bits stay the same, none went. Never 0. Keeps errno; takes the loader's
 * lock. */
uint64_t objects_state(void);

/* In the child of a fork, before it lists objects. busy says that another thread of the parent may
 * have held the lock of dl_iterate_phdr, which nothing releases in the child. Then, or if another
 * thread was inside a function of this file, objects are listed without that lock from now on.
 * Async-signal-safe. */
void objects_forked(bool busy);

/* In the child of a fork: whether a lock of glibc's dynamic linker is held. Every recursive mutex
 * in that object's writable memory is checked, since their place differs between versions.
 * Async-signal-safe. */
bool loader_lock_held(void);

/* Whether a thread is just mapping or unmapping objects, in our namespace or in one that the C
 * library lists. Later parts of an open (relocation, constructors) do not count. Pure. */
bool objects_changing(void);

/* Whether dlopen can be called. It cannot in a child that was forked while another thread mapped or
 * unmapped objects: that never ends here, and the dynamic linker would abort. Pure. */
bool objects_in_order(void);

/* The first link map of our namespace, found as a debugger finds it (DT_DEBUG); NULL if the program
 * has none. Calls nothing that may be interposed. Pure. */
const struct link_map *objects_first_map(void);

/* The object of a link map. Pure. */
struct object object_of_map(const struct link_map *map);

/* Whether the kernel can read the n bytes at address now. Pure. */
bool object_readable(uintptr_t address, size_t n);

/* The entry with this tag in the object's dynamic section, or NULL. Pure. */
const ElfW(Dyn) * object_dynamic(const struct object *o, ElfW(Sxword) tag);

/* Calls fn for each object of our namespace, in the order of loading, until fn returns true.
 * Returns whether one did. The vDSO and objects without a dynamic section are left out. Works by
 * dl_iterate_phdr(3), so fn runs under the loader's lock, and must not load or unload objects, nor
 * call a function that may take dlopen's lock. Keeps errno; not async-signal-safe. */
bool objects_each(bool (*fn)(const struct object *o, void *data), void *data);

/* The same for all namespaces that the C library lists (glibc 2.35 and later), or that
 * objects_remember was told of. The objects of our namespace come last. */
bool objects_everywhere(bool (*fn)(const struct object *o, void *data), void *data);

/* Makes objects_everywhere walk the namespace of this object while the object is loaded. For a C
 * library that does not list namespaces. Returns false if there is no room for it. Takes the
 * loader's lock. */
bool objects_remember(const struct object *o);

/* Whether address is in a segment of o. False if o's program headers are not known. Pure. */
bool object_holds(const struct object *o, const void *address);

/* Finds the object that contains address: in any namespace with glibc (dladdr1), else in ours.
 * Returns false if there is none. Keeps errno. May take dlopen's lock, so it is not
 * async-signal-safe, and not for a callback of objects_each. */
bool object_of(const void *address, struct object *o);

/* Whether o is libpgseal.so: the one that contains this code, or another copy (by its soname).
 * Pure. */
bool object_is_self(const struct object *o);

/* The object's DT_SONAME, or "". Pure. */
const char *object_soname(const struct object *o);

/* Calls fn with the name of each file that the dynamic linker loads with o, as o has it (DT_NEEDED,
 * DT_AUXILIARY, DT_FILTER), until fn returns true. Returns whether one did. Pure. */
bool object_each_needed(const struct object *o, bool (*fn)(const char *file, void *data),
                        void *data);

/* The address of the function or variable that o itself defines under this name, or NULL. Only the
 * default or base version counts, never a hidden one. Reads o's GNU or SysV hash table. Pure. */
void *object_symbol(const struct object *o, const char *name);

/* Calls fn with the name and address of each function and variable that o itself defines, as for
 * object_symbol, until fn returns true. Returns whether one did. If a table is malformed, symbols
 * may be missing or addresses wrong. Pure. */
bool object_each_symbol(const struct object *o,
                        bool (*fn)(const char *name, void *address, void *data), void *data);

/* A slot of an object: a word into which the dynamic linker writes the address of a named
 * symbol. */
struct import {
    const char *name; /* all of it, or at least IMPORT_NAME bytes, can be read */
    bool call;        /* JUMP_SLOT: only calls go through it, no pointer is taken from it */
    uint32_t symbol;  /* its index in the object's symbol table */
    void *slot; /* readable; may be unaligned in packed data and in code. Until the dynamic linker
                   has bound a lazy slot, it contains an address in the object itself */
};
enum { IMPORT_NAME = 48 };

/* The contents of this slot. Pure. */
void *import_holds(const struct import *import);

/* Calls fn for each slot of o (relocations JUMP_SLOT, GLOB_DAT and absolute with addend 0, in
 * DT_JMPREL and DT_RELA) until fn returns true. Returns whether one did. Pure. */
bool object_each_import(const struct object *o, bool (*fn)(const struct import *import, void *data),
                        void *data);

/* The same for each other relocation with a named symbol (relative to the code, or with an addend).
 * Such a word cannot be replaced. */
bool object_each_odd_import(const struct object *o,
                            bool (*fn)(const struct import *import, void *data), void *data);

/* The version that o requires of this symbol of its symbol table; NULL: any. Pure. */
const char *object_import_version(const struct object *o, uint32_t symbol);

/* Waits until opens of other threads are over: every object that was listed before is relocated.
 * Keeps errno. Takes dlopen's lock; not for a callback of objects_each. */
void objects_settled(void);

/* Whether a was loaded before b; both are of our namespace. Keeps errno; takes the loader's
 * lock. */
bool object_before(const struct object *a, const struct object *b);

/* The first definition of name after libpgseal.so in the order of loading (another preload's, or
 * the C library's); else that of any other object; NULL if there is none. For functions that
 * libpgseal.so itself exports, and for those that it must not import because their symbol version
 * is too new. Keeps errno; may take the loader's lock. */
void *next_definition(const char *name);

/* The C library's own definition of dlopen and its like (in libc.so.6, or libdl.so.2 before glibc
 * 2.34), past all preloads. next_definition if no such object is loaded (musl). Keeps errno; takes
 * the loader's lock. */
void *libc_definition(const char *name);

/* The first definition of name after o in the order of loading, pgseal's own left out, or NULL.
 * Keeps errno; takes the loader's lock. */
void *definition_after(const struct object *o, const char *name);

#endif
