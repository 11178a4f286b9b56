/* loader_entry: the exported dlsym, dlvsym, dlopen and dlmopen, by hand: jumps, so that the real
 * function sees its caller's return address (by which it knows RUNPATH, $ORIGIN, RTLD_NEXT,
 * RTLD_DEFAULT and the namespace), whatever the compiler is told to optimise.
 *
 * dlsym and dlvsym look at the name first: what does not begin with PQ jumps on at once. All else
 * is put to a function of loader.h, which may change the arguments and says where to jump, or what
 * to return. The stack then holds a struct loader_call: the result, and the four first arguments.
 */
#include "shim/hooks/loader.h"

#include "shim/dynlink/real.h"

#include <stddef.h>

_Static_assert(offsetof(struct loader_call, arg) == 8 && sizeof(struct loader_call) == 40,
               "as the assembly has it");

#if defined(__x86_64__)

#define ENTRY(name, body)                                                                          \
    ".globl " #name "\n.type " #name ", @function\n.p2align 4\n" #name                             \
    ":\n.cfi_startproc\nendbr64\n" body "1:\nleaq loader_" #name                                   \
    "(%rip), %r11\njmp loader_ask\n.cfi_endproc\n.size " #name ", . - " #name "\n"

#define BY_NAME(real)                                                                              \
    "testq %rsi, %rsi\nje 2f\ncmpb $'P', (%rsi)\njne 2f\ncmpb $'Q', 1(%rsi)\nje 1f\n"              \
    "2:\nmovq " real "(%rip), %r11\ntestq %r11, %r11\nje 1f\njmpq *%r11\n"

__asm__(".pushsection .text\n" ENTRY(dlsym, BY_NAME("real_dlsym_address"))
            ENTRY(dlvsym, BY_NAME("real_dlvsym_address")) ENTRY(dlopen, "")
                ENTRY(dlmopen, "") ".type loader_ask, @function\n"
                                   "loader_ask:\n"
                                   ".cfi_startproc\n"
                                   "pushq %rcx\n.cfi_adjust_cfa_offset 8\n"
                                   "pushq %rdx\n.cfi_adjust_cfa_offset 8\n"
                                   "pushq %rsi\n.cfi_adjust_cfa_offset 8\n"
                                   "pushq %rdi\n.cfi_adjust_cfa_offset 8\n"
                                   "pushq $0\n.cfi_adjust_cfa_offset 8\n"
                                   "movq %rsp, %rdi\n"
                                   "movq 40(%rsp), %rsi\n"
                                   "call *%r11\n"
                                   "popq %r10\n.cfi_adjust_cfa_offset -8\n"
                                   "popq %rdi\n.cfi_adjust_cfa_offset -8\n"
                                   "popq %rsi\n.cfi_adjust_cfa_offset -8\n"
                                   "popq %rdx\n.cfi_adjust_cfa_offset -8\n"
                                   "popq %rcx\n.cfi_adjust_cfa_offset -8\n"
                                   "testq %rax, %rax\n"
                                   "je 1f\n"
                                   "jmpq *%rax\n"
                                   "1:\n"
                                   "movq %r10, %rax\n"
                                   "ret\n"
                                   ".cfi_endproc\n"
                                   ".size loader_ask, . - loader_ask\n"
                                   ".popsection\n");

#elif defined(__aarch64__)

#define ENTRY(name, body)                                                                          \
    ".globl " #name "\n.type " #name ", %function\n.p2align 4\n" #name                             \
    ":\n.cfi_startproc\nhint #34\n" body "1:\nadrp x16, loader_" #name                             \
    "\nadd x16, x16, :lo12:loader_" #name "\nb loader_ask\n"                                       \
    ".cfi_endproc\n.size " #name ", . - " #name "\n"

#define BY_NAME(real)                                                                              \
    "cbz x1, 2f\nldrb w16, [x1]\ncmp w16, #'P'\nb.ne 2f\nldrb w16, [x1, #1]\ncmp w16, #'Q'\nb.eq " \
    "1f\n"                                                                                         \
    "2:\nadrp x16, " real "\nldr x16, [x16, :lo12:" real "]\ncbz x16, 1f\nbr x16\n"

__asm__(".pushsection .text\n" ENTRY(dlsym, BY_NAME("real_dlsym_address"))
            ENTRY(dlvsym, BY_NAME("real_dlvsym_address")) ENTRY(dlopen, "")
                ENTRY(dlmopen,
                      "") ".type loader_ask, %function\n"
                          "loader_ask:\n"
                          ".cfi_startproc\n"
                          "stp x29, x30, [sp, #-64]!\n"
                          ".cfi_def_cfa_offset 64\n.cfi_offset 29, -64\n.cfi_offset 30, -56\n"
                          "mov x29, sp\n"
                          "stp xzr, x0, [sp, #16]\n"
                          "stp x1, x2, [sp, #32]\n"
                          "str x3, [sp, #48]\n"
                          "mov x1, x30\n"
                          "add x0, sp, #16\n"
                          "blr x16\n"
                          "mov x16, x0\n"
                          "ldp x17, x0, [sp, #16]\n"
                          "ldp x1, x2, [sp, #32]\n"
                          "ldr x3, [sp, #48]\n"
                          "ldp x29, x30, [sp], #64\n"
                          ".cfi_def_cfa_offset 0\n.cfi_restore 29\n.cfi_restore 30\n"
                          "cbz x16, 1f\n"
                          "br x16\n"
                          "1:\n"
                          "mov x0, x17\n"
                          "ret\n"
                          ".cfi_endproc\n"
                          ".size loader_ask, . - loader_ask\n"
                          ".popsection\n");

#else
#error "pgseal knows x86_64 and aarch64"
#endif
