// The command line of a containerd shim, in the syntax of Go's flag package: "-id x", "--id=x", "-debug",
// "-debug=false".
#pragma once

#include <span>
#include <string>

#include "common/error.h"

namespace ocirt::shim {

struct Flags {
    std::string namespace_name;
    std::string id;
    std::string address;  // of containerd's gRPC socket
    std::string publish_binary;
    std::string bundle;
    std::string socket;
    bool debug = false;
    bool version = false;
    bool info = false;
    std::string action;  // "start", "delete"; "" where there is none
};

// Without the program's name. Errors: Fault::invalid_argument, naming the word.
[[nodiscard]] Result<Flags> parse_flags(std::span<char* const> words);

}  // namespace ocirt::shim
