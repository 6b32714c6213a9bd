#if defined(__x86_64__)

// The kernel enters with argc, argv and the environment on the stack.
    .text
    .globl _start
    .type _start, @function
_start:
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call ocirt_init_start
    ud2
    .size _start, . - _start

// long ocirt_syscall(long number, long a, long b, long c, long d, long e, long f)
    .globl ocirt_syscall
    .type ocirt_syscall, @function
ocirt_syscall:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    ret
    .size ocirt_syscall, . - ocirt_syscall

    .section .note.GNU-stack, "", @progbits
#endif
