#include "shim/native/detach_keys.h"

#include <optional>
#include <utility>

namespace ocirt::shim::native {
namespace {

constexpr char delete_key = 0x7f;

// The control characters are the letters' numbers without the upper bits, in both cases: ctrl-a is 1, ctrl-@ is 0.
std::optional<char> parse_key(std::string_view word) {
    constexpr std::string_view prefix = "ctrl-";
    if (word.size() == 1) return word.front();
    if (word == "DEL") return delete_key;
    if (!word.starts_with(prefix) || word.size() != prefix.size() + 1) return std::nullopt;
    const char key = word.back();
    const bool has_control = (key >= 'a' && key <= 'z') || std::string_view("@[\\]^_").contains(key);
    return has_control ? std::optional(static_cast<char>(key & 0x1f)) : std::nullopt;
}

}  // namespace

Result<DetachKeys> DetachKeys::parse(std::string_view text) {
    std::string keys;
    for (bool more = !text.empty(); more;) {
        const std::size_t comma = text.find(',');
        const std::string_view word = text.substr(0, comma);
        more = comma != text.npos;
        text.remove_prefix(more ? comma + 1 : text.size());
        const std::optional<char> key = parse_key(word);
        if (!key)
            return fail({.fault = Fault::invalid_argument,
                         .operation = "use --detach-keys",
                         .object = "\"" + std::string(word) + "\"",
                         .detail = "it is no key",
                         .hint = "characters and ctrl-X with X one of a-z @ [ \\ ] ^ _, separated by commas"});
        keys += *key;
    }
    return DetachKeys(std::move(keys));
}

DetachKeys::Typed DetachKeys::take(std::string_view typed) {
    if (keys_.empty()) return {.passed = std::string(typed)};
    Typed result;
    for (const char key : typed) {
        held_ += key;
        while (!keys_.starts_with(held_)) {
            result.passed += held_.front();
            held_.erase(0, 1);
        }
        result.detached = held_.size() == keys_.size();
        if (!result.detached) continue;
        held_.clear();
        break;
    }
    return result;
}

std::string DetachKeys::take_held() { return std::exchange(held_, {}); }

}  // namespace ocirt::shim::native
