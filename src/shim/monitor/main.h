// `conmon` or `ocirt-conmon`: what Podman and CRI-O execute.
#pragma once

#include <string_view>

namespace ocirt::shim::monitor {

// Whether a program of this name (argv[0]) is the monitor. Here, so that a container's run reads no page of it.
[[nodiscard]] inline bool is_name_of_monitor(std::string_view name) {
    const std::string_view base = name.substr(name.rfind('/') + 1);
    return base == "conmon" || base == "ocirt-conmon";
}

// Returns the exit status: in the process that the manager waits for once the monitor has been made, in the monitor at
// its end.
[[nodiscard]] int main(int argc, char** argv);

}  // namespace ocirt::shim::monitor
