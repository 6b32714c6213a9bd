#include "runtime/cli/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace ocirt::cli {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

std::unexpected<Error> invalid(std::string_view text, std::string detail, std::string hint) {
    return fail({.fault = Fault::invalid_argument,
                 .object = "\"" + std::string(text) + "\"",
                 .detail = std::move(detail),
                 .hint = std::move(hint)});
}

// A decimal number at the front of `text`, without sign or exponent.
bool take_number(std::string_view& text, double& number) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
    const char* const begin = text.begin();
    const auto [end, fault] = std::from_chars(begin, begin + size, number, std::chars_format::fixed);
    if (size == 0 || fault != std::errc{} || end != begin + size) return false;
    text.remove_prefix(size);
    return true;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    static constexpr std::array<Unit, 8> units{
        {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"μs", 1e3}}};
    const auto refuse = [text] { return invalid(text, "not a duration", "such as 5s, 1m30s, 300ms"); };
    if (text == "0") return std::chrono::nanoseconds(0);
    std::string_view rest = text;
    double total = 0;
    do {
        double number = 0;
        if (!take_number(rest, number)) return refuse();
        const std::string_view name = rest.substr(0, rest.find_first_of("0123456789."));
        const Unit* unit = nullptr;
        for (const Unit& candidate : units)
            if (candidate.name == name) unit = &candidate;
        if (unit == nullptr) return refuse();
        total += number * unit->factor;
        rest.remove_prefix(name.size());
    } while (!rest.empty());
    if (total > 9.2e18) return refuse();
    return std::chrono::nanoseconds(static_cast<std::int64_t>(std::round(total)));
}

Result<std::chrono::nanoseconds> parse_interval(const std::string& text) {
    auto interval = parse_duration(text);
    if (interval && interval->count() > 0) return interval;
    Error error = interval ? Error{.fault = Fault::invalid_argument,
                                   .object = "\"" + text + "\"",
                                   .detail = "an interval must be greater than 0"}
                           : std::move(interval).error();
    error.operation = "use --interval";
    return fail(std::move(error));
}

Result<std::int64_t> parse_bytes(std::string_view text) {
    const auto refuse = [text] {
        return invalid(text, "not a size", "bytes, or with a unit: 512k, 10m, 1.5g; -1: no limit");
    };
    if (text == "-1") return -1;
    std::string_view rest = text;
    std::int64_t whole = 0;
    // Whole numbers of bytes exactly, whatever their size.
    if (const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), whole);
        fault == std::errc{} && end == text.data() + text.size() && whole >= 0)
        return whole;
    double number = 0;
    if (!take_number(rest, number)) return refuse();
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    double factor = 1;
    const std::size_t power =
        rest.empty() ? std::string_view::npos : std::string_view("kmgtp").find(lower(rest.front()));
    if (power != std::string_view::npos) {
        factor = std::pow(1024, static_cast<double>(power) + 1);
        rest.remove_prefix(1);
        if (!rest.empty() && lower(rest.front()) == 'i') rest.remove_prefix(1);
    }
    if (!rest.empty() && lower(rest.front()) == 'b') rest.remove_prefix(1);
    if (!rest.empty() || number * factor > 9.2e18) return refuse();
    return static_cast<std::int64_t>(number * factor);
}

}  // namespace ocirt::cli
