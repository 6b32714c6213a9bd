// The kernel, through one function. Every operation of init is written over sys::call, and nothing else reaches the
// kernel: the freestanding build ends in one instruction (freestanding/<machine>.S), the hosted one (tests, fuzzing:
// OCIRT_INIT_HOSTED) in a function that a test puts in place of the kernel.
#pragma once

#include <asm/unistd.h>
#include <stdint.h>

#include "runtime/plan/protocol.h"

namespace ocirt::init {

using plan::Detail;

// What a call gave: a value of 0 and above, or -errno with the call that gave it. Fits into two registers.
struct [[nodiscard]] Result {
    long value = 0;
    int32_t syscall = -1;  // the number of the call that failed; -1: init itself refuses
    Detail detail = Detail::none;

    [[nodiscard]] constexpr bool ok() const { return value >= 0; }
    [[nodiscard]] constexpr bool is(int errnum) const { return value == -errnum; }
    [[nodiscard]] constexpr int fd() const { return static_cast<int>(value); }
    // The same failure, with what init knows of it.
    [[nodiscard]] constexpr Result because(Detail why) const { return {value, syscall, why}; }
};

inline constexpr Result done{};
constexpr Result refuse(int errnum, Detail detail = Detail::none) { return {-errnum, -1, detail}; }

namespace sys {

#ifdef OCIRT_INIT_HOSTED
struct Arguments {
    long at[6];
};
using Kernel = long (*)(long number, const Arguments& arguments);
extern Kernel kernel;
#endif

Result invoke(long number, long a, long b, long c, long d, long e, long f);

template <class T>
constexpr long argument(T value) {
    return static_cast<long>(value);
}
template <class T>
long argument(T* pointer) {
    return reinterpret_cast<long>(pointer);
}
constexpr long argument(decltype(nullptr)) { return 0; }
// What mmap gave.
inline void* pointer(long address) { return reinterpret_cast<void*>(address); }

// The system call `number`; arguments that are left out are 0.
template <class... A>
Result call(long number, A... arguments) {
    static_assert(sizeof...(A) <= 6);
    long a[6] = {argument(arguments)...};
    return invoke(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace sys
}  // namespace ocirt::init
