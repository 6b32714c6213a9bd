// What of the caller's open descriptors the program gets.
#pragma once

#include <cstdint>
#include <string>

namespace ocirt::plan {

// Descriptors of the caller, after stdio, that the program gets: first those of sd_listen_fds(3), then as many as
// --preserve-fds says.
struct PassedFds {
    std::uint32_t listen = 0;
    std::uint32_t preserve = 0;
    std::string listen_names{};

    [[nodiscard]] std::uint32_t count() const { return listen + preserve; }
};

}  // namespace ocirt::plan
