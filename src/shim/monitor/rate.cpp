#include "shim/monitor/rate.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>

namespace ocirt::shim::monitor {
namespace {

constexpr std::int64_t milliseconds_a_second = 1000;

std::optional<std::int64_t> parse_bytes(std::string_view text) {
    constexpr std::string_view units = "KMG";
    constexpr std::int64_t limit = std::numeric_limits<std::int64_t>::max() / milliseconds_a_second;
    std::int64_t bytes = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, bytes);
    if (error != std::errc{} || bytes <= 0 || end - stop > 1) return std::nullopt;
    const std::size_t unit = stop == end ? units.npos : units.find(*stop);
    if (stop != end && unit == units.npos) return std::nullopt;
    for (std::size_t i = 0; stop != end && i <= unit; ++i) {
        if (bytes > limit / 1024) return std::nullopt;
        bytes *= 1024;
    }
    return bytes <= limit ? std::optional(bytes) : std::nullopt;
}

std::optional<Rate> parse_rate(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view policy = text.substr(0, colon);
    Rate rate;
    if (policy == "block")
        rate.policy = RatePolicy::block;
    else if (policy == "drop")
        rate.policy = RatePolicy::drop;
    else if (policy != "none" || colon != text.npos)
        return std::nullopt;
    if (colon == text.npos) return rate;
    const std::optional<std::int64_t> bytes = parse_bytes(text.substr(colon + 1));
    if (!bytes) return std::nullopt;
    rate.bytes_per_second = *bytes;
    return rate;
}

}  // namespace

Result<Rates> parse_rates(const std::vector<std::string>& words) {
    Rates rates;
    for (const std::string_view word : words) {
        const bool output = word.starts_with("stdout=");
        const bool error = word.starts_with("stderr=");
        const std::optional<Rate> rate = parse_rate(output || error ? word.substr(word.find('=') + 1) : word);
        if (!rate)
            return fail({.fault = Fault::invalid_argument,
                         .operation = "read the command line",
                         .object = "--log-rate " + std::string(word),
                         .detail = "[stdout=|stderr=]block, drop or none is expected, and :BYTES a second behind "
                                   "block or drop",
                         .hint = "--log-rate block:1M"});
        if (!error) rates.output = *rate;
        if (!output) rates.error = *rate;
    }
    return rates;
}

std::chrono::milliseconds RateMeter::wait(Clock::time_point now) {
    if (rate_.bytes_per_second == 0) return {};
    if (filled_ == Clock::time_point{}) filled_ = now;
    // What comes in less than a millisecond is not lost: it is counted from the same time.
    const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - filled_);
    filled_ += passed;
    const std::int64_t counted = std::min<std::int64_t>(passed.count(), milliseconds_a_second);
    const std::int64_t gained = rate_.bytes_per_second * counted / milliseconds_a_second;
    level_ = std::min(level_ + gained, rate_.bytes_per_second);
    if (level_ > 0) return {};
    return std::chrono::milliseconds((-level_ + 1) * milliseconds_a_second / rate_.bytes_per_second + 1);
}

}  // namespace ocirt::shim::monitor
