#include "common/signals.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <vector>

namespace ocirt {
namespace {

struct NamedSignal {
    std::string_view name;
    int number;
};

// The first name of a number is the one that signal_name answers.
constexpr std::array named_signals = std::to_array<NamedSignal>({
    {"HUP", SIGHUP},         {"INT", SIGINT},         {"QUIT", SIGQUIT}, {"ILL", SIGILL},       {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},       {"IOT", SIGABRT},        {"BUS", SIGBUS},   {"FPE", SIGFPE},       {"KILL", SIGKILL},
    {"USR1", SIGUSR1},       {"SEGV", SIGSEGV},       {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},
    {"TERM", SIGTERM},       {"STKFLT", SIGSTKFLT},   {"CHLD", SIGCHLD}, {"CLD", SIGCHLD},      {"CONT", SIGCONT},
    {"STOP", SIGSTOP},       {"TSTP", SIGTSTP},       {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},
    {"XCPU", SIGXCPU},       {"XFSZ", SIGXFSZ},       {"PROF", SIGPROF}, {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},           {"POLL", SIGIO},         {"PWR", SIGPWR},   {"SYS", SIGSYS},       {"UNUSED", SIGSYS},
    {"RTMIN", signal_rtmin}, {"RTMAX", signal_rtmax},
});

// Longer words are near to no signal; the search for the nearest one stays small.
constexpr std::size_t word_limit = 16;
constexpr std::size_t near_enough = 2;  // edits

// All of `text`, as a decimal number without a sign.
std::optional<int> parse_number(std::string_view text) {
    int number = 0;
    if (text.empty() || text.front() == '-') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string upper_case(std::string_view text) {
    std::string upper(text);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return upper;
}

std::optional<int> find_named(std::string_view word) {
    const auto found = std::ranges::find(named_signals, word, &NamedSignal::name);
    if (found == named_signals.end()) return std::nullopt;
    return found->number;
}

// "RTMIN+n" and "RTMAX-n".
std::optional<int> find_real_time(std::string_view word) {
    if (word.size() < 7) return std::nullopt;
    const std::string_view base = word.substr(0, 6);
    const std::optional<int> offset = parse_number(word.substr(6));
    if (!offset || *offset > signal_rtmax - signal_rtmin) return std::nullopt;
    if (base == "RTMIN+") return signal_rtmin + *offset;
    if (base == "RTMAX-") return signal_rtmax - *offset;
    return std::nullopt;
}

// Levenshtein's distance.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row[b.size()];
}

std::string nearest_hint(std::string_view word) {
    if (word.size() > word_limit) return {};
    const NamedSignal* nearest = nullptr;
    std::size_t least = near_enough + 1;
    for (const NamedSignal& candidate : named_signals) {
        const std::size_t distance = edit_distance(word, candidate.name);
        if (distance >= least || distance >= candidate.name.size()) continue;
        least = distance;
        nearest = &candidate;
    }
    return nearest == nullptr ? std::string() : "did you mean SIG" + std::string(nearest->name) + "?";
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
    if (const std::optional<int> number = parse_number(text)) {
        if (*number <= signal_rtmax) return *number;
        return fail({.fault = Fault::invalid_argument,
                     .operation = "unknown signal",
                     .object = std::string(text),
                     .hint = "signals are 1 to 64"});
    }
    const std::string upper = upper_case(text.substr(0, word_limit + 1));
    std::string_view word = upper;
    if (word.starts_with("SIG")) word.remove_prefix(3);
    if (const std::optional<int> number = find_named(word)) return *number;
    if (const std::optional<int> number = find_real_time(word)) return *number;
    return fail({.fault = Fault::invalid_argument,
                 .operation = "unknown signal",
                 .object = std::string(text),
                 .hint = nearest_hint(word)});
}

std::string signal_name(int number) {
    const auto found = std::ranges::find(named_signals, number, &NamedSignal::number);
    if (found != named_signals.end()) return "SIG" + std::string(found->name);
    if (number <= signal_rtmin || number >= signal_rtmax) return std::to_string(number);
    constexpr int middle = (signal_rtmin + signal_rtmax) / 2;
    if (number <= middle) return "SIGRTMIN+" + std::to_string(number - signal_rtmin);
    return "SIGRTMAX-" + std::to_string(signal_rtmax - number);
}

}  // namespace ocirt
