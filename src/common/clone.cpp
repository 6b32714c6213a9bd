#include "common/clone.h"

#include <sys/syscall.h>

#include <cstdint>

namespace ocirt {

#if defined(__x86_64__)

OCIRT_ON_FOREIGN_STACK long clone_onto(ChildStack& stack, clone_args& arguments, void (*entry)(void*), void* argument) {
    arguments.stack = reinterpret_cast<std::uintptr_t>(stack.bytes.data());
    arguments.stack_size = stack.bytes.size();
    long result = SYS_clone3;
    // The child begins behind the system call with every register as it was, but for the result and its stack.
    asm volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %[argument], %%rdi\n\t"
        "call *%[entry]\n\t"
        "hlt\n"
        "1:"
        : "+a"(result)
        : "D"(&arguments), "S"(sizeof(arguments)), [entry] "r"(entry), [argument] "r"(argument)
        : "rcx", "r11", "memory");
    return result;
}

OCIRT_ON_FOREIGN_STACK long raw_syscall(long number, long a, long b, long c, long d, long e) {
    long result = number;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    asm volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

OCIRT_ON_FOREIGN_STACK long clone_onto(ChildStack& stack, clone_args& arguments, void (*entry)(void*), void* argument) {
    arguments.stack = reinterpret_cast<std::uintptr_t>(stack.bytes.data());
    arguments.stack_size = stack.bytes.size();
    register long x8 asm("x8") = SYS_clone3;
    register long x0 asm("x0") = reinterpret_cast<long>(&arguments);
    register long x1 asm("x1") = sizeof(arguments);
    asm volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, xzr\n\t"
        "mov x0, %[argument]\n\t"
        "blr %[entry]\n\t"
        "brk #0\n"
        "1:"
        : "+r"(x0)
        : "r"(x8), "r"(x1), [entry] "r"(entry), [argument] "r"(argument)
        : "x30", "memory");
    return x0;
}

OCIRT_ON_FOREIGN_STACK long raw_syscall(long number, long a, long b, long c, long d, long e) {
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    register long x4 asm("x4") = e;
    asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}

#else
#error "clone3 onto a stack is written for x86_64 and aarch64"
#endif

}  // namespace ocirt
