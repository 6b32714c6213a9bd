#include "runtime/spec/number_list.h"

#include <charconv>
#include <optional>

#include "common/trimmed.h"
#include "runtime/spec/finding.h"

namespace ocirt::spec {
namespace {

// "7", "0-3" or "0-31:2/8": of every 8 numbers the first 2.
struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint32_t used = 1;
    std::uint32_t group = 1;
};

bool take(std::string_view& rest, char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
}

bool take(std::string_view& rest, std::uint32_t& number) {
    const std::string_view digits = rest.substr(0, rest.find_first_not_of("0123456789"));
    rest.remove_prefix(digits.size());
    return std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc{};
}

std::optional<Range> parse_range(std::string_view text) {
    Range range;
    if (!take(text, range.first)) return std::nullopt;
    range.last = range.first;
    if (take(text, '-')) {
        if (!take(text, range.last) || range.last < range.first) return std::nullopt;
        if (take(text, ':') && !(take(text, range.used) && take(text, '/') && take(text, range.group) &&
                                 range.used > 0 && range.used <= range.group))
            return std::nullopt;
    }
    if (!text.empty()) return std::nullopt;
    return range;
}

// Calls `visit` with each range and its text, until it answers false. The kernel takes empty ranges ("0-3,"), and so ""
// for none.
template <class Visit>
void each_range(std::string_view list, Visit visit) {
    for (bool more = true; more;) {
        const std::size_t comma = list.find(',');
        const std::string_view text = trimmed(list.substr(0, comma));
        if (!text.empty() && !visit(parse_range(text), text)) return;
        more = comma != list.npos;
        if (more) list.remove_prefix(comma + 1);
    }
}

}  // namespace

std::string number_list_fault(std::string_view list) {
    std::string fault;
    each_range(list, [&fault](const std::optional<Range>& range, std::string_view text) {
        if (!range) fault = quoted(text) + " is not a number or a range";
        return range.has_value();
    });
    return fault;
}

std::string number_list_fault(std::string_view list, std::uint32_t limit) {
    std::string fault = number_list_fault(list);
    if (!fault.empty()) return fault;
    each_range(list, [&](const std::optional<Range>& range, std::string_view) {
        if (range->last >= limit)
            fault =
                std::to_string(range->last) + " is above the last number of any kernel, " + std::to_string(limit - 1);
        return fault.empty();
    });
    return fault;
}

std::vector<std::uint64_t> number_mask(std::string_view list) {
    constexpr std::uint32_t word_bits = 64;
    std::vector<std::uint64_t> words;
    each_range(list, [&words](const std::optional<Range>& range, std::string_view) {
        if (words.size() <= range->last / word_bits) words.resize(range->last / word_bits + 1);
        for (std::uint32_t number = range->first; number <= range->last; ++number)
            if ((number - range->first) % range->group < range->used)
                words[number / word_bits] |= std::uint64_t{1} << number % word_bits;
        return true;
    });
    return words;
}

}  // namespace ocirt::spec
