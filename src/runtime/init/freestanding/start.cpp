// Where init begins and ends. argv[1] is the decimal number of the channel's descriptor.
#include "runtime/init/kernel.h"
#include "runtime/init/machine.h"

namespace ocirt::init {

namespace {

// Zeroed memory is a machine at its beginning (machine.h), and nothing destroys it.
alignas(Machine) constinit char storage[sizeof(Machine)]{};

int decimal(const char* digits) {
    int number = 0;
    for (; *digits >= '0' && *digits <= '9' && number < 1'000'000; ++digits) number = number * 10 + (*digits - '0');
    return *digits == 0 ? number : -1;
}

}  // namespace

}  // namespace ocirt::init

extern "C" [[noreturn]] void ocirt_init_start(const long* stack) {
    using namespace ocirt::init;
    const long argc = stack[0];
    const auto* argv = reinterpret_cast<const char* const*>(stack + 1);
    auto& machine = *reinterpret_cast<Machine*>(storage);
    int status = 1;
    if (argc == 2 && begin(machine, decimal(argv[1])).ok()) status = run(machine);
    // A seccomp filter may refuse to let init go.
    for (;;) {
        if (machine.unattended) __builtin_trap();
        static_cast<void>(sys::call(__NR_exit_group, status));
        __builtin_trap();
    }
}
