// What containerd says when it starts a shim, and what it wants to hear: three dialects. Pure.
//
//   1.6         options on stdin; the address alone
//   1.7 to 2.2  the same, with MAX_SHIM_VERSION in the environment; JSON
//   2.3         BootstrapParams on stdin; BootstrapResult
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"
#include "shim/containerd/flags.h"

namespace ocirt::shim {

enum class Dialect : std::uint8_t { address, json, message };

struct Bootstrap {
    Dialect dialect = Dialect::address;
    int version = 2;             // of the task service: 2 or 3
    std::string ttrpc_address;   // of containerd: "/run/containerd/containerd.sock.ttrpc"
    std::string options_type{};  // of the runtime's options; "" where there are none
    std::string options{};
    std::string socket_directory = "/run/containerd/s";
    bool debug = false;
};

// As containerd's environment has it.
struct BootstrapEnvironment {
    std::string ttrpc_address;
    std::string max_version;  // "" is 1.6
};

// `input` is what was read from stdin. Errors: Fault::invalid_argument.
[[nodiscard]] Result<Bootstrap> parse_bootstrap(std::string_view input, const Flags& flags,
                                                const BootstrapEnvironment& environment);

// What `start` prints. `address`: "unix:///run/containerd/s/…".
[[nodiscard]] std::string bootstrap_answer(const Bootstrap& bootstrap, const std::string& address);

}  // namespace ocirt::shim
