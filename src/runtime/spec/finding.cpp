#include "runtime/spec/finding.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace ocirt::spec {

namespace {

constexpr std::size_t longest_compared = 64;  // bytes; the spec's words are shorter
constexpr std::size_t longest_quoted = 80;    // bytes

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein's distance, case ignored.
std::size_t distance(std::string_view a, std::string_view b) {
    std::array<std::size_t, longest_compared + 1> row{};
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string render(const Finding& finding, std::string_view file_name) {
    std::string line(file_name);
    line += ':' + std::to_string(finding.line) + ':' + std::to_string(finding.column) + ": ";
    if (finding.severity == Severity::warning) line += "warning: ";
    if (!finding.pointer.empty()) line += finding.pointer + ": ";
    return line + finding.message;
}

Error to_error(const std::vector<Finding>& findings, std::string_view file_name) {
    const auto is_error = [](const Finding& finding) { return finding.severity == Severity::error; };
    const auto first = std::ranges::find_if(findings, is_error);
    Error error{.fault = Fault::invalid_config};
    if (first == findings.end()) return error;
    error.pointer = first->pointer;
    error.position = std::string(file_name) + ':' + std::to_string(first->line) + ':' + std::to_string(first->column);
    error.detail = first->message;
    if (const auto more = std::ranges::count_if(findings, is_error) - 1; more > 0)
        error.hint = "and " + std::to_string(more) + " more: `ocirt validate` lists all";
    return error;
}

void Findings::add(Severity severity, std::string pointer, std::string message) {
    if ((severity == Severity::error ? errors_ : warnings_) >= limit) return;
    const JsonPosition at = document_.position(std::string_view(pointer));
    add(at, severity, std::move(pointer), std::move(message));
}

void Findings::add_at(std::size_t offset, Severity severity, std::string pointer, std::string message) {
    if ((severity == Severity::error ? errors_ : warnings_) >= limit) return;
    add(document_.position(offset), severity, std::move(pointer), std::move(message));
}

void Findings::add(JsonPosition at, Severity severity, std::string pointer, std::string message) {
    ++(severity == Severity::error ? errors_ : warnings_);
    findings_.push_back({std::move(pointer), at.line, at.column, severity, std::move(message)});
}

bool Findings::has_error(std::string_view pointer) const {
    const auto is_within = [](std::string_view inner, std::string_view outer) {
        return !outer.empty() && inner.starts_with(outer) &&
               (inner.size() == outer.size() || inner[outer.size()] == '/');
    };
    return std::ranges::any_of(findings_, [&](const Finding& finding) {
        return finding.severity == Severity::error &&
               (is_within(finding.pointer, pointer) || is_within(pointer, finding.pointer));
    });
}

std::vector<Finding> Findings::take() {
    std::ranges::sort(findings_, {}, [](const Finding& f) { return std::tie(f.line, f.column, f.pointer, f.message); });
    return std::exchange(findings_, {});
}

std::string quoted(std::string_view value) {
    constexpr std::string_view digits = "0123456789abcdef";
    const bool cut = value.size() > longest_quoted;
    if (cut) {
        std::size_t end = longest_quoted;
        while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;  // whole characters only
        value = value.substr(0, end);
    }
    std::string text = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') text += '\\';
        if (byte < 0x20 || byte == 0x7f)
            text += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        else
            text += c;
    }
    return text + (cut ? "…\"" : "\"");
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.size() > longest_compared) return {};
    std::string_view best;
    // At most so many changes; of a very short word they would leave nothing.
    std::size_t best_distance = word.size() < 3 ? 0 : word.size() < 4 ? 1 : 2;
    for (const std::string_view candidate : candidates) {
        const std::size_t gap = std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size());
        if (gap > best_distance || candidate.size() > longest_compared) continue;
        const std::size_t found = distance(word, candidate);
        if (found < best_distance || (found == best_distance && best.empty())) {
            best = candidate;
            best_distance = found;
        }
    }
    return best;
}

}  // namespace ocirt::spec
