#include "shim/native/moment.h"

#include <ctime>
#include <limits>
#include <string>

#include "common/number.h"
#include "runtime/cli/quantity.h"

namespace ocirt::shim::native {
namespace {

constexpr std::int64_t nanoseconds = 1'000'000'000;
constexpr std::size_t fraction_digits = 9;
constexpr Moment first = std::numeric_limits<Moment>::min();
constexpr Moment last = std::numeric_limits<Moment>::max();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool take(std::string_view& text, char expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(1);
    return true;
}

// So many digits, and a number in these bounds.
bool take_number(std::string_view& text, std::size_t digits, int least, int most, int& number) {
    if (text.size() < digits) return false;
    number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (!is_digit(text[i])) return false;
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return number >= least && number <= most;
}

// ".5", in nanoseconds: what is finer is cut off. Nothing where there is none.
bool take_fraction(std::string_view& text, std::int64_t& fraction) {
    fraction = 0;
    if (!text.starts_with('.') && !text.starts_with(',')) return true;
    text.remove_prefix(1);
    std::size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits)
        if (digits < fraction_digits) fraction = fraction * 10 + (text[digits] - '0');
    for (std::size_t i = digits; i < fraction_digits; ++i) fraction *= 10;
    text.remove_prefix(digits);
    return digits > 0;
}

struct Calendar {
    int year = 0;
    int month = 1;
    int day = 1;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::int64_t fraction = 0;
};

bool take_date(std::string_view& text, Calendar& at) {
    return take_number(text, 4, 0, 9999, at.year) && take(text, '-') && take_number(text, 2, 1, 12, at.month) &&
           take(text, '-') && take_number(text, 2, 1, 31, at.day);
}

bool take_clock(std::string_view& text, Calendar& at) {
    return take_number(text, 2, 0, 23, at.hour) && take(text, ':') && take_number(text, 2, 0, 59, at.minute);
}

bool take_second(std::string_view& text, Calendar& at) {
    return take(text, ':') && take_number(text, 2, 0, 60, at.second) && take_fraction(text, at.fraction);
}

// In seconds east of Greenwich.
bool take_zone(std::string_view& text, int& offset) {
    offset = 0;
    if (take(text, 'Z') || take(text, 'z')) return true;
    const bool is_west = text.starts_with('-');
    int hours = 0;
    int minutes = 0;
    if (!is_west && !text.starts_with('+')) return false;
    text.remove_prefix(1);
    if (!take_number(text, 2, 0, 23, hours) || !take(text, ':') || !take_number(text, 2, 0, 59, minutes)) return false;
    offset = (hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
    return true;
}

// Days since 1970 in the Gregorian calendar, whose 400 years are counted from the first of a March.
std::int64_t days_of(const Calendar& at) {
    const std::int64_t year = at.month <= 2 ? at.year - 1 : at.year;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t day_of_year = (153 * (at.month + (at.month > 2 ? -3 : 9)) + 2) / 5 + at.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

Moment moment_of(std::int64_t seconds, std::int64_t fraction) {
    if (seconds <= first / nanoseconds) return first;
    if (seconds >= last / nanoseconds) return last;
    return seconds * nanoseconds + fraction;
}

Moment utc(const Calendar& at, int offset) {
    return moment_of(days_of(at) * 86400 + at.hour * 3600 + at.minute * 60 + at.second - offset, at.fraction);
}

Moment local(const Calendar& at) {
    std::tm calendar{};
    calendar.tm_year = at.year - 1900;
    calendar.tm_mon = at.month - 1;
    calendar.tm_mday = at.day;
    calendar.tm_hour = at.hour;
    calendar.tm_min = at.minute;
    calendar.tm_sec = at.second;
    calendar.tm_isdst = -1;
    return moment_of(std::mktime(&calendar), at.fraction);
}

std::optional<Moment> parse_date(std::string_view text) {
    Calendar at;
    int offset = 0;
    if (!take_date(text, at)) return std::nullopt;
    if (text.empty()) return local(at);
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    if (!take_clock(text, at)) return std::nullopt;
    if (text.starts_with(':') && !take_second(text, at)) return std::nullopt;
    if (text.empty()) return local(at);
    if (!take_zone(text, offset) || !text.empty()) return std::nullopt;
    return utc(at, offset);
}

std::optional<Moment> parse_seconds(std::string_view text) {
    const std::size_t digits = std::min(text.find('.'), text.size());
    std::int64_t seconds = 0;
    std::int64_t fraction = 0;
    if (!read_number(text.substr(0, digits), seconds) || seconds < 0) return std::nullopt;
    text.remove_prefix(digits);
    if (!take_fraction(text, fraction) || !text.empty()) return std::nullopt;
    return moment_of(seconds, fraction);
}

}  // namespace

std::optional<Moment> parse_rfc3339(std::string_view text) {
    Calendar at;
    int offset = 0;
    const bool is_one = take_date(text, at) && (take(text, 'T') || take(text, 't')) && take_clock(text, at) &&
                        take_second(text, at) && take_zone(text, offset) && text.empty();
    return is_one ? std::optional(utc(at, offset)) : std::nullopt;
}

Result<Moment> parse_moment(std::string_view text, Moment now) {
    if (const std::optional<Moment> seconds = parse_seconds(text)) return *seconds;
    if (const std::optional<Moment> date = parse_date(text)) return *date;
    if (const auto ago = cli::parse_duration(text)) return now - ago->count();
    return fail({.fault = Fault::invalid_argument,
                 .object = "\"" + std::string(text) + "\"",
                 .detail = "not a time",
                 .hint = "such as 2026-11-23T10:00:00Z, 2026-11-23, 1795439775, or 10m for ten minutes ago"});
}

}  // namespace ocirt::shim::native
