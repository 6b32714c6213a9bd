#if defined(__aarch64__)

// The kernel enters with argc, argv and the environment on the stack.
    .text
    .globl _start
    .type _start, %function
_start:
    mov x29, #0
    mov x30, #0
    mov x0, sp
    bl ocirt_init_start
    brk #1
    .size _start, . - _start

// long ocirt_syscall(long number, long a, long b, long c, long d, long e, long f)
    .globl ocirt_syscall
    .type ocirt_syscall, %function
ocirt_syscall:
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc #0
    ret
    .size ocirt_syscall, . - ocirt_syscall

    .section .note.GNU-stack, "", %progbits
#endif
