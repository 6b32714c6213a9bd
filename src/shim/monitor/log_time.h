// Times of log lines: RFC 3339 with nine digits of a second.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

namespace ocirt::shim::monitor {

// "2026-11-23T13:16:15.000000001+01:00", always 35 characters. The calendar is looked up once a second.
class LogTime {
   public:
    enum class Zone : std::uint8_t { local, utc };
    explicit LogTime(Zone zone) : zone_(zone) {}

    // Until the next call.
    [[nodiscard]] std::string_view text(std::chrono::system_clock::time_point at);

   private:
    Zone zone_;
    std::chrono::seconds second_ = std::chrono::seconds::min();
    std::array<char, 35> text_{};
};

}  // namespace ocirt::shim::monitor
