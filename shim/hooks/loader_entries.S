/* loader_entries: the exported dlsym, dlvsym, dlopen and dlmopen.
 *
 * They are in assembler because they must jump to the real function: it uses the caller's return
 * address for RUNPATH, $ORIGIN, RTLD_NEXT, RTLD_DEFAULT and the namespace.
 *
 * Each first calls a function of loader.h, which may change the arguments and returns where to
 * jump, or NULL and a result. Its argument is a struct loader_call on the stack: the result and the
 * first four arguments (loader.c asserts the layout). */

#if defined(__x86_64__)

.macro entry name ask versioned=0
    .globl \name
    .p2align 4
    .type \name, @function
\name:
    .cfi_startproc
    endbr64
    leaq \ask(%rip), %r11
    movl $\versioned, %r10d
    jmp loader_ask
    .cfi_endproc
    .size \name, . - \name
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
    movl %r10d, %edx
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

.macro entry name ask versioned=0
    .globl \name
    .p2align 4
    .type \name, %function
\name:
    .cfi_startproc
    hint #34 /* bti c */
    adrp x16, \ask
    add x16, x16, :lo12:\ask
    mov w17, #\versioned
    b loader_ask
    .cfi_endproc
    .size \name, . - \name
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
    add x0, sp, #16
    mov x1, x30
    mov w2, w17
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

/* The exported function, and the same for slots that are rewritten (linkage.h). */
.macro exported name ask versioned=0
entry \name \ask \versioned
    .hidden written_\name
entry written_\name \ask \versioned
.endm
exported dlsym loader_dlsym
exported dlvsym loader_dlsym 1
exported dlopen loader_dlopen
exported dlmopen loader_dlmopen

/* The same for calls through a loader stub. */
.macro elsewhere name ask versioned=0
    .hidden loader_\name\()_elsewhere_entry
entry loader_\name\()_elsewhere_entry \ask \versioned
.endm
elsewhere dlsym loader_dlsym_elsewhere
elsewhere dlvsym loader_dlsym_elsewhere 1
elsewhere dlopen loader_dlopen_elsewhere
elsewhere dlmopen loader_dlmopen_elsewhere

    .section .note.GNU-stack, "", %progbits
