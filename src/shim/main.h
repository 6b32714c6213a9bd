// `containerd-shim-ocirt-v2`: what containerd executes.
#pragma once

#include <string_view>

namespace ocirt::shim {

inline constexpr std::string_view program = "containerd-shim-ocirt-v2";

// Whether a program of this name (argv[0]) is the shim. Here, so that a container's run reads no page of the shim's.
[[nodiscard]] inline bool is_name_of_shim(std::string_view name) { return name.substr(name.rfind('/') + 1) == program; }

// Returns the exit status. `start` returns in the process that containerd waits for; the shim goes on in a child of it.
[[nodiscard]] int main(int argc, char** argv);

}  // namespace ocirt::shim
