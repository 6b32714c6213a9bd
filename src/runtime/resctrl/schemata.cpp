#include "runtime/resctrl/schemata.h"

#include <charconv>
#include <map>
#include <utility>

#include "common/trimmed.h"

namespace ocirt::resctrl {
namespace {

// Takes what stands before `separator` off `rest`.
std::string_view take(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view word = rest.substr(0, end);
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
    return trimmed(word);
}

// A bit mask as the kernel writes it, without its zeros: "0x0FF" is "ff".
std::string plain_number(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
    std::string plain(text);
    for (char& c : plain)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return plain;
}

std::string rounded(const std::string& number, std::uint64_t step) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size() || step == 0 || value > UINT64_MAX - step)
        return number;
    return std::to_string((value + step - 1) / step * step);
}

// "L3:0" to "7f0", for every domain of the lines; a later one counts.
using Domains = std::map<std::string, std::string>;

void read_line(std::string_view line, std::uint64_t step, Domains& domains) {
    const std::string resource(take(line, ':'));
    while (!line.empty()) {
        std::string_view value = take(line, ';');
        const std::string id = plain_number(take(value, '='));
        if (id.empty()) continue;
        const std::string number = plain_number(trimmed(value));
        std::string domain = resource;
        domain.append(":").append(id);
        domains[std::move(domain)] = resource == "MB" ? rounded(number, step) : number;
    }
}

}  // namespace

std::string difference(const std::vector<std::string>& lines, std::string_view present, std::uint64_t bandwidth_step) {
    Domains wanted;
    Domains there;
    for (const std::string& line : lines) read_line(line, bandwidth_step, wanted);
    while (!present.empty()) read_line(take(present, '\n'), bandwidth_step, there);
    for (const auto& [domain, value] : wanted) {
        const auto found = there.find(domain);
        if (found == there.end()) return "it has no " + domain;
        if (found->second == value) continue;
        std::string text = domain;
        return text.append(" is ").append(found->second).append(", not ").append(value);
    }
    return {};
}

}  // namespace ocirt::resctrl
