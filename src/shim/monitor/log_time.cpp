#include "shim/monitor/log_time.h"

#include <cstdint>
#include <ctime>

namespace ocirt::shim::monitor {
namespace {

// With leading zeros.
void put(char* place, std::size_t digits, std::int64_t number) {
    for (; digits > 0; number /= 10) place[--digits] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string_view LogTime::text(std::chrono::system_clock::time_point at) {
    constexpr std::size_t nanoseconds_at = 20;
    constexpr std::size_t offset_at = 29;
    const auto second = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
    if (second != second_) {
        second_ = second;
        const std::time_t seconds = second.count();
        std::tm calendar{};
        if (zone_ == Zone::utc)
            ::gmtime_r(&seconds, &calendar);
        else
            ::localtime_r(&seconds, &calendar);
        text_.fill('0');
        char* const text = text_.data();
        put(text, 4, calendar.tm_year + 1900);
        put(text + 5, 2, calendar.tm_mon + 1);
        put(text + 8, 2, calendar.tm_mday);
        put(text + 11, 2, calendar.tm_hour);
        put(text + 14, 2, calendar.tm_min);
        put(text + 17, 2, calendar.tm_sec);
        const long minutes = (calendar.tm_gmtoff < 0 ? -calendar.tm_gmtoff : calendar.tm_gmtoff) / 60;
        put(text + offset_at + 1, 2, minutes / 60);
        put(text + offset_at + 4, 2, minutes % 60);
        text[4] = text[7] = '-';
        text[10] = 'T';
        text[13] = text[16] = text[offset_at + 3] = ':';
        text[19] = '.';
        text[offset_at] = calendar.tm_gmtoff < 0 ? '-' : '+';
    }
    put(text_.data() + nanoseconds_at, 9, std::chrono::nanoseconds(at.time_since_epoch() - second).count());
    return {text_.data(), text_.size()};
}

}  // namespace ocirt::shim::monitor
