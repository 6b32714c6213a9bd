#include "runtime/lifecycle/passed_fds.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "common/number.h"

namespace ocirt::lifecycle {
namespace {

constexpr std::uint32_t first_passed = 3;
constexpr std::uint32_t listen_limit = 1u << 16;

std::uint32_t number_of(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return 0;
    std::uint32_t number = 0;
    return read_number(text, number) ? number : 0;
}

}  // namespace

std::uint32_t inherited_fds() {
    static const std::uint32_t count = [] {
        std::uint32_t open = 0;
        while (::fcntl(static_cast<int>(first_passed + open), F_GETFD) >= 0) ++open;
        return open;
    }();
    return count;
}

plan::PassedFds find_passed_fds(std::uint32_t preserve) {
    plan::PassedFds passed{.preserve = preserve};
    if (number_of("LISTEN_PID") != static_cast<std::uint32_t>(::getpid())) return passed;
    passed.listen = std::min(number_of("LISTEN_FDS"), listen_limit);
    if (const char* names = std::getenv("LISTEN_FDNAMES")) passed.listen_names = names;
    return passed;
}

Result<> check_passed_fds(const plan::PassedFds& passed) {
    const std::uint32_t open = inherited_fds();
    if (passed.count() <= open) return {};
    Error error = fail_errno(EBADF, "fcntl", "pass on the descriptor", std::to_string(first_passed + open)).error();
    error.fault = Fault::invalid_argument;
    error.hint = open < passed.listen ? "LISTEN_FDS=" + std::to_string(passed.listen) + " says that it is open"
                                      : "--preserve-fds " + std::to_string(passed.preserve) + " asks for descriptors " +
                                            std::to_string(first_passed + passed.listen) + " to " +
                                            std::to_string(first_passed + passed.count() - 1) + " to be open";
    return fail(std::move(error));
}

}  // namespace ocirt::lifecycle
