// Times as protobuf has them.
#pragma once

#include <chrono>

#include "common.pb.h"

namespace ocirt::shim {

inline void set(wire::Timestamp& out, std::chrono::system_clock::time_point time) {
    const auto since = time.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    out.set_seconds(seconds.count());
    out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(since - seconds).count()));
}

}  // namespace ocirt::shim
