#include "runtime/cgroup/stats_text.h"

#include <algorithm>
#include <charconv>

#include "common/syscall.h"
#include "runtime/cgroup/control_file.h"

namespace ocirt::cgroup {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

// "avg10=0.05": the number behind `key` and its "=".
bool take_value(std::string_view word, std::string_view key, std::string_view& value) {
    if (!word.starts_with(key) || word.size() <= key.size() || word[key.size()] != '=') return false;
    value = word.substr(key.size() + 1);
    return true;
}

double parse_real(std::string_view text) {
    double number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Pressure::Line parse_pressure_line(const std::vector<std::string_view>& words) {
    Pressure::Line line;
    for (const std::string_view word : words) {
        std::string_view value;
        if (take_value(word, "avg10", value)) line.avg10 = parse_real(value);
        if (take_value(word, "avg60", value)) line.avg60 = parse_real(value);
        if (take_value(word, "avg300", value)) line.avg300 = parse_real(value);
        if (take_value(word, "total", value))
            line.total = std::chrono::microseconds(static_cast<std::int64_t>(parse_number(value).value_or(0)));
    }
    return line;
}

}  // namespace

std::uint64_t counter(const Counters& counters, std::string_view name) {
    for (const auto& [key, value] : counters)
        if (key == name) return value;
    return 0;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
    text = chomp(text);
    if (text == "max") return unlimited;
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::vector<std::string_view> split_words(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const auto start = std::ranges::find_if_not(line, is_space);
        line.remove_prefix(static_cast<std::size_t>(start - line.begin()));
        const auto size = static_cast<std::size_t>(std::ranges::find_if(line, is_space) - line.begin());
        if (size > 0) words.push_back(line.substr(0, size));
        line.remove_prefix(size);
    }
    return words;
}

Counters parse_counters(std::string_view text) {
    Counters counters;
    each_line(text, [&counters](std::string_view line) {
        const std::size_t space = line.rfind(' ');
        if (space == std::string_view::npos) return;
        if (const auto value = parse_number(line.substr(space + 1)))
            counters.emplace_back(line.substr(0, space), *value);
    });
    return counters;
}

std::vector<std::uint64_t> parse_numbers(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    for (const std::string_view word : split_words(text)) numbers.push_back(parse_number(word).value_or(0));
    return numbers;
}

std::vector<std::uint16_t> parse_number_list(std::string_view text) {
    std::vector<std::uint16_t> numbers;
    text = chomp(text);
    while (!text.empty()) {
        const std::string_view range = text.substr(0, text.find(','));
        text.remove_prefix(std::min(range.size() + 1, text.size()));
        const std::size_t dash = range.find('-');
        const auto first = parse_number(range.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : parse_number(range.substr(dash + 1));
        if (!first || !last || *last > 0xffff) continue;
        for (std::uint64_t number = *first; number <= *last; ++number)
            numbers.push_back(static_cast<std::uint16_t>(number));
    }
    return numbers;
}

Pressure parse_pressure(std::string_view text) {
    Pressure pressure;
    each_line(text, [&pressure](std::string_view line) {
        const auto words = split_words(line);
        if (words.empty()) return;
        if (words.front() == "some") pressure.some = parse_pressure_line(words);
        if (words.front() == "full") pressure.full = parse_pressure_line(words);
    });
    return pressure;
}

bool parse_device_number(std::string_view text, std::uint64_t& major, std::uint64_t& minor) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const auto first = parse_number(text.substr(0, colon));
    const auto second = parse_number(text.substr(colon + 1));
    if (!first || !second) return false;
    major = *first;
    minor = *second;
    return true;
}

std::vector<BlockIoEntry> parse_block_io(std::string_view text) {
    std::vector<BlockIoEntry> entries;
    each_line(text, [&entries](std::string_view line) {
        const auto words = split_words(line);
        BlockIoEntry entry;
        if (words.size() < 2 || words.size() > 3 || !parse_device_number(words[0], entry.major, entry.minor)) return;
        const auto value = parse_number(words.back());
        if (!value) return;
        entry.value = *value;
        if (words.size() == 3) entry.operation = words[1];
        entries.push_back(std::move(entry));
    });
    return entries;
}

std::vector<NumaCounter> parse_numa(std::string_view text) {
    std::vector<NumaCounter> counters;
    each_line(text, [&counters](std::string_view line) {
        const auto words = split_words(line);
        if (words.size() < 2) return;
        NumaCounter counter{.name = std::string(words[0].substr(0, words[0].find('='))), .nodes = {}};
        for (const std::string_view word : words) {
            const std::size_t equals = word.find('=');
            if (!word.starts_with('N') || equals == std::string_view::npos) continue;
            const auto node = parse_number(word.substr(1, equals - 1));
            const auto value = parse_number(word.substr(equals + 1));
            if (node && value) counter.nodes.emplace_back(static_cast<std::uint32_t>(*node), *value);
        }
        counters.push_back(std::move(counter));
    });
    return counters;
}

bool StatsDirectory::has(std::string_view controller) const {
    return std::ranges::find(place_.controllers, controller) != place_.controllers.end();
}

std::optional<std::string> StatsDirectory::text(const std::string& file) const {
    auto text = read_file(directory_, file);
    if (!text) return std::nullopt;
    return *std::move(text);
}

std::optional<std::uint64_t> StatsDirectory::number(const std::string& file) const {
    const auto content = text(file);
    return content ? parse_number(*content) : std::nullopt;
}

Counters StatsDirectory::counters(const std::string& file) const { return parse_counters(text(file).value_or("")); }

std::optional<Pressure> StatsDirectory::pressure(const std::string& file) const {
    const auto content = text(file);
    if (!content || content->empty()) return std::nullopt;
    return parse_pressure(*content);
}

std::vector<std::string> StatsDirectory::page_sizes(std::string_view suffix) const {
    constexpr std::string_view prefix = "hugetlb.";
    std::vector<std::string> sizes;
    const Result<std::vector<std::string>> names = sys::names_in(directory_);
    if (!names) return sizes;
    for (std::string_view name : *names) {
        if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
        name.remove_prefix(prefix.size());
        name.remove_suffix(std::min(suffix.size(), name.size()));
        if (!name.empty() && name.find('.') == std::string_view::npos) sizes.emplace_back(name);
    }
    return sizes;
}

}  // namespace ocirt::cgroup
