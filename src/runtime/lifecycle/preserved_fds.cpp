#include "runtime/lifecycle/preserved_fds.h"

#include <fcntl.h>

#include <string>

namespace ocirt::lifecycle {

Result<> check_preserved_fds(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
        const int number = static_cast<int>(3 + i);
        if (::fcntl(number, F_GETFD) >= 0) continue;
        Error error = fail_errno("fcntl", "preserve the descriptor", std::to_string(number)).error();
        error.fault = Fault::invalid_argument;
        error.hint = "--preserve-fds " + std::to_string(count) + " asks for descriptors 3 to " +
                     std::to_string(2 + count) + " to be open";
        return fail(std::move(error));
    }
    return {};
}

}  // namespace ocirt::lifecycle
