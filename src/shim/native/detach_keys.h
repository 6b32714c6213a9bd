// The keys that end an attachment while the container goes on. Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

namespace ocirt::shim::native {

class DetachKeys {
   public:
    static constexpr const char* usual = "ctrl-p,ctrl-q";

    // As docker and podman write them, separated by commas: a single character, "ctrl-X" with X one of a-z @ [ \ ] ^ _,
    // or "DEL". "" is no keys at all. Errors: Fault::invalid_argument.
    [[nodiscard]] static Result<DetachKeys> parse(std::string_view text);

    struct Typed {
        std::string passed{};  // what of it, and of what was held, is the container's
        bool detached = false;
    };
    // What may be the beginning of the keys is held until it is none. What follows the keys is dropped.
    [[nodiscard]] Typed take(std::string_view typed);
    // Nothing more is typed: what is held is the container's.
    [[nodiscard]] std::string take_held();

   private:
    explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

    std::string keys_;
    std::string held_;
};

}  // namespace ocirt::shim::native
