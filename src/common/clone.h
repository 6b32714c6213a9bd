// clone3(2) for a child that runs on in the parent's memory (CLONE_VM) until it executes something: no page table is
// copied and no page is copied after it, which is most of what fork costs. The C library has no wrapper for clone3,
// and clone(2) knows no CLONE_INTO_CGROUP.
#pragma once

#include <linux/sched.h>

#include <array>
#include <cstddef>

// For what runs on such a stack: a sanitizer would keep books of it in memory that is the parent's too.
#if defined(__clang__)
#define OCIRT_ON_FOREIGN_STACK __attribute__((no_sanitize("address", "undefined"), noinline))
#else
#define OCIRT_ON_FOREIGN_STACK __attribute__((noinline))
#endif

namespace ocirt {

// What the child runs on; it must live until the child has executed or ended.
struct alignas(16) ChildStack {
    std::array<std::byte, std::size_t{16} * 1024> bytes;
};

// The child calls `entry(argument)`, which must not return. While CLONE_VM is among the flags the parent runs at the
// same time in the same memory: `entry` may touch its argument and make system calls through raw_syscall, nothing
// else; errno is the parent's. Returns what the kernel gave: the child's pid or -errno. `arguments`' stack is set here.
long clone_onto(ChildStack& stack, clone_args& arguments, void (*entry)(void*), void* argument);

// The value or -errno; touches no errno.
long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0);

}  // namespace ocirt
