// --log-rate: how many bytes a second of a stream are logged, and what happens to the others.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/error.h"

namespace ocirt::shim::monitor {

enum class RatePolicy : std::uint8_t {
    none,   // everything is logged; what the disk does not take for a second is lost, and counted
    block,  // nothing is lost: the container waits
    drop,   // what is too much is lost, and counted in the log
};

struct Rate {
    RatePolicy policy = RatePolicy::none;
    std::int64_t bytes_per_second = 0;  // 0: no limit
};
struct Rates {
    Rate output{};
    Rate error{};
};

// Each word is "[stdout=|stderr=]POLICY[:BYTES]", BYTES with K, M or G (1024s); later ones win. Pure.
// Errors: Fault::invalid_argument.
[[nodiscard]] Result<Rates> parse_rates(const std::vector<std::string>& words);

// A bucket that holds one second's bytes.
class RateMeter {
   public:
    using Clock = std::chrono::steady_clock;

    explicit RateMeter(const Rate& rate) : rate_(rate), level_(rate.bytes_per_second) {}

    [[nodiscard]] RatePolicy policy() const { return rate_.policy; }
    // How long until something may be taken again; 0: now.
    [[nodiscard]] std::chrono::milliseconds wait(Clock::time_point now);
    void take(std::size_t bytes) { level_ -= static_cast<std::int64_t>(bytes); }

   private:
    Rate rate_;
    std::int64_t level_;
    Clock::time_point filled_{};
};

}  // namespace ocirt::shim::monitor
