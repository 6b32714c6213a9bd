// `containerd-shim-ocirt-v2`: what containerd executes.
#pragma once

#include <string_view>

namespace ocirt::shim {

// Whether a program of this name (argv[0]) is the shim.
[[nodiscard]] bool is_name_of_shim(std::string_view program);

// Returns the exit status. `start` returns in the process that containerd waits for; the shim goes on in a child of it.
[[nodiscard]] int main(int argc, char** argv);

}  // namespace ocirt::shim
