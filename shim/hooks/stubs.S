/* stubs: what a rewritten slot points to. A stub says which row of its table the slot belongs to, by a
 * thread-local number that the function takes first of all, and jumps on with the arguments as they
 * are: so the return address is its caller's, and the number of arguments does not matter.
 *
 * One block of stubs for each row, each stub STUB_SIZE bytes long, so that no table of addresses is
 * to be relocated when a process starts. */
#define STUB_SIZE 32

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

    .text
    .p2align 5
    .globl libpq_stubs
    .hidden libpq_stubs
    .type libpq_stubs, %function
libpq_stubs:
    .set row, 0
    .rept 16 /* LINKED_LIBPQS */
    .set row, row + 1
#define LIBPQ_SLOT(name, need, result, parameters, arguments) stub landing_##name;
#include "shim/dynlink/libpq_slots.def"
#undef LIBPQ_SLOT
    .endr
    .p2align 5
    .globl libpq_stubs_end
    .hidden libpq_stubs_end
libpq_stubs_end:
    .size libpq_stubs, . - libpq_stubs
    .section .note.GNU-stack, "", %progbits
