/* stubs: the stubs for the slots of libpq's callers, a row for each libpq; and those for callers of
 * dlsym and dlopen in other namespaces, a row for each C library there. See linkage.h. */
#include "shim/hooks/stub.inc"

table hook_stubs
    .set row, 0
    .rept LINKED_LIBPQS + 1 /* the last row's refuse */
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
    .rept LINKED_SPACES
    .set row, row + 1
    stub loader_dlsym_elsewhere_entry
    stub loader_dlvsym_elsewhere_entry
    stub loader_dlopen_elsewhere_entry
    stub loader_dlmopen_elsewhere_entry
    .endr
finish_table loader_stubs
