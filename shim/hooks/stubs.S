/* stubs: what the slots of libpq's callers are pointed to, a row for each libpq (linkage.h); and
 * those of the loader's callers in other namespaces, a row for each of their C libraries. */
#include "shim/hooks/stub.inc"

table hook_stubs
    .set row, 0
    .rept 17 /* LINKED_LIBPQS, and the row that stands for none */
    .set row, row + 1
#define HOOK(name, kind) HOOK_##kind(name)
#define HOOK_ENTRY(name) stub name;
#define HOOK_CONN(name) stub name;
#define HOOK_CANCEL(name) stub name;
#define HOOK_LOADER(name)
#include "shim/hooks.def"
#undef HOOK
    .endr
finish_table hook_stubs

table loader_stubs
    .set row, 0
    .rept 16 /* namespaces, as in linkage.c */
    .set row, row + 1
    stub loader_dlsym_elsewhere_entry
    stub loader_dlvsym_elsewhere_entry
    stub loader_dlopen_elsewhere_entry
    stub loader_dlmopen_elsewhere_entry
    .endr
finish_table loader_stubs
