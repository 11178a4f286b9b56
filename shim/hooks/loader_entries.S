/* loader_entries: the exported dlsym, dlvsym, dlopen and dlmopen, by hand: jumps, so that the real
 * function sees its caller's return address (by which it knows RUNPATH, $ORIGIN, RTLD_NEXT,
 * RTLD_DEFAULT and the namespace), whatever the compiler is told to optimise.
 *
 * dlsym and dlvsym look at the name first: unless something was opened just before, what does not
 * begin with PQ or dl jumps on at once. All else is put to a function of loader.h, which may
 * change the arguments and says where to jump, or what to return. The stack then holds a struct
 * loader_call: the result, and the four first arguments (loader.c asserts the layout). */

#if defined(__x86_64__)

.macro start name
    .p2align 4
    .type \name, @function
\name:
    .cfi_startproc
    endbr64
.endm

.macro finish name ask
    leaq \ask(%rip), %r11
    jmp loader_ask
    .cfi_endproc
    .size \name, . - \name
.endm

/* At once to the real function, unless the name may be one of ours. */
.macro by_name index
    cmpb $0, opens_pending(%rip)
    jne 1f
    testq %rsi, %rsi
    je 2f
    cmpb $'P', (%rsi)
    jne 3f
    cmpb $'Q', 1(%rsi)
    je 1f
3:
    cmpb $'d', (%rsi)
    jne 2f
    cmpb $'l', 1(%rsi)
    je 1f
2:
    movq real_functions + 8 * \index(%rip), %r11
    testq %r11, %r11
    je 1f
    jmpq *%r11
1:
.endm

    .text
    .p2align 4
    .type loader_ask, @function
loader_ask:
    .cfi_startproc
    pushq %rcx
    .cfi_adjust_cfa_offset 8
    pushq %rdx
    .cfi_adjust_cfa_offset 8
    pushq %rsi
    .cfi_adjust_cfa_offset 8
    pushq %rdi
    .cfi_adjust_cfa_offset 8
    pushq $0
    .cfi_adjust_cfa_offset 8
    movq %rsp, %rdi
    movq 40(%rsp), %rsi
    call *%r11
    popq %r10
    .cfi_adjust_cfa_offset -8
    popq %rdi
    .cfi_adjust_cfa_offset -8
    popq %rsi
    .cfi_adjust_cfa_offset -8
    popq %rdx
    .cfi_adjust_cfa_offset -8
    popq %rcx
    .cfi_adjust_cfa_offset -8
    testq %rax, %rax
    je 1f
    jmpq *%rax
1:
    movq %r10, %rax
    ret
    .cfi_endproc
    .size loader_ask, . - loader_ask

#elif defined(__aarch64__)

.macro start name
    .p2align 4
    .type \name, %function
\name:
    .cfi_startproc
    hint #34 /* bti c */
.endm

.macro finish name ask
    adrp x16, \ask
    add x16, x16, :lo12:\ask
    b loader_ask
    .cfi_endproc
    .size \name, . - \name
.endm

.macro by_name index
    adrp x16, opens_pending
    ldrb w16, [x16, :lo12:opens_pending]
    cbnz w16, 1f
    cbz x1, 2f
    ldrb w16, [x1]
    cmp w16, #'P'
    b.ne 3f
    ldrb w17, [x1, #1]
    cmp w17, #'Q'
    b.eq 1f
3:
    cmp w16, #'d'
    b.ne 2f
    ldrb w17, [x1, #1]
    cmp w17, #'l'
    b.eq 1f
2:
    adrp x16, real_functions + 8 * \index
    ldr x16, [x16, :lo12:real_functions + 8 * \index]
    cbz x16, 1f
    br x16
1:
.endm

    .text
    .p2align 4
    .type loader_ask, %function
loader_ask:
    .cfi_startproc
    stp x29, x30, [sp, #-64]!
    .cfi_def_cfa_offset 64
    .cfi_offset 29, -64
    .cfi_offset 30, -56
    mov x29, sp
    stp xzr, x0, [sp, #16]
    stp x1, x2, [sp, #32]
    str x3, [sp, #48]
    mov x1, x30
    add x0, sp, #16
    blr x16
    mov x16, x0
    ldp x17, x0, [sp, #16]
    ldp x1, x2, [sp, #32]
    ldr x3, [sp, #48]
    ldp x29, x30, [sp], #64
    .cfi_def_cfa_offset 0
    .cfi_restore 29
    .cfi_restore 30
    cbz x16, 1f
    br x16
1:
    mov x0, x17
    ret
    .cfi_endproc
    .size loader_ask, . - loader_ask

#else
#error "pgseal knows x86_64 and aarch64"
#endif

    .globl dlsym, dlvsym, dlopen, dlmopen
start dlsym
    by_name 0 /* LOADER_dlsym */
finish dlsym loader_dlsym
start dlvsym
    by_name 1 /* LOADER_dlvsym */
finish dlvsym loader_dlvsym
start dlopen
finish dlopen loader_dlopen
start dlmopen
finish dlmopen loader_dlmopen

/* The same for callers in other namespaces, who come through a stub. */
.macro elsewhere name
    .globl loader_\name\()_elsewhere_entry
    .hidden loader_\name\()_elsewhere_entry
start loader_\name\()_elsewhere_entry
finish loader_\name\()_elsewhere_entry loader_\name\()_elsewhere
.endm
elsewhere dlsym
elsewhere dlvsym
elsewhere dlopen
elsewhere dlmopen

    .section .note.GNU-stack, "", %progbits
