#include "runtime/init/sys.h"

#ifndef OCIRT_INIT_HOSTED
extern "C" long ocirt_syscall(long number, long a, long b, long c, long d, long e, long f);
#endif

namespace ocirt::init::sys {

#ifdef OCIRT_INIT_HOSTED
constinit Kernel kernel = nullptr;
#endif

Result invoke(long number, long a, long b, long c, long d, long e, long f) {
#ifdef OCIRT_INIT_HOSTED
    return {kernel(number, Arguments{{a, b, c, d, e, f}}), static_cast<int32_t>(number), Detail::none};
#else
    return {ocirt_syscall(number, a, b, c, d, e, f), static_cast<int32_t>(number), Detail::none};
#endif
}

}  // namespace ocirt::init::sys
