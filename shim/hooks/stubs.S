/* stubs: what a rewritten slot points to. A stub says which row of its table the slot is bound to, by a
 * thread-local number that the function takes first of all, and jumps on with the arguments as they
 * are: so the return address is its caller's, and the number of arguments does not matter.
 *
 * Rows and columns as in linkage.h, each stub STUB_SIZE bytes long, so that no table of addresses is to
 * be relocated when a process starts. */
#include "shim/hooks/stub_size.h"

#if defined(__x86_64__)
.macro stub name
    .p2align 5
    .cfi_startproc
    endbr64
    movq stub_row@gottpoff(%rip), %r11
    movl $row, %fs:(%r11)
    jmp \name
    .cfi_endproc
.endm
#elif defined(__aarch64__)
.macro stub name
    .p2align 5
    .cfi_startproc
    hint #34 /* bti c */
    mrs x16, tpidr_el0
    adrp x17, :gottprel:stub_row
    ldr x17, [x17, :gottprel_lo12:stub_row]
    mov w15, #row
    str w15, [x16, x17]
    b \name
    .cfi_endproc
.endm
#else
#error "pgseal knows x86_64 and aarch64"
#endif

.macro table name
    .p2align 5
    .globl \name
    .hidden \name
    .type \name, %function
\name:
.endm

    .text
table libpq_stubs
    .set row, 0
    .rept 17 /* LINKED_LIBPQS, and the row that stands for none */
    .set row, row + 1
#define HOOK(name, kind) HOOK_##kind(name)
#define HOOK_ENTRY(name) stub name;
#define HOOK_CONN(name) stub name;
#define HOOK_CANCEL(name) stub name;
#define HOOK_LOADER(name)
#define HOOK_NAME(name)
#include "shim/hooks.def"
#undef HOOK
#define LIBPQ_SLOT(name, need, result, parameters, arguments) stub landing_##name;
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    .endr
    .p2align 5
    .size libpq_stubs, . - libpq_stubs

table loader_stubs
    .set row, 0
    .rept 16 /* namespaces, as in linkage.c */
    .set row, row + 1
    stub loader_dlsym_elsewhere_entry
    stub loader_dlvsym_elsewhere_entry
    stub loader_dlopen_elsewhere_entry
    stub loader_dlmopen_elsewhere_entry
    .endr
    .p2align 5
    .size loader_stubs, . - loader_stubs

    .section .note.GNU-stack, "", %progbits
